#include "data/file_ends.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace fullstop {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

RawRow RowOf(size_t number) {
  RawRow row;
  row.line = 2 * number;
  row.number = number;
  return row;
}

std::string Words(size_t count) {
  std::string text;
  for (size_t i = 1; i < count; ++i) text += "word ";
  return text + "word";
}

const std::string kSaid =
    "The end of the river was covered in snow. The end of the road was not "
    "covered in snow. It was one of the things of that winter.";

// Answers that end, some that visibly don't, and none that is unclear.
FileEnds Learned(size_t broken) {
  FileEnds ends;
  for (size_t i = 1; i <= 200; ++i) {
    ends.Add(kSaid, i <= broken ? AnswerEnd::kBroken : AnswerEnd::kWhole,
             RowOf(i));
  }
  return ends;
}

std::vector<size_t> Lines(const FileEnds& ends) {
  std::vector<size_t> lines;
  for (const auto& each : ends.BrokenOff(ends.CutOffs())) {
    lines.push_back(each.line);
  }
  return lines;
}

TEST(FileEndsTest, WordsThatOthersGoOnWithBreakOff) {
  FileEnds ends = Learned(20);
  ends.Add(kSaid + " The snow of", AnswerEnd::kUnclear, RowOf(302));
  ends.Add(kSaid + " The snow", AnswerEnd::kUnclear, RowOf(303));
  ends.Add(kSaid + " The road of", AnswerEnd::kUnclear, RowOf(301));
  ends.Add(kSaid + " Or of", AnswerEnd::kUnclear, RowOf(301));
  EXPECT_THAT(Lines(ends), testing::ElementsAre(602, 604));
  EXPECT_FALSE(ends.BrokenOff({})[0].at_length);
}

TEST(FileEndsTest, ShortAnswersMayEndAsTheyLike) {
  FileEnds ends = Learned(20);
  ends.Add("The snow of", AnswerEnd::kUnclear, RowOf(301));
  EXPECT_THAT(Lines(ends), IsEmpty());
}

TEST(FileEndsTest, SomeLastLettersTellNothing) {
  FileEnds ends = Learned(20);
  for (const char* const end : {"It is 98 °C", "Plan C", "of of"}) {
    ends.Add(kSaid + " " + end, AnswerEnd::kUnclear, RowOf(301));
  }
  ends.Add(kSaid + " It is 98 °C", AnswerEnd::kDoubtful, RowOf(302));
  EXPECT_THAT(Lines(ends), IsEmpty());
  ends.Add(kSaid + " C", AnswerEnd::kDoubtful, RowOf(303));
  EXPECT_THAT(Lines(ends), SizeIs(1));
}

TEST(FileEndsTest, WhereManyEndUnclearlyAWordSaysLess) {
  FileEnds ends = Learned(1);
  ends.Add(kSaid + " The snow of", AnswerEnd::kUnclear, RowOf(300));
  EXPECT_THAT(Lines(ends), SizeIs(1));
  for (size_t i = 301; i < 1300; ++i) {
    ends.Add(kSaid + " The river", AnswerEnd::kUnclear, RowOf(i));
  }
  EXPECT_THAT(Lines(ends), IsEmpty());
}

TEST(FileEndsTest, DoubtfulEndsNeedNoWordAtACommonLength) {
  FileEnds ends;
  for (size_t i = 1; i <= 500; ++i) {
    ends.Add(Words(60 + i % 200) + ".", AnswerEnd::kWhole, RowOf(i));
  }
  for (size_t i = 501; i <= 530; ++i) {
    ends.Add(Words(300), AnswerEnd::kBroken, RowOf(i));
  }
  ends.Add(Words(299) + " B", AnswerEnd::kDoubtful, RowOf(600));
  ends.Add(Words(99) + " B", AnswerEnd::kDoubtful, RowOf(601));
  ends.Add(Words(299) + " B", AnswerEnd::kUnclear, RowOf(602));
  const auto broken = ends.BrokenOff({});
  ASSERT_THAT(broken, SizeIs(1));
  EXPECT_EQ(broken[0].number, 600U);
  EXPECT_THAT(Lines(ends), testing::ElementsAre(1200, 1204));
}

TEST(FileEndsTest, AnswersWithoutAnEndAtACutOffBreakOff) {
  FileEnds ends;
  for (size_t i = 1; i <= 500; ++i) {
    ends.Add(Words(60 + i % 200), AnswerEnd::kWhole, RowOf(i));
  }
  for (size_t i = 501; i <= 530; ++i) {
    ends.Add(Words(300), AnswerEnd::kUnclear, RowOf(i));
  }
  const auto broken = ends.BrokenOff(ends.CutOffs());
  ASSERT_THAT(broken, SizeIs(30));
  EXPECT_TRUE(broken[0].at_length);
}

TEST(FileEndsTest, PartsCountTogether) {
  FileEnds ends;
  FileEnds other = Learned(20);
  other.Add(kSaid + " The snow of", AnswerEnd::kUnclear, RowOf(302));
  ends.Take(&other);
  EXPECT_THAT(Lines(other), IsEmpty());
  EXPECT_THAT(Lines(ends), testing::ElementsAre(604));
}

TEST(FileEndsTest, WordsAreLearnedFromASampleOfManyRows) {
  FileEnds ends = Learned(20);
  for (size_t i = 4097; i < 4400; i += 2) {
    ends.Add(kSaid + " It went to", AnswerEnd::kWhole, RowOf(i));
  }
  ends.Add(kSaid + " The snow of", AnswerEnd::kUnclear, RowOf(5001));
  EXPECT_THAT(Lines(ends), testing::ElementsAre(10002));
}

}  // namespace
}  // namespace fullstop
