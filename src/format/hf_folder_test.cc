#include "format/hf_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "base/error.h"
#include "base/file.h"
#include "base/test_folder.h"
#include "format/safetensors_test_bytes.h"

namespace fullstop {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class HfFolderTest : public ::testing::Test {
 protected:
  void Write(const std::string& name, std::string_view content) const {
    const std::filesystem::path path = folder_ / name;
    std::filesystem::create_directories(path.parent_path());
    WriteFileAtomically(path, content);
  }
  HfFolder Open() const { return HfFolder::Open(folder_); }
  void WriteWeights() const {
    Write("model.safetensors",
          MakeSafetensors(
              R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})", 1));
  }
  template <typename Call>
  void ExpectError(Error::Kind kind, const std::string& text, Call call) const {
    try {
      call();
      FAIL() << "no error";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), kind) << error.what();
      EXPECT_THAT(error.what(), HasSubstr(text));
      EXPECT_THAT(error.file(), HasSubstr(folder_.string()));
      EXPECT_NE(error.advice(), "");
    }
  }
  void ExpectWeightsError(Error::Kind kind, const std::string& text) const {
    ExpectError(kind, text, [this] { Open().OpenWeights(); });
  }

  const TestFolder place_;
  const std::filesystem::path folder_ = place_.path();
};

TEST_F(HfFolderTest, FilesAreReadAndAbsentOnesAreNull) {
  Write("config.json", R"({"model_type":"llama"})");
  Write("generation_config.json", R"({"eos_token_id":[1,2]})");
  Write("added_tokens.json", R"({"<x>":7})");
  const HfFolder folder = Open();
  EXPECT_EQ(folder.config().at("model_type"), "llama");
  EXPECT_EQ(folder.generation_config().at("eos_token_id").size(), 2u);
  EXPECT_EQ(folder.added_tokens().at("<x>"), 7);
  EXPECT_TRUE(folder.tokenizer_config().is_null());
  EXPECT_TRUE(folder.special_tokens_map().is_null());
  EXPECT_TRUE(folder.chat_templates().empty());
  EXPECT_EQ(folder.Find("config.json"), folder_ / "config.json");
  EXPECT_EQ(folder.Find("merges.txt"), std::nullopt);
}

TEST_F(HfFolderTest, FilesMustHoldObjects) {
  Write("config.json", "[]");
  EXPECT_THROW(Open(), Error);
  Write("config.json", "{} {}");
  EXPECT_THROW(Open(), Error);
}

TEST_F(HfFolderTest, AnAdapterTakesOfItsBaseWhatItLacks) {
  Write("config.json", R"({"model_type":"llama"})");
  Write("generation_config.json", R"({"eos_token_id":1})");
  Write("tokenizer_config.json", R"({"chat_template":"base"})");
  Write("tokenizer.json", "{}");
  WriteWeights();
  Write("adapter/adapter_config.json", "{}");
  const std::string path = folder_ / "adapter";
  const HfFolder base = Open();

  const HfFolder bare = HfFolder::OpenAdapter(path, &base);
  EXPECT_EQ(bare.path(), path);
  EXPECT_EQ(bare.config().at("model_type"), "llama");
  EXPECT_EQ(bare.chat_templates().at(0).text, "base");
  EXPECT_THAT(bare.tokenizer_files(), ElementsAre("tokenizer.json"));
  EXPECT_EQ(bare.Find("tokenizer.json"), folder_ / "tokenizer.json");
  EXPECT_EQ(bare.OpenWeights().tensors().size(), 1u);

  // With a tokenizer of its own nothing of the base's is mixed into it.
  Write("adapter/tokenizer.json", "{}");
  Write("adapter/generation_config.json", R"({"eos_token_id":7})");
  const HfFolder own = HfFolder::OpenAdapter(path, &base);
  EXPECT_EQ(own.Find("tokenizer.json"), folder_ / "adapter/tokenizer.json");
  EXPECT_TRUE(own.tokenizer_config().is_null());
  EXPECT_TRUE(own.chat_templates().empty());
  EXPECT_EQ(own.generation_config().at("eos_token_id"), 7);
  EXPECT_EQ(own.config().at("model_type"), "llama");

  const HfFolder alone = HfFolder::OpenAdapter(path, nullptr);
  EXPECT_TRUE(alone.config().is_null());
  EXPECT_EQ(alone.Find("config.json"), std::nullopt);
}

TEST_F(HfFolderTest, TemplatesComeBestFirst) {
  Write("config.json", "{}");
  Write("chat_template.jinja", "from a file");
  Write("additional_chat_templates/tool_use.jinja", "tools");
  Write("additional_chat_templates/rag.jinja", "rag");
  Write("additional_chat_templates/README.md", "no template");
  Write("tokenizer_config.json", R"({"chat_template":"from the tokenizer"})");
  Write("chat_template.json", R"({"chat_template":"from the processor"})");
  const HfFolder folder = Open();
  std::string told;
  for (const HfFolder::ChatTemplate& each : folder.chat_templates()) {
    told += each.name + "=" + each.text + " (" + each.file + ")" +
            (each.overridden ? " overridden\n" : "\n");
  }
  EXPECT_EQ(told,
            "default=from a file (chat_template.jinja)\n"
            "rag=rag (additional_chat_templates/rag.jinja)\n"
            "tool_use=tools (additional_chat_templates/tool_use.jinja)\n"
            "default=from the tokenizer (tokenizer_config.json) overridden\n"
            "default=from the processor (chat_template.json) overridden\n");
}

TEST_F(HfFolderTest, TemplatesMayBeNamedInTheTokenizer) {
  Write("tokenizer_config.json",
        R"({"chat_template":[{"name":"default","template":"a"},)"
        R"({"name":"tool_use","template":"b"}]})");
  const HfFolder folder = Open();
  ASSERT_EQ(folder.chat_templates().size(), 2u);
  EXPECT_EQ(folder.chat_templates()[1].name, "tool_use");
  EXPECT_EQ(folder.chat_templates()[1].text, "b");
  EXPECT_FALSE(folder.chat_templates()[1].overridden);
  Write("tokenizer_config.json", R"({"chat_template":{"default":"a"}})");
  EXPECT_EQ(Open().chat_templates()[0].text, "a");
  Write("tokenizer_config.json", R"({"chat_template":null})");
  EXPECT_TRUE(Open().chat_templates().empty());
}

TEST_F(HfFolderTest, TemplatesOfAnotherKindAreRefused) {
  for (const char* value :
       {"7", "[7]", R"([{"name":"a"}])", R"([{"template":"a"}])",
        R"([{"name":"a","template":1}])", R"({"a":1})"}) {
    Write("tokenizer_config.json",
          R"({"chat_template":)" + std::string(value) + "}");
    EXPECT_THROW(Open(), Error) << value;
  }
}

TEST_F(HfFolderTest, TokenizerFilesAreListedBestFirst) {
  Write("config.json", "{}");
  for (const char* name :
       {"vocab.json", "tokenizer.model", "tekken.json", "qwen.tiktoken",
        "tokenizer.json", "tiktoken.model"}) {
    Write(name, "x");
  }
  EXPECT_THAT(Open().tokenizer_files(),
              ElementsAre("tokenizer.json", "tekken.json", "tokenizer.model",
                          "qwen.tiktoken", "tiktoken.model"));
  Write("merges.txt", "x");
  EXPECT_EQ(Open().tokenizer_files().back(), "vocab.json");
}

TEST_F(HfFolderTest, FoldersThatAreNoModelAreNamed) {
  EXPECT_THROW(HfFolder::Open(folder_ / "no"), Error);
  const auto expect = [this](Error::Kind kind, const std::string& text) {
    ExpectError(kind, text, [this] { Open(); });
  };
  expect(Error::Kind::kNotFound, "no config.json");
  Write("m.gguf", "x");
  expect(Error::Kind::kUnsupported, "/m.gguf");
  Write("params.json", "{}");
  expect(Error::Kind::kUnsupported, "makers' own layout");
  Write("tokenizer.json", "{}");
  Write("adapter_config.json", "{}");
  expect(Error::Kind::kUnsupported, "an adapter, not a model");
}

TEST_F(HfFolderTest, WeightsOpenOnDemand) {
  Write("config.json", "{}");
  ExpectWeightsError(Error::Kind::kNotFound, "no model.safetensors");
  WriteWeights();
  EXPECT_EQ(Open().OpenWeights().tensors().size(), 1u);
  std::filesystem::rename(folder_ / "model.safetensors",
                          folder_ / "model-1.safetensors");
  ExpectWeightsError(Error::Kind::kUnsupported, "fetch the index");
  Write("model.safetensors.index.json",
        R"({"weight_map":{"a":"model-1.safetensors"}})");
  EXPECT_EQ(Open().OpenWeights().paths().size(), 1u);
}

TEST_F(HfFolderTest, OtherWeightsAreNamed) {
  Write("config.json", "{}");
  Write("flax_model.msgpack", "x");
  ExpectWeightsError(Error::Kind::kUnsupported, "Flax");
  Write("pytorch_model.bin", "x");
  ExpectWeightsError(Error::Kind::kUnsupported,
                     "'pytorch_model.bin' is a pickle");
  Write("model.gguf", "x");
  ExpectWeightsError(Error::Kind::kUnsupported, "name that file itself");
  Write("consolidated.safetensors", "x");
  ExpectWeightsError(Error::Kind::kUnsupported, "makers' own names");
  Write("adapter_model.safetensors", "x");
  ExpectWeightsError(Error::Kind::kUnsupported, "an adapter");
}

TEST_F(HfFolderTest, PackingsAreReadOrNamed) {
  Write("config.json", "{}");
  WriteWeights();
  EXPECT_EQ(Open().packing(), HfFolder::Packing::kNone);
  Write("config.json", R"({"quantization_config":null})");
  EXPECT_EQ(Open().packing(), HfFolder::Packing::kNone);
  Write("config.json", R"({"quantization_config":{"quant_method":"fp8"}})");
  EXPECT_EQ(Open().packing(), HfFolder::Packing::kFp8);
  Write("config.json", R"({"quantization_config":{"quant_method":"mxfp4"}})");
  EXPECT_EQ(Open().packing(), HfFolder::Packing::kMxfp4);
  for (const char* method :
       {"gptq", "awq", "bitsandbytes", "compressed-tensors", "hqq"}) {
    Write("config.json", R"({"quantization_config":{"quant_method":")" +
                             std::string(method) + "\"}}");
    ExpectWeightsError(Error::Kind::kUnsupported,
                       "quantised with '" + std::string(method) + "'");
  }
  Write("config.json", R"({"quantization_config":{"bits":4}})");
  ExpectWeightsError(Error::Kind::kUnsupported, "an unnamed method");
  Write("config.json", "{}");
  Write("quantize_config.json", "{}");
  ExpectWeightsError(Error::Kind::kUnsupported, "'gptq'");
}

}  // namespace
}  // namespace fullstop
