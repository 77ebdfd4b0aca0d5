#include "tokenizer/normalizer.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/error.h"
#include "tokenizer/charsmap_test_bytes.h"

namespace fullstop {
namespace {

using Kind = NormalizerStep::Kind;

std::string Normal(const std::vector<NormalizerStep>& steps,
                   std::string_view source) {
  AlignedText text(source);
  Normalizer(steps).Apply(&text);
  return std::string(text.text());
}

std::string Normal(Kind kind, std::string_view source) {
  return Normal({{.kind = kind}}, source);
}

TEST(NormalizerTest, FormsAreUnicodes) {
  EXPECT_EQ(Normal(Kind::kNfc, "e\u0301\uFB01"), "\u00E9\uFB01");
  EXPECT_EQ(Normal(Kind::kNfd, "\u00E9\uFB01"), "e\u0301\uFB01");
  EXPECT_EQ(Normal(Kind::kNfkc, "e\u0301\uFB01\uFF76\uFF9E"), "\u00E9fi\u30AC");
  EXPECT_EQ(Normal(Kind::kNfkd, "\u00E9\u00BD"), "e\u03011\u20442");
  // U+1F16C decomposes since Unicode 12, U+32FF since 12.1.
  EXPECT_EQ(Normal(Kind::kNfkc, "\U0001F16C\u32FF"), "\U0001F16C\u32FF");
}

TEST(NormalizerTest, SingleCharactersChange) {
  EXPECT_EQ(Normal(Kind::kLowercase, "\u00C9X\u0130\uA7DC"),
            "\u00E9xi\u0307\u019B");
  EXPECT_EQ(Normal(Kind::kStripAccents, "e\u0301a\u0323\u20DD"), "ea");
}

TEST(NormalizerTest, SpaceIsStrippedOnTheSidesAskedFor) {
  const auto strip = [](bool left, bool right, std::string_view text) {
    return Normal({{.kind = Kind::kStrip, .left = left, .right = right}}, text);
  };
  EXPECT_EQ(strip(true, false, " \u3000a "), "a ");
  EXPECT_EQ(strip(false, true, " a \u3000"), " a");
  EXPECT_EQ(strip(true, true, " \n "), "");
  EXPECT_EQ(strip(true, true, "a"), "a");
}

TEST(NormalizerTest, TextIsPutBeforeAndReplaced) {
  EXPECT_EQ(Normal({{.kind = Kind::kPrepend, .content = "_"},
                    {.kind = Kind::kReplace, .pattern = " ", .content = "_"}},
                   "a  b"),
            "_a__b");
  EXPECT_EQ(Normal({{.kind = Kind::kPrepend, .content = "_"}}, ""), "");
  EXPECT_EQ(Normal({{.kind = Kind::kReplacePattern,
                     .pattern = R"(\s+)",
                     .content = " "}},
                   "a \n\u3000b "),
            "a b ");
  EXPECT_THROW(
      Normal({{.kind = Kind::kReplacePattern, .pattern = "(?<x>a)"}}, "a"),
      Error);
}

// The map of charsmap_test_bytes.h: "a" is "x", "ab" is " y", "c" is "".
TEST(NormalizerTest, HuggingFaceAppliesAMapToClusters) {
  const std::string map = TestCharsmap();
  const std::vector<NormalizerStep> steps = {
      {.kind = Kind::kCharsmap, .content = map}};
  EXPECT_EQ(Normal(steps, "ab"), "xb");
  EXPECT_EQ(Normal(steps, "cd"), "d");
  // The whole cluster is replaced by what its first sequence becomes, unless it
  // is long.
  EXPECT_EQ(Normal(steps, "a\u0301b"), "xb");
  EXPECT_EQ(Normal(steps, "a\u0301\u0301\u0301"), "x\u0301\u0301\u0301");
}

TEST(NormalizerTest, SentencePieceTakesTheLongestSequence) {
  const std::string map = TestCharsmap();
  NormalizerStep step{.kind = Kind::kSentencePiece, .content = map};
  EXPECT_EQ(Normal({step}, "aab"), "x y");
  EXPECT_EQ(Normal({step}, " a  b "), " x  b ");
  step.kept = {"aa"};
  EXPECT_EQ(Normal({step}, "aab"), "aab");
  step.merge_spaces = step.space_before = step.mark_spaces = true;
  EXPECT_EQ(Normal({step}, "  a   ab  "), "\u2581x\u2581y");
  EXPECT_EQ(Normal({step}, "  "), "");
  step.space_before = false;
  step.space_behind = true;
  EXPECT_EQ(Normal({step}, " b "), "b\u2581");
}

TEST(NormalizerTest, ABrokenMapIsAnError) {
  const std::string map = TestCharsmap();
  for (const std::string& bytes :
       {std::string("abc"), map.substr(0, 20), std::string("\1\0\0\0x", 5)}) {
    EXPECT_THROW(Normal({{.kind = Kind::kCharsmap, .content = bytes}}, "a"),
                 Error);
  }
  // A trie that leads nowhere finds nothing.
  EXPECT_EQ(
      Normal({{.kind = Kind::kCharsmap,
               .content = std::string_view("\4\0\0\0\xFF\xFF\xFF\xFF", 8)}},
             "abc"),
      "abc");
}

}  // namespace
}  // namespace fullstop
