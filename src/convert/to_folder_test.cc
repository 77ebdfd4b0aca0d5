#include "convert/to_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "base/error.h"
#include "base/test_folder.h"
#include "convert/folder_config.h"
#include "convert/folder_protocol.h"
#include "convert/tensor_stream.h"
#include "convert/tiny_folders.h"
#include "format/gguf_writer.h"
#include "format/safetensors_values.h"
#include "model/architectures.h"

namespace fullstop {
namespace {

using Json = nlohmann::ordered_json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// FILE without what was kept of the folder it came from, as other converters
// write it.
std::string WithoutKept(const std::string& path, const std::string& out) {
  const GgufFile file = GgufFile::Open(path);
  GgufWriter writer;
  for (const GgufEntry& entry : file.entries()) {
    if (entry.key == kConfigKey || entry.key == kTokenizerJsonKey) continue;
    writer.Add(entry.key, entry.value);
  }
  for (const GgufTensor& tensor : file.tensors()) {
    writer.AddTensor(tensor.name, tensor.type, tensor.shape, tensor.data);
  }
  writer.WriteFile(out);
  return out;
}

std::vector<float> Values(const SafetensorsTensor& tensor) {
  std::vector<float> values(tensor.data.size() /
                            SafetensorsBytes(tensor.type, {{1}}).value());
  SafetensorsToFloat(tensor.type, tensor.data.data(), values.data(),
                     values.size());
  return values;
}

void ExpectSameTensors(const std::string& a, const std::string& b) {
  const auto first = HfFolder::Open(a).OpenWeights();
  const auto second = HfFolder::Open(b).OpenWeights();
  EXPECT_EQ(first.tensors().size(), second.tensors().size());
  for (const SafetensorsTensor& tensor : first.tensors()) {
    const SafetensorsTensor* same = second.Find(tensor.name);
    ASSERT_NE(same, nullptr) << tensor.name;
    EXPECT_EQ(same->type, tensor.type) << tensor.name;
    EXPECT_EQ(same->shape, tensor.shape) << tensor.name;
    if (std::ranges::equal(same->data, tensor.data)) continue;
    // One was added to it and taken away again; or it is a logarithm.
    ASSERT_THAT(tensor.name,
                ::testing::AnyOf(HasSubstr("norm"), HasSubstr("A_log")));
    EXPECT_THAT(Values(*same), ::testing::Pointwise(::testing::FloatNear(3e-7),
                                                    Values(tensor)));
  }
}

std::vector<std::byte> Bytes(const ModelTensor& tensor) {
  std::vector<std::byte> bytes;
  StreamTensor(tensor, {tensor.type},
               [&bytes](std::span<const std::byte> part) {
                 bytes.insert(bytes.end(), part.begin(), part.end());
               });
  return bytes;
}

// Under GGUF's names: what transformers 5 saves in its own way comes back as
// the models' makers publish it.
void ExpectSameModel(const std::string& a, const std::string& b) {
  const ModelFile first = ReadModelFolder(HfFolder::Open(a));
  const ModelFile second = ReadModelFolder(HfFolder::Open(b));
  EXPECT_EQ(first.tensors().size(), second.tensors().size());
  for (const ModelTensor& tensor : first.tensors()) {
    const ModelTensor* same = second.FindTensor(tensor.name);
    ASSERT_NE(same, nullptr) << tensor.name;
    EXPECT_EQ(same->type, tensor.type) << tensor.name;
    EXPECT_EQ(same->shape, tensor.shape) << tensor.name;
    if (tensor.name.find("norm") != tensor.name.npos ||
        tensor.name.ends_with("ssm_a")) {
      continue;  // see ExpectSameTensors
    }
    EXPECT_EQ(Bytes(*same), Bytes(tensor)) << tensor.name;
  }
}

// Whether the folder that comes back has other tensors: its makers publish
// them under other names, or it had more than the model of text.
bool IsOnlyRead(const TinyModel& model) {
  for (const auto& tensor : model.tensors) {
    const std::string name = tensor[0];
    if (model.layout == "saved" &&
        (name.find(".experts.gate_up_proj") != name.npos ||
         name.find("language_model.") != name.npos)) {
      return model.name != "gpt_oss" && model.name != "llama4";
    }
    if (name.starts_with("language_model.") ||
        name.starts_with("model.language_model.") || name.starts_with("mtp.")) {
      return true;
    }
  }
  return false;
}

class ToFolderTest : public testing::TestWithParam<TinyModel> {
 protected:
  // The folder's GGUF.
  std::string Convert() {
    path_ = WriteTinyFolder(GetParam(), folder_.path());
    FolderToGguf(HfFolder::Open(path_), folder_.File("a.gguf"), OutType::kAuto,
                 nullptr);
    return folder_.File("a.gguf");
  }

  TestFolder folder_;
  std::string path_;
};

INSTANTIATE_TEST_SUITE_P(Models, ToFolderTest,
                         testing::ValuesIn(ReadTinyModels()),
                         [](const auto& model) {
                           return model.param.name + "_" + model.param.layout;
                         });

TEST_P(ToFolderTest, ThereAndBackIsTheSame) {
  const GgufFile file = GgufFile::Open(Convert());
  const ConvertResult result =
      GgufToFolder(file, folder_.File("back"), nullptr);
  EXPECT_EQ(result.written_hash, result.source_hash);
  EXPECT_TRUE(result.complete);
  EXPECT_THAT(result.remarks, ElementsAre());
  ExpectSameModel(path_, folder_.File("back"));
  if (!IsOnlyRead(GetParam())) ExpectSameTensors(path_, folder_.File("back"));
  const auto before = ReadFolderProtocol(HfFolder::Open(path_));
  const auto after = ReadFolderProtocol(HfFolder::Open(folder_.File("back")));
  EXPECT_EQ(before.protocol->hash(), after.protocol->hash());
  for (const char* text : {"the inner hen", "<|end|> an</s>  th"}) {
    EXPECT_EQ(MakeTokenizer(before.spec)->Encode(text),
              MakeTokenizer(after.spec)->Encode(text));
  }
}

class PlainFolderTest : public testing::Test {
 protected:
  PlainFolderTest() {
    for (const TinyModel& model : ReadTinyModels()) {
      if (model.name != "qwen3") continue;
      path_ = WriteTinyFolder(model, folder_.path());
      break;
    }
    FolderToGguf(HfFolder::Open(path_), folder_.File("a.gguf"), OutType::kAuto,
                 nullptr);
  }
  std::string Back() const { return folder_.File("back"); }

  // MODEL's folder, made of a file that another converter could have written,
  // with nothing lost.
  std::string ThroughAnotherConverter(const TinyModel& model) {
    const std::string path = WriteTinyFolder(model, folder_.path());
    FolderToGguf(HfFolder::Open(path), path + ".gguf", OutType::kAuto, nullptr);
    const GgufFile file =
        GgufFile::Open(WithoutKept(path + ".gguf", path + "-bare.gguf"));
    const std::string back = path + "-back";
    EXPECT_THAT(GgufToFolder(file, back, nullptr).remarks, ElementsAre())
        << model.name;
    ExpectSameTensors(path, back);
    return back;
  }

  TestFolder folder_;
  std::string path_;
};

TEST_F(PlainFolderTest, FileOfAnotherConverterBecomesAFolder) {
  const GgufFile file = GgufFile::Open(
      WithoutKept(folder_.File("a.gguf"), folder_.File("b.gguf")));
  const ConvertResult result = GgufToFolder(file, Back(), nullptr);
  EXPECT_EQ(result.written_hash, result.source_hash);
  EXPECT_THAT(result.remarks, ElementsAre());
  ExpectSameTensors(path_, Back());
  const HfFolder folder = HfFolder::Open(Back());
  EXPECT_EQ(folder.config().at("model_type"), "qwen3");
  EXPECT_EQ(folder.generation_config().at("eos_token_id"),
            nlohmann::ordered_json({2, 3}));
  EXPECT_EQ(folder.generation_config().at("temperature"), 0.7);
  const auto before = ReadFolderProtocol(HfFolder::Open(path_));
  const auto after = ReadFolderProtocol(folder);
  for (const char* text : {"the inner hen", "<|end|> an</s>  th"}) {
    EXPECT_EQ(MakeTokenizer(before.spec)->Encode(text),
              MakeTokenizer(after.spec)->Encode(text));
  }
}

TEST_F(PlainFolderTest, MixturesOfAnotherConverterBecomeFoldersToo) {
  for (const TinyModel& model : ReadTinyModels()) {
    if (model.layout != "published" ||
        (model.name != "mixtral" && model.name != "qwen2_moe" &&
         model.name != "qwen3_moe")) {
      continue;
    }
    const std::string back = ThroughAnotherConverter(model);
    EXPECT_EQ(HfFolder::Open(back).config().at("model_type"), model.name);
  }
}

TEST_F(PlainFolderTest, WhatTensorsShowIsSaidInTheConfiguration) {
  // The fixture, and what its configuration must say.
  const std::map<std::string, std::string> shown = {
      {"cohere_norms", R"({"use_qk_norm":true})"},
      {"llama_yarn", R"({"attention_bias":true})"},
      {"nemotron", R"({"norm_eps":0.002})"},
      {"stablelm", R"({"use_qkv_bias":true})"},
      {"stablelm_12b", R"({"qk_layernorm":true})"}};
  size_t seen = 0;
  for (TinyModel model : ReadTinyModels()) {
    if (!shown.contains(model.name)) continue;
    ++seen;
    if (model.name == "nemotron") model.config["norm_eps"] = 0.002;
    const std::string back = ThroughAnotherConverter(model);
    Json config = HfFolder::Open(back).config();
    const Json same = config;
    config.merge_patch(Json::parse(shown.at(model.name)));
    EXPECT_EQ(config, same) << model.name;
  }
  EXPECT_GE(seen, shown.size());
}

TEST_F(PlainFolderTest, LargeWeightsGoIntoSeveralFiles) {
  const GgufFile file = GgufFile::Open(folder_.File("a.gguf"));
  GgufToFolder(file, Back(), nullptr, 20000);
  EXPECT_FALSE(std::filesystem::exists(Back() + "/model.safetensors"));
  EXPECT_TRUE(
      std::filesystem::exists(Back() + "/model.safetensors.index.json"));
  EXPECT_GT(HfFolder::Open(Back()).OpenWeights().paths().size(), 1u);
  ExpectSameTensors(path_, Back());
}

TEST_F(PlainFolderTest, QuantisedFilesAreRefused) {
  FolderToGguf(HfFolder::Open(path_), folder_.File("q.gguf"), OutType::kQ8_0,
               nullptr);
  const GgufFile file = GgufFile::Open(folder_.File("q.gguf"));
  const size_t before = folder_.Count();
  try {
    GgufToFolder(file, Back(), nullptr);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), Error::Kind::kUnsupported);
    EXPECT_THAT(error.message(), HasSubstr("of type Q8_0"));
  }
  EXPECT_EQ(folder_.Count(), before);
}

TEST_F(PlainFolderTest, AFolderThatIsThereIsKept) {
  const GgufFile file = GgufFile::Open(folder_.File("a.gguf"));
  std::filesystem::create_directories(Back());
  WriteFileAtomically(Back() + "/mine", "text");
  EXPECT_THROW(GgufToFolder(file, Back(), nullptr), Error);
  EXPECT_EQ(ReadFile(Back() + "/mine"), "text");
  std::filesystem::remove(Back() + "/mine");
  GgufToFolder(file, Back(), nullptr);
  EXPECT_TRUE(std::filesystem::exists(Back() + "/config.json"));
}

TEST_F(PlainFolderTest, StoppingLeavesNothing) {
  const GgufFile file = GgufFile::Open(folder_.File("a.gguf"));
  const size_t before = folder_.Count();
  const ConvertResult result = GgufToFolder(
      file, Back(),
      [](uint64_t done, uint64_t total) { return done < total / 2; });
  EXPECT_TRUE(result.stopped);
  EXPECT_EQ(folder_.Count(), before);
}

TEST_F(PlainFolderTest, NamesOfTemplatesLeadNowhere) {
  const GgufFile good = GgufFile::Open(folder_.File("a.gguf"));
  GgufWriter writer;
  for (const GgufEntry& entry : good.entries()) {
    writer.Add(entry.key, entry.value);
  }
  const std::vector<std::string_view> names = {"../../evil", "tool_use"};
  writer.Add("tokenizer.chat_templates", {GgufArray(names)});
  for (const std::string_view name : names) {
    writer.Add("tokenizer.chat_template." + std::string(name),
               {std::string_view("x")});
  }
  for (const GgufTensor& tensor : good.tensors()) {
    writer.AddTensor(tensor.name, tensor.type, tensor.shape, tensor.data);
  }
  writer.WriteFile(folder_.File("evil.gguf"));
  const GgufFile file = GgufFile::Open(folder_.File("evil.gguf"));
  const ConvertResult result = GgufToFolder(file, Back(), nullptr);
  EXPECT_THAT(result.remarks, ::testing::Contains(HasSubstr("evil")));
  EXPECT_TRUE(std::filesystem::exists(
      Back() + "/additional_chat_templates/tool_use.jinja"));
}

}  // namespace
}  // namespace fullstop
