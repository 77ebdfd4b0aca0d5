#include "protocol/sources_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "base/file.h"
#include "base/test_folder.h"
#include "format/hf_folder.h"
#include "protocol/byte_model.h"
#include "protocol/render.h"

namespace fullstop {
namespace {

class SourcesFolderTest : public ::testing::Test {
 protected:
  SourcesFolderTest() { Write("config.json", "{}"); }

  void Write(const std::string& name, std::string_view content) const {
    WriteFileAtomically(folder_ / name, content);
  }
  // Over a vocabulary whose tokens from 256 on are <s>, </s>, <end>.
  ProtocolSources Read() const {
    return SourcesFromFolder(
        HfFolder::Open(folder_),
        ByteModel({"<s>", "</s>", "<end>"}).Sources().tokenizer);
  }
  static std::string Stops(const ProtocolSources& sources) {
    std::string told;
    for (const DeclaredStop& stop : sources.stops) {
      told += std::to_string(stop.id) +
              (stop.role ? " " + std::string(StopRoleName(*stop.role)) : "") +
              " " + stop.from.where + "\n";
    }
    return told;
  }

  const TestFolder place_;
  const std::filesystem::path folder_ = place_.path();
};

TEST_F(SourcesFolderTest, EndsOfAllFilesAreJoined) {
  Write("config.json",
        R"({"eos_token_id":257,"text_config":{"eos_token_id":[258,9999]}})");
  Write("generation_config.json",
        R"({"eos_token_id":[258,257],"suppress_tokens":[7]})");
  Write("tokenizer_config.json",
        R"({"eos_token":{"content":"</s>"},"eot_token":"<end>"})");
  Write("special_tokens_map.json", R"({"eos_token":"</s>"})");
  const ProtocolSources sources = Read();
  EXPECT_EQ(Stops(sources),
            "257 tokenizer_config.json: eos_token\n"
            "258 turn_end tokenizer_config.json: eot_token\n"
            "257 special_tokens_map.json: eos_token\n"
            "258 generation_config.json: eos_token_id\n"
            "257 generation_config.json: eos_token_id\n"
            "257 config.json: eos_token_id\n"
            "258 config.json: text_config: eos_token_id\n"
            "9999 config.json: text_config: eos_token_id\n");
  EXPECT_THAT(sources.suppressed, ::testing::ElementsAre(7));
}

TEST_F(SourcesFolderTest, NamesComeFromTheTokenizerFirst) {
  Write("config.json", R"({"bos_token_id":258,"eos_token_id":[257,258]})");
  Write("tokenizer_config.json",
        R"({"bos_token":"<s>","pad_token":null,"unk_token":"<none>",)"
        R"("add_bos_token":true})");
  const ProtocolSources sources = Read();
  std::string told;
  for (const DeclaredName& name : sources.named) {
    told += name.name + "=" + std::to_string(name.id) + " ";
  }
  EXPECT_EQ(told, "bos=256 eos=257 ");
  EXPECT_EQ(sources.add_bos, true);
  ASSERT_EQ(sources.findings.size(), 2u);
  EXPECT_EQ(sources.findings[0].evidence, "unk_token = <none>");
  EXPECT_EQ(sources.findings[1].message,
            "config.json: bos_token_id is 258, but tokenizer_config.json: "
            "bos_token names 256, which is used");
}

TEST_F(SourcesFolderTest, ExtraTokensHaveNamesAndMayBeEnds) {
  Write("tokenizer_config.json",
        R"({"extra_special_tokens":{"image_token":"<s>","eot_token":"<end>",)"
        R"("boi":{"content":"</s>"},"video_token":"<none>"}})");
  Write("special_tokens_map.json", R"({"extra_special_tokens":["</s>"]})");
  const ProtocolSources sources = Read();
  EXPECT_EQ(Stops(sources),
            "258 turn_end tokenizer_config.json: "
            "extra_special_tokens.eot_token\n");
  std::string told;
  for (const DeclaredName& name : sources.named) {
    told += name.name + "=" + std::to_string(name.id) + " ";
  }
  EXPECT_EQ(told, "image=256 eot=258 ");
  told.clear();
  for (const DeclaredToken& token : sources.tokens) {
    told += std::to_string(token.id) + " " + token.from.where + "\n";
  }
  EXPECT_EQ(told,
            "256 tokenizer_config.json: extra_special_tokens.image_token\n"
            "258 tokenizer_config.json: extra_special_tokens.eot_token\n"
            "257 tokenizer_config.json: extra_special_tokens.boi\n"
            "257 special_tokens_map.json: extra_special_tokens[0]\n");
  ASSERT_EQ(sources.findings.size(), 1u);
  EXPECT_EQ(sources.findings[0].evidence,
            "extra_special_tokens.video_token = <none>");
}

TEST_F(SourcesFolderTest, TemplatesSeeTheNamesOfExtraTokens) {
  Write("tokenizer_config.json",
        R"({"extra_special_tokens":{"image_token":"<end>"},)"
        R"("chat_template":"{{ image_token }}{{ messages[0].content }}"})");
  const auto protocol = TurnProtocol::Resolve(Read());
  RenderRequest request;
  request.messages = {{{"role", "user"}, {"content", "x"}}};
  EXPECT_THAT(Render(*protocol, request).TokenIds(),
              ::testing::ElementsAre(258, 'x'));
}

TEST_F(SourcesFolderTest, AddedTokensAreComparedWithTheTokenizer) {
  Write("added_tokens.json",
        R"({"<end>":258,"</s>":300,"<none>":301,"<s>":"256"})");
  const ProtocolSources sources = Read();
  ASSERT_EQ(sources.tokens.size(), 1u);
  EXPECT_EQ(sources.tokens[0].id, 258);
  EXPECT_EQ(sources.tokens[0].from.where, "added_tokens.json");
  ASSERT_EQ(sources.findings.size(), 2u);
  EXPECT_EQ(sources.findings[0].message,
            "added_tokens.json gives the id 300 to </s>, which the tokenizer "
            "has as 257");
  EXPECT_EQ(sources.findings[1].message,
            "added_tokens.json gives the id 301 to <none>, which the tokenizer "
            "does not have");
  const auto protocol = TurnProtocol::Resolve(sources);
  for (const SpecialToken& special : protocol->facts().specials) {
    EXPECT_EQ(special.from.size(), special.id == 258 ? 2u : 1u);
  }
}

TEST_F(SourcesFolderTest, TemplatesThatDisagreeAreFound) {
  Write("chat_template.jinja", "a");
  Write("tokenizer_config.json", R"({"chat_template":"b"})");
  Write("chat_template.json", R"({"chat_template":"a"})");
  const ProtocolSources sources = Read();
  ASSERT_EQ(sources.templates.size(), 1u);
  EXPECT_EQ(sources.templates[0].source, "a");
  EXPECT_EQ(sources.templates[0].from.where, "chat_template.jinja");
  ASSERT_EQ(sources.findings.size(), 1u);
  EXPECT_THAT(sources.findings[0].message,
              ::testing::HasSubstr("of tokenizer_config.json is another than "
                                   "that of chat_template.jinja"));
}

TEST_F(SourcesFolderTest, TheDefaultTemplateIsFirst) {
  Write("tokenizer_config.json",
        R"({"chat_template":[{"name":"tool_use","template":"t"},)"
        R"({"name":"default","template":"d"}]})");
  const ProtocolSources sources = Read();
  ASSERT_EQ(sources.templates.size(), 2u);
  EXPECT_EQ(sources.templates[0].name, "default");
  EXPECT_EQ(sources.templates[1].source, "t");
}

TEST_F(SourcesFolderTest, SamplingIsSpeltAsInGguf) {
  Write("generation_config.json",
        R"({"temperature":0.6,"top_k":20,"repetition_penalty":1.05,)"
        R"("do_sample":true,"top_p":"no number"})");
  std::string told;
  for (const SamplingDefault& setting : Read().sampling) {
    told += setting.name + "=" + setting.value.dump() + " ";
  }
  EXPECT_EQ(told, "temp=0.6 top_k=20 penalty_repeat=1.05 ");
}

TEST_F(SourcesFolderTest, FieldsOfOtherKindsAreLeftOut) {
  Write("config.json",
        R"({"eos_token_id":"2","bos_token_id":1.5,"text_config":[1]})");
  Write("generation_config.json", R"({"eos_token_id":{"a":[2]}})");
  Write("tokenizer_config.json", R"({"eos_token":7,"bos_token":["<s>"]})");
  const ProtocolSources sources = Read();
  EXPECT_TRUE(sources.stops.empty());
  EXPECT_TRUE(sources.named.empty());
}

TEST_F(SourcesFolderTest, GreedyModelsHaveNoTemperature) {
  Write("generation_config.json", R"({"do_sample":false,"temperature":0.9})");
  const ProtocolSources sources = Read();
  ASSERT_EQ(sources.sampling.size(), 1u);
  EXPECT_EQ(sources.sampling[0].name, "temp");
  EXPECT_EQ(sources.sampling[0].value, 0.0);
}

TEST_F(SourcesFolderTest, ForcedTokensAreTold) {
  Write("generation_config.json",
        R"({"forced_eos_token_id":258,"begin_suppress_tokens":[7],)"
        R"("forced_bos_token_id":null})");
  std::string told;
  for (const Finding& finding : Read().findings) {
    told += finding.evidence + " ";
  }
  EXPECT_EQ(told, "forced_eos_token_id begin_suppress_tokens ");
}

}  // namespace
}  // namespace fullstop
