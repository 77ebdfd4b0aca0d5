#include "tokenizer/folder_spec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "base/error.h"
#include "base/file.h"
#include "base/test_folder.h"

namespace fullstop {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::string_view kTokenizer = R"({"added_tokens": [
    {"id": 4, "content": "<s>", "special": true, "normalized": false}],
    "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false},
    "model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2, "<e>": 3},
              "merges": ["a b"]},
    "post_processor": {"type": "TemplateProcessing",
        "single": [{"SpecialToken": {"id": "<s>"}}, {"Sequence": {"id": "A"}}],
        "special_tokens": {"<s>": {"ids": [4]}}}})";

class FolderSpecTest : public testing::Test {
 protected:
  FolderSpecTest() { Write("config.json", R"({"model_type": "llama"})"); }
  void Write(const std::string& name, std::string_view content) {
    WriteFileAtomically(folder_ + "/" + name, content);
  }
  TokenizerSpec Read() {
    return TokenizerSpecFromFolder(HfFolder::Open(folder_));
  }

  const TestFolder place_;
  const std::string folder_ = place_.path();
};

TEST_F(FolderSpecTest, TheConfigAddsTokensAndRoles) {
  Write("tokenizer.json", kTokenizer);
  Write("tokenizer_config.json", R"({"added_tokens_decoder": {
      "4": {"content": "<s>", "special": true, "normalized": false,
            "rstrip": true},
      "6": {"content": "<new>", "special": false}},
      "bos_token": "<s>", "eos_token": {"content": "<e>"},
      "pad_token": "<pad>", "unk_token": null,
      "additional_special_tokens": ["<more>", "<new>"],
      "add_bos_token": false, "add_eos_token": true})");
  const TokenizerSpec spec = Read();
  EXPECT_EQ(spec.declared.bos, 4);
  EXPECT_EQ(spec.declared.eos, 3);
  EXPECT_EQ(spec.declared.pad, 7);
  EXPECT_FALSE(spec.declared.unk);
  ASSERT_EQ(spec.tokens.size(), 9u);
  EXPECT_TRUE(spec.tokens[4].rstrip);
  EXPECT_EQ(spec.tokens[3].kind, TokenKind::kControl);
  EXPECT_EQ(spec.tokens[5].kind, TokenKind::kUnused);
  EXPECT_EQ(spec.tokens[6].kind, TokenKind::kUserDefined);
  EXPECT_EQ(spec.tokens[6].match, TokenMatch::kNormalText);
  EXPECT_EQ(spec.tokens[7].text, "<pad>");
  EXPECT_EQ(spec.tokens[8].text, "<more>");
  const auto tokenizer = MakeTokenizer(spec);
  EXPECT_THAT(tokenizer->text_prefix(), IsEmpty());
  EXPECT_THAT(tokenizer->text_suffix(), ElementsAre(3));
  EXPECT_THAT(tokenizer->Encode("ab<new>"), ElementsAre(2, 6));
}

TEST_F(FolderSpecTest, WithoutFlagsThePostProcessorStands) {
  Write("tokenizer.json", kTokenizer);
  Write("special_tokens_map.json", R"({"eos_token": "<e>"})");
  Write("added_tokens.json", R"({"<x>": 5, "<y>": -3, "<z>": "?"})");
  const TokenizerSpec spec = Read();
  EXPECT_THAT(spec.prefix, ElementsAre(4));
  EXPECT_EQ(spec.declared.bos, 4);
  EXPECT_EQ(spec.declared.eos, 3);
  EXPECT_EQ(spec.tokens[5].text, "<x>");
  EXPECT_THAT(spec.remarks, Contains(HasSubstr("<y>")));
}

TEST_F(FolderSpecTest, AnIdMayGetAnotherText) {
  Write("tokenizer.json", kTokenizer);
  Write("tokenizer_config.json", R"({"added_tokens_decoder": {
      "3": {"content": "<end>", "special": true},
      "1": {"content": "a", "special": false}, "x": 1, "7": 5}})");
  const TokenizerSpec spec = Read();
  EXPECT_EQ(spec.tokens[3].text, "<end>");
  EXPECT_EQ(spec.tokens[0].kind, TokenKind::kUserDefined);
  EXPECT_THAT(spec.remarks, Contains(HasSubstr("<end>")));
  EXPECT_THAT(spec.remarks, Contains(HasSubstr("declared with the id 1")));
  EXPECT_THAT(spec.remarks, Contains(HasSubstr("is none")));
}

TEST_F(FolderSpecTest, TheClassSaysHowRanksAndMergesAreSplit) {
  Write("vocab.json", R"({"a": 0, "b": 1, "ab": 2, "<e>": 3})");
  Write("merges.txt", "a b\n");
  Write("tokenizer_config.json",
        R"({"tokenizer_class": "Qwen2TokenizerFast"})");
  const TokenizerSpec spec = Read();
  EXPECT_EQ(spec.steps.size(), 1u);
  EXPECT_EQ(spec.normalizer.size(), 1u);
  EXPECT_THAT(MakeTokenizer(spec)->Encode("ab1ab"), ElementsAre(2, 2));
  Write("tokenizer_config.json", R"({"tokenizer_class": "Mine"})");
  EXPECT_THROW(Read(), Error);
}

TEST_F(FolderSpecTest, FilesThatDisagreeAreRemarkedOn) {
  Write("tokenizer.json", kTokenizer);
  Write("vocab.json", R"({"a": 0, "c": 1, "ab": 2, "<e>": 3, "<s>": 4})");
  Write("merges.txt", "a b\n");
  Write("tokenizer_config.json", R"({"tokenizer_class": "GPT2Tokenizer"})");
  const TokenizerSpec spec = Read();
  EXPECT_THAT(spec.remarks,
              Contains(HasSubstr("disagree on 1 tokens, the first of them 1: "
                                 "\"b\" and \"c\"")));
  Write("vocab.json", "[]");
  EXPECT_THAT(Read().remarks, Contains(HasSubstr("vocab.json is left aside")));
}

TEST_F(FolderSpecTest, AFolderWithoutATokenizerIsAnError) {
  EXPECT_THROW(Read(), Error);
}

}  // namespace
}  // namespace fullstop
