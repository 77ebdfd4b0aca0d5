#include "base/utf8.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace fullstop {
namespace {

TEST(Utf8Test, EveryScalarValueRoundTrips) {
  for (char32_t value = 0; value <= 0x10FFFF; ++value) {
    if (value >= 0xD800 && value <= 0xDFFF) continue;
    std::string text;
    AppendUtf8(value, &text);
    const CodePoint point = DecodeCodePoint(text);
    ASSERT_TRUE(point.valid) << static_cast<uint32_t>(value);
    ASSERT_EQ(point.value, value);
    ASSERT_EQ(point.length, text.size());
    for (size_t cut = 1; cut < text.size(); ++cut) {
      ASSERT_EQ(IncompleteUtf8Suffix("a" + text.substr(0, cut)), cut);
    }
    ASSERT_EQ(IncompleteUtf8Suffix(text), 0u);
  }
}

std::string Replacements(int count) {
  std::string text;
  while (count-- > 0) text += "\xEF\xBF\xBD";
  return text;
}

TEST(Utf8Test, IllFormedBytesAreReplacedAsTheUnicodeStandardShows) {
  // Unicode 15, tables 3-8 to 3-11.
  EXPECT_EQ(ReplaceInvalidUtf8("\xC0\xAF\xE0\x80\xBF\xF0\x81\x82\x41"),
            Replacements(8) + "A");
  EXPECT_EQ(ReplaceInvalidUtf8("\xED\xA0\x80\xED\xBF\xBF\xED\xAF\x41"),
            Replacements(8) + "A");
  EXPECT_EQ(ReplaceInvalidUtf8("\xF4\x91\x92\x93\xFF\x41\x80\xBF\x42"),
            Replacements(5) + "A" + Replacements(2) + "B");
  EXPECT_EQ(ReplaceInvalidUtf8("\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41"),
            Replacements(4) + "A");
}

TEST(Utf8Test, BytesThatNothingCanCompleteAreNotHeldBack) {
  EXPECT_EQ(IncompleteUtf8Suffix("\xC0"), 0u);
  EXPECT_EQ(IncompleteUtf8Suffix("\xED\xA0"), 0u);
  EXPECT_EQ(IncompleteUtf8Suffix("\xFF"), 0u);
  EXPECT_EQ(IncompleteUtf8Suffix(""), 0u);
}

TEST(Utf8Test, ACharacterStartsAtItsFirstByte) {
  const std::string text = "a\u00e9\U0001f642";
  const std::vector<size_t> starts = {0, 1, 1, 3, 3, 3, 3, 7, 7};
  for (size_t at = 0; at < starts.size(); ++at) {
    EXPECT_EQ(CharacterStart(text, at), starts[at]) << at;
  }
}

}  // namespace
}  // namespace fullstop
