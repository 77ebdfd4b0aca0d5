#include "tokenizer/unicode_forms.h"

#include <gtest/gtest.h>

#include <string>

namespace fullstop {
namespace {

std::string Nfc(std::string_view text) {
  AlignedText aligned(text);
  ToUnicodeForm(UnicodeForm::kNfc, &aligned);
  return std::string(aligned.text());
}

TEST(UnicodeFormsTest, MarksComposeAndMove) {
  EXPECT_EQ(Nfc("e\u0301"), "\u00E9");
  EXPECT_EQ(Nfc("q\u0307\u0323"), "q\u0323\u0307");
  EXPECT_EQ(Nfc("\u1112\u1161\u11AB"), "\uD55C");
  EXPECT_EQ(Nfc("\u212B \uF900"), "\u00C5 \u8C48");
  EXPECT_EQ(Nfc("\u0344"), "\u0308\u0301");
  EXPECT_EQ(Nfc("abc \u4F60\u597D \u00E9"), "abc \u4F60\u597D \u00E9");
}

TEST(UnicodeFormsTest, LongRunsOfMarksAreOrderedInTime) {
  std::string source = "a";
  std::string normal = "\u1EA1";
  for (int i = 0; i < 200000; ++i) {
    source += "\u0301\u0323";
    if (i > 0) normal += "\u0323";
  }
  for (int i = 0; i < 200000; ++i) normal += "\u0301";
  EXPECT_EQ(Nfc(source), normal);
}

TEST(UnicodeFormsTest, CharactersAfterUnicode9StayWhereTheyAre) {
  // U+1ACC is a mark since 14.0: older marks are not moved across it.
  EXPECT_EQ(Nfc("a\u1ACC\u0323"), "a\u1ACC\u0323");
  // U+11938 composes since 13.0.
  EXPECT_EQ(Nfc("\U00011935\U00011930"), "\U00011935\U00011930");
}

TEST(UnicodeFormsTest, PlacesFindTheirWayBack) {
  const std::string source = "xe\u0301y\u0041\u030Az";
  AlignedText text(source);
  ToUnicodeForm(UnicodeForm::kNfc, &text);
  ASSERT_EQ(text.text(), "x\u00E9y\u00C5z");
  const auto range = [&](size_t begin, size_t end) {
    const ByteRange found = text.SourceOf({begin, end});
    return source.substr(found.begin, found.end - found.begin);
  };
  EXPECT_EQ(range(0, 1), "x");
  EXPECT_EQ(range(1, 3), "e\u0301");
  EXPECT_EQ(range(1, 2), "e\u0301");
  EXPECT_EQ(range(2, 3), "e\u0301");
  EXPECT_EQ(range(3, 4), "y");
  EXPECT_EQ(range(0, 7), source);
  EXPECT_EQ(range(4, 7), "A\u030Az");
}

TEST(UnicodeFormsTest, AnIllFormedSequenceWithoutTokensIsReplaced) {
  std::bitset<256> unspelt;
  unspelt[0xFF] = true;
  const std::string source = "a\xFF\xFE\u00FF";
  AlignedText text(source);
  ReplaceIllFormed(unspelt, &text);
  EXPECT_EQ(text.text(), "a\uFFFD\xFE\u00FF");
  EXPECT_EQ(text.SourceOf({2, 3}).begin, 1u);
  EXPECT_EQ(text.SourceOf({2, 3}).end, 2u);
}

}  // namespace
}  // namespace fullstop
