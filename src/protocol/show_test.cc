// A protocol shown, read back, hashed and compared.
#include "protocol/show.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "protocol/byte_model.h"

namespace fullstop {
namespace {

using nlohmann::ordered_json;
using testing::HasSubstr;

ByteModel Model() {
  return ByteModel({"<s>", "<u>", "<a>", "<z>", "</s>"},
                   {"<think>", "</think>"})
      .Template(
          "{{ bos_token }}{% for m in messages %}"
          "{{ '<u>' if m.role == 'user' else '<a>' }}"
          "{% if m.thinking %}<think>{{ m.thinking }}</think>{% endif %}"
          "{{ m.content }}<z>{% endfor %}"
          "{% if add_generation_prompt %}<a>{% endif %}")
      .Declare("bos", "<s>")
      .Declare("eos", "</s>")
      .Flag("tokenizer.ggml.add_bos_token", true)
      .Floats("general.sampling.temp", 0.7f)
      .Integer("general.sampling.top_k", 20);
}

TEST(ShowTest, JsonHasExactlyTheAgreedKeys) {
  const auto json = ToJson(Model().Resolve()->facts());
  std::vector<std::string> keys;
  for (const auto& [key, value] : json.items()) keys.push_back(key);
  EXPECT_THAT(keys, testing::ElementsAre("hash", "bos", "stops", "specials",
                                         "reasoning", "tool_calls", "sampling",
                                         "template", "findings"));
  EXPECT_EQ(json["stops"][3].dump(),
            R"({"id":260,"text":"</s>","role":"sequence_end",)"
            R"("from":["gguf: tokenizer.ggml.eos_token_id"]})");
  EXPECT_EQ(json["sampling"][1]["value"].dump(), "0.7");
  EXPECT_EQ(json["bos"].dump(),
            R"({"id":256,"text":"<s>","written":1,"add_bos":true})");
}

TEST(ShowTest, ReadingBackGivesTheSameFacts) {
  const ProtocolFacts facts = Model().Resolve()->facts();
  const auto json = ToJson(facts);
  const ProtocolFacts back = ProtocolFromJson(ordered_json::parse(json.dump()));
  EXPECT_EQ(ToJson(back), json);
  EXPECT_EQ(HashProtocol(back), facts.hash);
  EXPECT_THAT(CompareProtocols(facts, back), testing::IsEmpty());
}

TEST(ShowTest, DerivedStringsAndMissingTemplatesReadBackToo) {
  const auto text_only = ByteModel({}).Template(
      "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}");
  for (const ByteModel& model : {text_only, ByteModel({"<x>"})}) {
    const auto json = ToJson(model.Resolve()->facts());
    EXPECT_EQ(ToJson(ProtocolFromJson(json)), json);
  }
}

TEST(ShowTest, DamagedJsonIsRefusedByKey) {
  const auto json = ToJson(Model().Resolve()->facts());
  for (const auto& [key, value] : json.items()) {
    ordered_json damaged = json;
    damaged[key] = 5;
    EXPECT_THROW(ProtocolFromJson(damaged), Error) << key;
    damaged.erase(key);
    EXPECT_THROW(ProtocolFromJson(damaged), Error) << key;
  }
}

TEST(ShowTest, HashIgnoresWhoSaysSoAndSampling) {
  const auto hash = [](const ByteModel& model) {
    return model.Resolve()->hash();
  };
  const std::string plain = hash(Model());
  EXPECT_EQ(plain.size(), 64);
  EXPECT_EQ(hash(Model()), plain);
  EXPECT_EQ(hash(Model().Floats("general.sampling.min_p", 0.1f)), plain);
  EXPECT_EQ(hash(Model().StopIds({260})), plain);
  EXPECT_NE(hash(Model().StopIds({256})), plain);
  EXPECT_NE(hash(Model().Declare("eot", "</s>")), plain);
  EXPECT_NE(hash(Model().Template("{{ messages[0].content }}<z>")), plain);
}

TEST(ShowTest, ComparisonNamesWhatDiffers) {
  const auto a = Model().Resolve();
  const auto b = Model().StopIds({256}).Text("general.sampling.sequence", "k");
  EXPECT_THAT(CompareProtocols(a->facts(), b.Resolve()->facts()),
              testing::ElementsAre(
                  "stop 256 <s>: only the second has it (sequence_end)",
                  "sampling sequence: only the second has it (\"k\")"));
}

TEST(ShowTest, TextTellsEndsFirst) {
  const std::string text = PrintProtocol(Model().Resolve()->facts(), false);
  EXPECT_THAT(text, testing::StartsWith("a reply ends at\n  <z> "));
  EXPECT_THAT(text, HasSubstr("ends the turn"));
  EXPECT_THAT(text, HasSubstr("gguf tokenizer.ggml.eos_token_id"));
  EXPECT_THAT(text, HasSubstr("<think> … </think>"));
  EXPECT_THAT(text, HasSubstr("top_k 20, temp 0.7"));
  EXPECT_THAT(text, testing::Not(HasSubstr("\x1b")));
  EXPECT_THAT(PrintProtocol(Model().Resolve()->facts(), true),
              HasSubstr("\x1b[1;32m<z>"));
}

TEST(ShowTest, MissingTemplateIsSaid) {
  EXPECT_THAT(PrintProtocol(ByteModel({"<x>"}).Resolve()->facts(), false),
              HasSubstr("template    none: give one with --template FILE"));
}

TEST(ShowTest, HostileTokensCannotReachTheTerminal) {
  const auto protocol =
      ByteModel({"\x1b[2J\x07", "a\nb"})
          .Template(
              "{% for m in messages %}{{ m.content }}\x1b[2J\x07"
              "{% endfor %}")
          .Resolve();
  const std::string text = PrintProtocol(protocol->facts(), false);
  EXPECT_THAT(text, HasSubstr("\\x1b[2J\\x07"));
  EXPECT_THAT(text, testing::Not(HasSubstr("\x1b")));
}

}  // namespace
}  // namespace fullstop
