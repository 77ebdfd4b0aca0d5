#include "data/length_pileup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace fullstop {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

std::string Words(size_t count) {
  std::string text;
  for (size_t i = 0; i < count; ++i) text += "word ";
  return text;
}

RawRow RowOf(size_t number) {
  RawRow row;
  row.line = row.number = number;
  return row;
}

// Answers of 60 to 259 words, which end, but for each 50th; and 30 of 300.
void AddAnswers(size_t at_limit, LengthPileup* lengths) {
  size_t line = 0;
  for (size_t i = 0; i < 1000; ++i) {
    lengths->Add(Words(60 + i % 200),
                 i % 50 == 7 ? AnswerEnd::kUnclear : AnswerEnd::kWhole,
                 RowOf(++line));
  }
  for (size_t i = 0; i < at_limit; ++i) {
    lengths->Add(Words(300 + i % 5),
                 i % 3 == 0 ? AnswerEnd::kBroken : AnswerEnd::kUnclear,
                 RowOf(++line));
  }
}

TEST(LengthPileupTest, AnswersWithoutAnEndAtOneLengthWereCut) {
  LengthPileup lengths;
  AddAnswers(30, &lengths);
  const auto cut_offs = lengths.CutOffs();
  ASSERT_THAT(cut_offs, testing::Not(IsEmpty()));
  const auto found = lengths.AtCutOffs(cut_offs);
  ASSERT_THAT(found, SizeIs(20));
  EXPECT_EQ(found[0].number, 1002U);
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
  for (size_t i = 0; i < 500; ++i) {
    lengths.Add(Words(400 + i), AnswerEnd::kWhole, RowOf(2000 + i));
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
  EXPECT_THAT(lengths.AtCutOffs(lengths.CutOffs()), SizeIs(8));
}

TEST(LengthPileupTest, ScriptsAreApart) {
  LengthPileup lengths;
  AddAnswers(0, &lengths);
  std::string wide;
  for (size_t i = 0; i < 120; ++i) wide += "说";
  for (size_t i = 0; i < 40; ++i) {
    lengths.Add(wide, AnswerEnd::kUnclear, RowOf(2000 + i));
  }
  const auto cut_offs = lengths.CutOffs();
  EXPECT_THAT(lengths.AtCutOffs(cut_offs), SizeIs(40));
}

}  // namespace
}  // namespace fullstop
