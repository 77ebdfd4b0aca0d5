#include "tokenizer/unigram_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "base/error.h"
#include "tokenizer/test_vocabularies.h"

namespace fullstop {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Not;

Made Unigram() {
  Made made;
  made.spec.model = TokenizerModel::kUnigram;
  made.spec.text_form = TokenText::kPlain;
  made.spec.fuse_unknown = true;
  made.spec.unknown = 0;
  made.Add("<unk>", TokenKind::kUnknown);   // 0
  made.Add("a", TokenKind::kNormal, -1);    // 1
  made.Add("b", TokenKind::kNormal, -2);    // 2
  made.Add("ab", TokenKind::kNormal, -3);   // 3
  made.Add("abc", TokenKind::kNormal, -9);  // 4
  made.Add("c", TokenKind::kNormal, -2);    // 5
  made.Add("bc", TokenKind::kNormal, -2);   // 6
  return made;
}

TEST(UnigramTest, TheGreatestSumWinsAndOfEqualsTheFirstFound) {
  const auto tokenizer = Unigram().Make();
  EXPECT_THAT(tokenizer->Encode("abc"), ElementsAre(1, 6));
  // "ab" and "a", "b": -3 each; the one that begins first was there first.
  EXPECT_THAT(tokenizer->Encode("ab"), ElementsAre(3));
}

TEST(UnigramTest, UnknownCharactersAreOneTokenOrTheirBytes) {
  Made made = Unigram();
  EXPECT_THAT(made.Make()->Encode("a\u00E9xb"), ElementsAre(1, 0, 2));
  made.Add("<0xC3>", TokenKind::kByte, -100);
  made.Add("<0xA9>", TokenKind::kByte, -100);
  EXPECT_THAT(made.Make()->Encode("a\u00E9b"), ElementsAre(1, 0, 2));
  made.spec.byte_fallback = true;
  const auto tokenizer = made.Make();
  EXPECT_THAT(tokenizer->Encode("a\u00E9b"), ElementsAre(1, 7, 8, 2));
  EXPECT_EQ(tokenizer->EncodeWithSource("a\u00E9", {})[2].source.begin, 1u);
  // One of the bytes has no token.
  EXPECT_THAT(tokenizer->Encode("\u00E9x"), ElementsAre(0));
}

TEST(UnigramTest, ControlTokensAreNotInText) {
  Made made = Unigram();
  made.Add("abca", TokenKind::kControl, 0);
  EXPECT_THAT(made.Make()->Encode("abca"), ElementsAre(1, 6, 1));
}

TEST(UnigramTest, OfEqualTextsHuggingFaceTakesTheLast) {
  Made made = Unigram();
  made.Add("a", TokenKind::kNormal, -1);
  EXPECT_THAT(made.Make()->Encode("a"), ElementsAre(7));
  made.spec.sentencepiece_scores = true;
  EXPECT_THAT(made.Make()->Encode("a"), ElementsAre(1));
}

TEST(UnigramTest, SentencePieceAlwaysTakesUserDefinedTokens) {
  Made made = Unigram();
  made.Add("ca", TokenKind::kUserDefined);
  made.spec.tokens[7].match = TokenMatch::kNever;
  made.spec.sentencepiece_scores = true;
  EXPECT_THAT(made.Make()->Encode("abca"), ElementsAre(3, 7));
}

TEST(UnigramTest, SentencePieceTellsTokensApartHoweverLongTheText) {
  Made made = Unigram();
  made.spec.tokens[3].score = -3.01;
  made.spec.sentencepiece_scores = true;
  std::string text;
  for (int i = 0; i < 100000; ++i) text += "ab";
  EXPECT_THAT(made.Make()->Encode(text), Not(Contains(3)));
}

TEST(UnigramTest, TablesThatCannotBeUsedAreErrors) {
  Made made = Unigram();
  made.spec.tokens[1].score = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THROW(made.Make(), Error);
  Made empty;
  empty.spec.model = TokenizerModel::kUnigram;
  empty.Add("<unk>", TokenKind::kUnknown);
  EXPECT_THROW(empty.Make(), Error);
}

}  // namespace
}  // namespace fullstop
