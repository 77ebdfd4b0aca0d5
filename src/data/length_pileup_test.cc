#include "data/length_pileup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace fullstop {
namespace {

using ::testing::IsEmpty;

std::string Repeated(const std::string& text, size_t times) {
  std::string all;
  for (size_t i = 0; i < times; ++i) all += text;
  return all;
}

AnswerLength Pieces(uint32_t pieces) { return {.pieces = pieces}; }

// Answers of 60 to 259 pieces, which end, but for each 50th; and some of 300.
void AddAnswers(uint32_t at_limit, LengthPileup* lengths) {
  for (uint32_t i = 0; i < 1000; ++i) {
    lengths->Add(Pieces(60 + i % 200),
                 i % 50 == 7 ? AnswerEnd::kBroken : AnswerEnd::kWhole);
  }
  for (uint32_t i = 0; i < at_limit; ++i) {
    lengths->Add(Pieces(300 + i % 5), AnswerEnd::kBroken);
  }
}

TEST(LengthPileupTest, LengthsAreAboutTokensAndCharacters) {
  const std::string words = Repeated("word ", 60);
  EXPECT_EQ(LengthOf(words).pieces, 60U);
  EXPECT_EQ(LengthOf(words).characters, 300U);
  EXPECT_FALSE(LengthOf(words).wide);
  EXPECT_EQ(LengthOf(Repeated("说", 60)).characters, 60U);
  EXPECT_TRUE(LengthOf(Repeated("说", 60)).wide);
  EXPECT_EQ(LengthOf(Repeated("word ", 40)).pieces, 0U);
}

TEST(LengthPileupTest, AnswersWithoutAnEndAtOneLengthWereCut) {
  LengthPileup lengths;
  AddAnswers(30, &lengths);
  const auto cut_offs = lengths.CutOffs();
  ASSERT_THAT(cut_offs, testing::Not(IsEmpty()));
  EXPECT_LE(cut_offs[0].from, 300U);
  EXPECT_GT(cut_offs.back().to, 304U);
}

TEST(LengthPileupTest, FewAnswersWithoutAnEndAreNoPileup) {
  LengthPileup lengths;
  AddAnswers(0, &lengths);
  EXPECT_THAT(lengths.CutOffs(), IsEmpty());
  AddAnswers(5, &lengths);
  EXPECT_THAT(lengths.CutOffs(), IsEmpty());
}

TEST(LengthPileupTest, LengthsThatManyAnswersPassAreNoCutOff) {
  LengthPileup lengths;
  AddAnswers(30, &lengths);
  for (uint32_t i = 0; i < 500; ++i) {
    lengths.Add(Pieces(400 + i), AnswerEnd::kWhole);
  }
  EXPECT_THAT(lengths.CutOffs(), IsEmpty());
}

TEST(LengthPileupTest, PartsCountTogether) {
  LengthPileup lengths;
  LengthPileup other;
  AddAnswers(6, &lengths);
  AddAnswers(6, &other);
  lengths.Take(&other);
  EXPECT_THAT(other.CutOffs(), IsEmpty());
  EXPECT_THAT(lengths.CutOffs(), testing::Not(IsEmpty()));
  LengthPileup whole;
  AddAnswers(6, &whole);
  AddAnswers(6, &whole);
  EXPECT_EQ(lengths.OddsOfCut(Pieces(300)), whole.OddsOfCut(Pieces(300)));
}

TEST(LengthPileupTest, ScriptsAreApart) {
  LengthPileup lengths;
  AddAnswers(0, &lengths);
  for (size_t i = 0; i < 40; ++i) {
    lengths.Add({.pieces = 120, .characters = 120, .wide = true},
                AnswerEnd::kUnclear);
  }
  const auto cut_offs = lengths.CutOffs();
  ASSERT_THAT(cut_offs, testing::Not(IsEmpty()));
  for (const CutOff& each : cut_offs) EXPECT_TRUE(each.wide);
}

TEST(LengthPileupTest, OddsRiseWhereManyBreakOff) {
  LengthPileup lengths;
  AddAnswers(30, &lengths);
  EXPECT_GT(lengths.OddsOfCut(Pieces(302)), 10);
  EXPECT_GT(lengths.OddsOfCut(Pieces(290)), 10);
  EXPECT_EQ(lengths.OddsOfCut(Pieces(600)), 1);
  EXPECT_EQ(lengths.OddsOfCut(Pieces(100)), 1);
}

TEST(LengthPileupTest, FewAnswersThatBreakOffRaiseNoOdds) {
  LengthPileup lengths;
  AddAnswers(5, &lengths);
  EXPECT_EQ(lengths.OddsOfCut(Pieces(302)), 1);
}

TEST(LengthPileupTest, ALimitInCharactersIsSeenToo) {
  LengthPileup lengths;
  for (uint32_t i = 0; i < 1000; ++i) {
    lengths.Add({.pieces = 60 + i % 200, .characters = 300 + 5 * (i % 200)},
                AnswerEnd::kWhole);
  }
  for (uint32_t i = 0; i < 30; ++i) {
    lengths.Add({.pieces = 60 + 5 * i, .characters = 2000}, AnswerEnd::kBroken);
  }
  EXPECT_GT(lengths.OddsOfCut({.pieces = 100, .characters = 2000}), 10);
}

}  // namespace
}  // namespace fullstop
