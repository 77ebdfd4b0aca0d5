#include "tokenizer/splitter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/error.h"
#include "tokenizer/pre_tokenizers.h"

namespace fullstop {
namespace {

using ::testing::ElementsAre;
using Pieces = std::vector<std::string>;

Pieces Split(const std::vector<SplitStep>& steps, std::string_view text) {
  Pieces pieces;
  for (const PieceRange& piece : Splitter(steps).Split(text)) {
    pieces.emplace_back(text.substr(piece.begin, piece.end - piece.begin));
  }
  return pieces;
}

Pieces SplitAt(std::string_view pattern, std::string_view text) {
  return Split({{.pattern = pattern}}, text);
}

Pieces SplitAs(std::string_view name, std::string_view text) {
  std::vector<SplitStep> steps;
  for (const SplitStep& step : FindPreTokenizer(name)->steps) {
    if (!step.pattern.empty()) steps.push_back(step);
  }
  return Split(steps, text);
}

TEST(SplitterTest, MatchesAndGapsArePieces) {
  EXPECT_THAT(SplitAt("[0-9]+", "ab12c3"), ElementsAre("ab", "12", "c", "3"));
  EXPECT_THAT(SplitAt("x", ""), ElementsAre());
  EXPECT_THAT(SplitAt("x", "abc"), ElementsAre("abc"));
}

TEST(SplitterTest, ContiguousMatchesAreOnePiece) {
  EXPECT_THAT(Split({{.pattern = "[0-9]",
                      .behavior = SplitStep::Behavior::kContiguous}},
                    "12a345"),
              ElementsAre("12", "a", "345"));
}

TEST(SplitterTest, AnEmptyMatchCuts) {
  EXPECT_THAT(SplitAt(R"((?=(\d{3})+(?!\d)))", "1234567"),
              ElementsAre("1", "234", "567"));
}

TEST(SplitterTest, EachStepSeesAPieceAsAWholeText) {
  // The end of the text comes before each newline.
  EXPECT_THAT(Split({{.pattern = "\n"}, {.pattern = R"(\s+$)"}}, "a  \n b "),
              ElementsAre("a", "  ", "\n", " b", " "));
}

TEST(SplitterTest, PropertiesAreThoseOfUnicode16) {
  // U+A7DC is a letter since 16.0; U+3007 is Han by script, U+3001 is not.
  EXPECT_THAT(SplitAt(R"(\p{L}+)", "\uA7DC1"), ElementsAre("\uA7DC", "1"));
  EXPECT_THAT(SplitAt(R"(\p{Han}+)", "\u3007\u3001"),
              ElementsAre("\u3007", "\u3001"));
  EXPECT_THAT(SplitAt(R"(\s)", "a\u0085b\u3000"),
              ElementsAre("a", "\u0085", "b", "\u3000"));
}

TEST(SplitterTest, ClassesNestNegateAndIntersect) {
  EXPECT_THAT(SplitAt(R"([\p{L}&&[^\p{Han}]]+)", "ab\u4E2Dc"),
              ElementsAre("ab", "\u4E2D", "c"));
  EXPECT_THAT(SplitAt(R"([^(\s|[.,])]+)", "ab.c(d e"),
              ElementsAre("ab", ".", "c", "(", "d", " ", "e"));
  EXPECT_THAT(SplitAt(R"([a\-c]+)", "ab-c"), ElementsAre("a", "b", "-c"));
}

TEST(SplitterTest, CaselessGroupsFoldAsOnigurumaDoes) {
  EXPECT_THAT(SplitAt("(?i:'s)", "x'S'\u017Fy's"),
              ElementsAre("x", "'S", "'\u017F", "y", "'s"));
  EXPECT_THAT(SplitAt("(?i:[sdmt])b", "\u017FbB"), ElementsAre("\u017Fb", "B"));
}

TEST(SplitterTest, WordBoundariesAreOnigurumas) {
  EXPECT_THAT(SplitAt(R"(\d+\b)", "12\u00B2 34a 5"),
              ElementsAre("12\u00B2 34a ", "5"));
}

TEST(SplitterTest, IllFormedBytesAreSplitAsTheReplacementCharacter) {
  EXPECT_THAT(SplitAt(R"(\p{L}+)", "ab\xFF\xE2\x82"),
              ElementsAre("ab", "\xFF\xE2\x82"));
  EXPECT_THAT(SplitAt(R"([^\p{L}])", "a\xFF\xFF"),
              ElementsAre("a", "\xFF", "\xFF"));
}

TEST(SplitterTest, StepsOnBytesMayCutACharacter) {
  // U+043C is D0 BC, and BC stands for itself, a fraction: a number.
  EXPECT_THAT(SplitAs("falcon", "\u043C"), ElementsAre("\xD0", "\xBC"));
  EXPECT_THAT(SplitAs("falcon", "a, b 12345"),
              ElementsAre("a", ",", " b", " ", "123", "45"));
}

TEST(SplitterTest, DigitsAreGroupedFromTheEndOfANumber) {
  EXPECT_THAT(SplitAs("afmoe", "1234567"), ElementsAre("1", "234", "567"));
  EXPECT_THAT(SplitAs("tiny_aya", "12345 123"),
              ElementsAre("12", "345", " ", "123"));
  EXPECT_THAT(SplitAs("superbpe", "1234567a12b"),
              ElementsAre("1", "234", "567", "a", "12", "b"));
  // A fraction is a number, but no digit.
  EXPECT_THAT(SplitAs("superbpe", "\u00BD1234\u00BD123"),
              ElementsAre("\u00BD1", "234\u00BD", "123"));
  // No word boundary behind the number: the next step groups from its start.
  EXPECT_THAT(SplitAs("tiny_aya", "12345a"), ElementsAre("123", "45", "a"));
}

TEST(SplitterTest, PatternsOutsideOfTheLanguageAreRefused) {
  for (const char* pattern :
       {"(a)\\1", "[:alpha:]\\p{Foo}", "a(", "a)", "[a", "(?<n>a)", "(?i)a",
        "[[:alpha:]]", "^a", "a{2}+", "\\", "(?i:\u00E9)", "*", "(*ACCEPT)",
        "a{5,2}", "[b-a]", "\\x{110000}", "(?<=a+)b"}) {
    EXPECT_THROW(SplitAt(pattern, "x"), Error) << pattern;
  }
  try {
    SplitAt("ab\\kc", "x");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), Error::Kind::kUnsupported);
    EXPECT_EQ(error.column(), 4u);
  }
}

TEST(SplitterTest, ABraceThatIsNoBoundIsALiteral) {
  EXPECT_THAT(SplitAt("[`{-~]|x{a", "{x{a"), ElementsAre("{", "x{a"));
}

TEST(PreTokenizersTest, EveryByteLevelNameCompiles) {
  for (const PreTokenizer& entry : AllPreTokenizers()) {
    if (entry.kind != PreTokenizer::Kind::kByteLevel) continue;
    const std::string first(entry.names.substr(0, entry.names.find(' ')));
    EXPECT_FALSE(
        SplitAs(first, "Hello w\u00F6rld 1234\n\n \u4F60\u597D!").empty());
  }
}

TEST(PreTokenizersTest, AnUnknownNameHasANearestOne) {
  EXPECT_EQ(FindPreTokenizer("qwen"), nullptr);
  EXPECT_EQ(FindPreTokenizer(""), nullptr);
  EXPECT_EQ(FindPreTokenizer("qwen2 deepseek-r1-qwen"), nullptr);
  EXPECT_EQ(NearestPreTokenizerName("qwen-2"), "qwen2");
  EXPECT_EQ(NearestPreTokenizerName("llama-bp"), "llama-bpe");
}

// A pattern that needs the square of the length would not come to an end.
TEST(PreTokenizersTest, LongRunsOfOneKindAreSplitInTime) {
  for (const PreTokenizer& entry : AllPreTokenizers()) {
    if (entry.kind != PreTokenizer::Kind::kByteLevel) continue;
    const std::string_view name = entry.names.substr(0, entry.names.find(' '));
    for (const char* piece : {"a", "A", " ", "\n", "!", "\r", "7", "\u4E2D",
                              "\u0301", "\u00BD", "aB", " a", "\r\n", "'s"}) {
      std::string run;
      while (run.size() < 300000) run += piece;
      EXPECT_FALSE(SplitAs(name, run).empty()) << name << piece;
    }
  }
}

}  // namespace
}  // namespace fullstop
