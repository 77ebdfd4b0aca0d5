#include "generate/utf8_joiner.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "base/utf8.h"

namespace fullstop {
namespace {

TEST(Utf8JoinerTest, AsciiPassesAtOnce) {
  Utf8Joiner joiner;
  EXPECT_EQ(joiner.Put("abc"), "abc");
  EXPECT_EQ(joiner.Finish(), "");
}

TEST(Utf8JoinerTest, ACutCharacterWaitsForItsRest) {
  Utf8Joiner joiner;
  EXPECT_EQ(joiner.Put("x\xe6"), "x");
  EXPECT_EQ(joiner.Put("\x97"), "");
  EXPECT_EQ(joiner.Put("\xa5y"), "\xe6\x97\xa5y");
  EXPECT_EQ(joiner.Finish(), "");
}

TEST(Utf8JoinerTest, ACharacterThatIsBrokenOffIsReplaced) {
  Utf8Joiner joiner;
  EXPECT_EQ(joiner.Put("\xe6\x97"), "");
  EXPECT_EQ(joiner.Put("y"), "\uFFFDy");
}

TEST(Utf8JoinerTest, WhatIsMissingAtTheEndIsReplacedOnce) {
  Utf8Joiner joiner;
  EXPECT_EQ(joiner.Put("\xf0\x9f\x98"), "");
  EXPECT_EQ(joiner.Finish(), "\uFFFD");
  EXPECT_EQ(joiner.Finish(), "");
}

TEST(Utf8JoinerTest, BytesThatCanNeverBeTextAreReplacedAtOnce) {
  Utf8Joiner joiner;
  EXPECT_EQ(joiner.Put("\xff\x80\xc0"), "\uFFFD\uFFFD\uFFFD");
}

TEST(Utf8JoinerTest, AnyCutGivesTheWhole) {
  static constexpr std::string_view kBytes =
      "a\x80\xa5\xbf\xc3\xe0\xe6\xed\xf0\xf4\xff\x9f\x90\xc0";
  std::mt19937_64 random(20260504);
  for (int i = 0; i < 100000; ++i) {
    std::string whole(random() % 9, '\0');
    for (char& byte : whole) byte = kBytes[random() % kBytes.size()];
    Utf8Joiner joiner;
    std::string joined;
    for (size_t begin = 0; begin < whole.size();) {
      const size_t size = 1 + random() % 3;
      joined += joiner.Put(std::string_view(whole).substr(begin, size));
      ASSERT_TRUE(IsValidUtf8(joined));
      begin += size;
    }
    joined += joiner.Finish();
    ASSERT_EQ(joined, ReplaceInvalidUtf8(whole));
  }
}

}  // namespace
}  // namespace fullstop
