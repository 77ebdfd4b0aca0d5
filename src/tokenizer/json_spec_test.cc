#include "tokenizer/json_spec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/error.h"

namespace fullstop {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TokenizerSpec Parse(const std::string& text) {
  return TokenizerSpecFromJson(
      std::make_shared<JsonFile>(text, "tokenizer.json"));
}

// A BPE over characters with PARTS, members of the file.
std::string Characters(const std::string& parts,
                       const std::string& model_parts = "") {
  return R"({"model": {"type": "BPE", "vocab": {"<unk>": 0, "a": 1, "b": 2,
      "ab": 3, "▁": 4, "▁a": 5, "<0x78>": 6, "<s>": 7},
      "merges": ["a b", ["▁", "a"]])" +
         model_parts + "}" + parts + "}";
}

std::vector<TokenId> Encode(const std::string& file, std::string_view text,
                            bool special = false) {
  const ByteRange whole{0, text.size()};
  EncodeOptions options;
  if (special) options.control_ranges = {&whole, 1};
  return MakeTokenizer(Parse(file))->Encode(text, options);
}

std::string ErrorOf(const std::string& file) {
  try {
    Parse(file);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(JsonSpecTest, MergesAreTextsOrPairs) {
  EXPECT_THAT(Encode(Characters(""), "aba"), ElementsAre(3, 1));
  EXPECT_THAT(Encode(Characters(R"(, "normalizer": {"type": "Replace",
      "pattern": {"String": " "}, "content": "▁"})"),
                     "b a"),
              ElementsAre(2, 5));
}

TEST(JsonSpecTest, UnknownTextIsWhatTheModelSays) {
  EXPECT_THAT(Encode(Characters(""), "axya"), ElementsAre(1, 1));
  EXPECT_THAT(Encode(Characters("", R"(, "unk_token": "<unk>")"), "axya"),
              ElementsAre(1, 0, 0, 1));
  const std::string fused = R"(, "unk_token": "<unk>", "fuse_unk": true)";
  EXPECT_THAT(Encode(Characters("", fused), "axya"), ElementsAre(1, 0, 1));
  EXPECT_THAT(
      Encode(Characters("", fused + R"(, "byte_fallback": true)"), "axya"),
      ElementsAre(1, 6, 0, 1));
}

TEST(JsonSpecTest, AddedTokensHaveTheirFlags) {
  const std::string added = R"(, "added_tokens": [
      {"id": 7, "content": "<s>", "special": true, "normalized": false,
       "lstrip": true, "rstrip": false, "single_word": false},
      {"id": 8, "content": "w", "special": false, "normalized": true,
       "lstrip": false, "rstrip": false, "single_word": true}])";
  EXPECT_THAT(Encode(Characters(added), "a <s>w", true), ElementsAre(1, 7, 8));
  EXPECT_THAT(Encode(Characters(added), "a<s>"), ElementsAre(1));
  EXPECT_THAT(Encode(Characters(added), "w aw wa -w"), ElementsAre(8, 1, 1, 8));
  const TokenizerSpec spec = Parse(Characters(added));
  EXPECT_EQ(spec.tokens[7].kind, TokenKind::kControl);
  EXPECT_TRUE(spec.tokens[7].in_model);
  EXPECT_EQ(spec.tokens[8].kind, TokenKind::kUserDefined);
  EXPECT_FALSE(spec.tokens[8].in_model);
}

TEST(JsonSpecTest, ANormalizedTokenIsFoundBehindTheNormalizer) {
  const std::string file = Characters(R"(, "normalizer": {"type": "Lowercase"},
      "added_tokens": [{"id": 8, "content": "AB!", "special": false,
                        "normalized": true},
                       {"id": 9, "content": "BA!", "special": false,
                        "normalized": false}])");
  EXPECT_THAT(Encode(file, "aB!a"), ElementsAre(8, 1));
  EXPECT_THAT(Encode(file, "BA!ba!"), ElementsAre(9, 2, 1));
}

TEST(JsonSpecTest, ThePostProcessorSaysWhatIsAdded) {
  const TokenizerSpec one = Parse(Characters(R"(, "post_processor": {
      "type": "Sequence", "processors": [{"type": "ByteLevel"},
      {"type": "TemplateProcessing",
       "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}},
                  {"Sequence": {"id": "A", "type_id": 0}}],
       "special_tokens": {"<s>": {"id": "<s>", "ids": [7],
                                  "tokens": ["<s>"]}}}]})"));
  EXPECT_THAT(one.prefix, ElementsAre(7));
  EXPECT_THAT(one.suffix, IsEmpty());
  EXPECT_EQ(one.declared.bos, 7);
  EXPECT_TRUE(one.adds_bos);
  EXPECT_FALSE(one.adds_eos);
  const auto both = MakeTokenizer(Parse(Characters(R"(, "post_processor": {
      "type": "RobertaProcessing", "sep": ["b", 2], "cls": ["<s>", 7]})")));
  EXPECT_THAT(both->text_prefix(), ElementsAre(7));
  EXPECT_THAT(both->text_suffix(), ElementsAre(2));
  EXPECT_TRUE(both->adds_eos());
}

TEST(JsonSpecTest, TheDecoderTakesTheFirstSpaceAway) {
  const std::string decoder = R"(, "decoder": {"type": "Sequence", "decoders": [
      {"type": "Replace", "pattern": {"String": "▁"}, "content": " "},
      {"type": "ByteFallback"}, {"type": "Fuse"},
      {"type": "Strip", "content": " ", "start": 1, "stop": 0}]})";
  const std::string first = R"(, "pre_tokenizer": {"type": "Metaspace",
      "replacement": "▁", "prepend_scheme": "first", "split": false})";
  const auto tokenizer = MakeTokenizer(Parse(Characters(decoder + first)));
  const auto ids = tokenizer->Encode("a a");
  EXPECT_THAT(ids, ElementsAre(5, 5));
  EXPECT_EQ(tokenizer->Decode(ids), "a a");
  EXPECT_EQ(tokenizer->space_prefix(), SpacePrefix::kFirst);
  const auto always = MakeTokenizer(Parse(Characters(
      decoder + R"(, "normalizer": {"type": "Prepend", "prepend": "▁"})")));
  EXPECT_EQ(always->space_prefix(), SpacePrefix::kAlways);
  const auto other =
      Parse(Characters(R"(, "decoder": {"type": "WordPiece", "prefix": "#"})"));
  EXPECT_THAT(other.remarks, Contains(HasSubstr("WordPiece")));
  EXPECT_EQ(MakeTokenizer(other)->space_prefix(), SpacePrefix::kNever);
}

TEST(JsonSpecTest, StepsBehindByteLevelSeeBytes) {
  const TokenizerSpec spec = Parse(Characters(R"(, "pre_tokenizer": {
      "type": "Sequence", "pretokenizers": [
      {"type": "Punctuation"}, {"type": "Whitespace"},
      {"type": "ByteLevel", "add_prefix_space": true, "use_regex": false},
      {"type": "Digits", "individual_digits": false}]})"));
  EXPECT_EQ(spec.model, TokenizerModel::kByteLevelBpe);
  ASSERT_EQ(spec.steps.size(), 4u);
  EXPECT_FALSE(std::get<SplitStep>(spec.steps[1]).on_bytes);
  EXPECT_EQ(std::get<SpaceStep>(spec.steps[2]).mark, " ");
  EXPECT_TRUE(std::get<SplitStep>(spec.steps[3]).on_bytes);
}

TEST(JsonSpecTest, UnigramHasScores) {
  const TokenizerSpec spec = Parse(R"({"model": {"unk_id": 0, "vocab": [
      ["<unk>", 0], ["a", -1.5], ["<0x41>", -2]], "byte_fallback": true}})");
  EXPECT_EQ(spec.model, TokenizerModel::kUnigram);
  EXPECT_EQ(spec.tokens[1].score, -1.5);
  EXPECT_EQ(spec.tokens[2].kind, TokenKind::kByte);
  EXPECT_EQ(spec.tokens[0].kind, TokenKind::kUnknown);
  EXPECT_EQ(spec.unknown, 0);
}

TEST(JsonSpecTest, WhatIsNotServedIsNamed) {
  EXPECT_THAT(ErrorOf(R"({"model": {"type": "WordPiece"}})"),
              HasSubstr("the file.model is of type \"WordPiece\""));
  EXPECT_THAT(ErrorOf(Characters("", R"(, "end_of_word_suffix": "</w>")")),
              HasSubstr("end_of_word_suffix"));
  EXPECT_THAT(ErrorOf(Characters(R"(, "normalizer": {"type": "Sequence",
                  "normalizers": [{"type": "BertNormalizer"}]})")),
              HasSubstr("the file.normalizer.normalizers.0 is a normalizer of "
                        "type \"BertNormalizer\""));
  EXPECT_THAT(
      ErrorOf(Characters(R"(, "pre_tokenizer": {"type": "UnicodeScripts"})")),
      HasSubstr("UnicodeScripts"));
  EXPECT_THAT(ErrorOf(Characters(R"(, "post_processor": {"type": "X"})")),
              HasSubstr("post-processor"));
}

TEST(JsonSpecTest, BrokenFilesSayWhere) {
  EXPECT_THAT(ErrorOf("{"), HasSubstr("the file is no JSON"));
  EXPECT_THAT(ErrorOf("{}"), HasSubstr("the file has no \"model\""));
  EXPECT_THAT(ErrorOf("[]"), HasSubstr("the file is no object"));
  EXPECT_THAT(ErrorOf(R"({"model": {"type": "BPE", "vocab": {"a": -1}}})"),
              HasSubstr("the file.model.vocab.a is no id"));
  EXPECT_THAT(ErrorOf(R"({"model": {"type": "BPE", "vocab": {"a": 1},
                         "merges": ["a b c"]}})"),
              HasSubstr("the file.model.merges.0 is no pair"));
  EXPECT_THAT(ErrorOf(Characters(R"(, "added_tokens": [{"id": 1,
                         "content": "zz"}])")),
              HasSubstr("has the id of the token \"a\""));
  EXPECT_THAT(ErrorOf(Characters(R"(, "normalizer": {"type": "Precompiled",
                         "precompiled_charsmap": "!"})")),
              HasSubstr("Base64"));
}

}  // namespace
}  // namespace fullstop
