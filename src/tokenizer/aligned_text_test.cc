#include "tokenizer/aligned_text.h"

#include <gtest/gtest.h>

#include <string>

namespace fullstop {
namespace {

std::string Source(const AlignedText& text, std::string_view source,
                   size_t begin, size_t end) {
  const ByteRange range = text.SourceOf({begin, end});
  return std::string(source.substr(range.begin, range.end - range.begin));
}

void Edit(AlignedText* text, ByteRange range, std::string_view replacement) {
  AlignedText::Edits edits(text);
  edits.Replace(range, replacement);
  edits.Commit();
}

TEST(AlignedTextTest, AnUnchangedTextIsItsSource) {
  const std::string source = "hello";
  AlignedText text(source);
  AlignedText::Edits(&text).Commit();
  EXPECT_EQ(text.text().data(), source.data());
  EXPECT_EQ(Source(text, source, 1, 3), "el");
}

TEST(AlignedTextTest, PlacesFindTheirWayThroughSeveralSteps) {
  const std::string source = "one two";
  AlignedText text(source);
  Edit(&text, {0, 0}, "__");
  ASSERT_EQ(text.text(), "__one two");
  Edit(&text, {5, 6}, "<space>");
  ASSERT_EQ(text.text(), "__one<space>two");
  EXPECT_EQ(Source(text, source, 0, 2), "");
  EXPECT_EQ(Source(text, source, 0, 5), "one");
  EXPECT_EQ(Source(text, source, 6, 8), " ");
  EXPECT_EQ(Source(text, source, 5, 15), " two");
}

TEST(AlignedTextTest, WhatWasTakenOutIsInNoRange) {
  const std::string source = "  a b";
  AlignedText text(source);
  Edit(&text, {0, 2}, "");
  ASSERT_EQ(text.text(), "a b");
  EXPECT_EQ(Source(text, source, 0, 1), "a");
  Edit(&text, {1, 2}, "");
  ASSERT_EQ(text.text(), "ab");
  EXPECT_EQ(Source(text, source, 0, 1), "a");
  EXPECT_EQ(Source(text, source, 1, 2), "b");
  EXPECT_EQ(Source(text, source, 0, 2), "a b");
}

}  // namespace
}  // namespace fullstop
