#include "data/word_ends.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace fullstop {
namespace {

using ::testing::Gt;
using ::testing::Lt;

double Odds(const WordEnds& ends, const std::string& text) {
  return ends.OddsOfCut(LastUnitsOf(text), false);
}

// "of" goes on, "snow" ends, "river" does both.
WordEnds Learned() {
  WordEnds ends;
  for (int i = 0; i < 100; ++i) {
    ends.Learn("The end of the river was covered in snow.", true);
    ends.Learn("Of all the incorrect words of the river, none is in snow",
               true);
    ends.Learn("雪落在河的上面。我们看见河", true);
  }
  return ends;
}

TEST(WordEndsTest, WordsThatOthersGoOnWithTellOfACut) {
  const WordEnds ends = Learned();
  EXPECT_THAT(Odds(ends, "the stone of"), Gt(20));
  EXPECT_THAT(Odds(ends, "the stone Of"), Gt(20));
  EXPECT_THAT(Odds(ends, "the stone snow"), Lt(0.1));
  EXPECT_THAT(Odds(ends, "我们的"), Gt(20));
  EXPECT_THAT(Odds(ends, "我们上面"), Lt(0.1));
}

TEST(WordEndsTest, BeginningsOfWordsTellOfACut) {
  const WordEnds ends = Learned();
  EXPECT_THAT(Odds(ends, "it is incorre"), Gt(20));
  EXPECT_THAT(Odds(ends, "it is s"), Gt(20));
  EXPECT_THAT(Odds(ends, "it is incorrect"), Gt(20));
  EXPECT_THAT(Odds(ends, "it is sno"), Gt(20));
  EXPECT_THAT(Odds(ends, "it is new"), Lt(5));
}

// "art" begins "artist", and ends "part".
TEST(WordEndsTest, ShortBeginningsThatEndOtherWordsTellNothing) {
  WordEnds ends;
  for (int i = 0; i < 100; ++i) {
    ends.Learn("an artist plays his part.", true);
    ends.Learn("some spare bridges stand there.", true);
  }
  EXPECT_THAT(Odds(ends, "of art"), Lt(5));
  EXPECT_THAT(Odds(ends, "of spar"), Gt(20));
}

TEST(WordEndsTest, UnknownEndsAreNeitherLikelyNorUnlikely) {
  const WordEnds ends = Learned();
  EXPECT_EQ(Odds(ends, "it is 5"), 1);
  EXPECT_EQ(Odds(ends, "made in US"), 1);
  EXPECT_EQ(Odds(ends, ""), 1);
}

// The 101st is the text itself.
TEST(WordEndsTest, AnAnswerIsNoWitnessOfItself) {
  WordEnds ends = Learned();
  ends.Learn("the snow of", true);
  const LastUnits last = LastUnitsOf("the snow of");
  EXPECT_THAT(ends.OddsOfCut(last, true),
              Gt(2.5 * ends.OddsOfCut(last, false)));
}

TEST(WordEndsTest, WhatBreaksOffIsNoEnd) {
  WordEnds ends = Learned();
  const double before = Odds(ends, "the stone of");
  const double within = Odds(ends, "it is incorre");
  for (int i = 0; i < 10; ++i) {
    ends.Learn("the snow of", false);
    ends.Learn("the snow is incorre", false);
  }
  EXPECT_THAT(Odds(ends, "the stone of"), Gt(0.9 * before));
  EXPECT_THAT(Odds(ends, "it is incorre"), Gt(0.9 * within));
}

TEST(WordEndsTest, StopsWithinWordsAndSignsAreNoEnds) {
  WordEnds ends;
  for (int i = 0; i < 100; ++i) {
    ends.Learn("see example.org and stones, (or not so) of snow.", true);
  }
  const auto word_odds = [&ends](const std::string& text) {
    return ends.OddsOfCut({.word = LastUnitsOf(text).word}, false);
  };
  EXPECT_EQ(word_odds("an example"), word_odds("an unseen"));
  EXPECT_EQ(word_odds("many stones"), word_odds("an unseen"));
  EXPECT_EQ(word_odds("one not"), word_odds("an unseen") * 201);
}

TEST(WordEndsTest, ScriptsWithoutSpacesAreKnownByTheirLastLetters) {
  WordEnds ends;
  for (int i = 0; i < 100; ++i) {
    ends.Learn("สิ่งสำคัญที่สุดคือความสม่ำเสมอ ขึ้นอยู่กับสภาพอากาศ", true);
  }
  EXPECT_THAT(Odds(ends, "สิ่งสำคัญที่ส"), Gt(4));
  EXPECT_THAT(Odds(ends, "สภาพอากาศ"), Lt(0.1));
}

TEST(WordEndsTest, PartsCountTogether) {
  WordEnds ends = Learned();
  WordEnds other = Learned();
  const double before = Odds(ends, "the stone of");
  ends.Take(&other);
  EXPECT_THAT(Odds(ends, "the stone of"), Gt(1.5 * before));
  EXPECT_EQ(Odds(other, "the stone of"), 0);
}

TEST(WordEndsTest, UnitsAreBounded) {
  WordEnds ends;
  for (size_t i = 0; i < 300'000; ++i) {
    std::string word;
    for (size_t rest = i + 1; rest > 0; rest /= 20) {
      word += static_cast<char>('a' + rest % 20);
    }
    ends.Learn(word + "zzz of", true);
  }
  EXPECT_LE(ends.units(), size_t{1} << 19);
}

}  // namespace
}  // namespace fullstop
