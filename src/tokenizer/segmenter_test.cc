#include "tokenizer/segmenter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace fullstop {
namespace {

using ::testing::ElementsAre;
using Behavior = SplitStep::Behavior;

std::vector<std::string> Cut(const std::vector<PreTokenizerStep>& steps,
                             std::string_view source, size_t offset = 0) {
  AlignedText text(source);
  std::vector<PieceRange> pieces = {{0, static_cast<uint32_t>(source.size())}};
  Segmenter(steps).Cut(offset, &text, &pieces);
  std::vector<std::string> cut;
  for (const PieceRange& piece : pieces) {
    cut.emplace_back(text.text().substr(piece.begin, piece.end - piece.begin));
  }
  return cut;
}

std::vector<std::string> CutAt(Behavior behavior, bool invert,
                               std::string_view text) {
  return Cut(
      {SplitStep{.pattern = "[xy]", .behavior = behavior, .invert = invert}},
      text);
}

TEST(SegmenterTest, MatchesGoWhereTheBehaviorSays) {
  EXPECT_THAT(CutAt(Behavior::kIsolated, false, "axxb"),
              ElementsAre("a", "x", "x", "b"));
  EXPECT_THAT(CutAt(Behavior::kContiguous, false, "axxb"),
              ElementsAre("a", "xx", "b"));
  EXPECT_THAT(CutAt(Behavior::kRemoved, false, "axxb"), ElementsAre("a", "b"));
  EXPECT_THAT(CutAt(Behavior::kMergedWithPrevious, false, "axxbx"),
              ElementsAre("ax", "x", "bx"));
  EXPECT_THAT(CutAt(Behavior::kMergedWithNext, false, "xaxxbx"),
              ElementsAre("xa", "x", "xb", "x"));
  EXPECT_THAT(CutAt(Behavior::kRemoved, true, "axxb"), ElementsAre("x", "x"));
  EXPECT_THAT(CutAt(Behavior::kMergedWithPrevious, true, "axxb"),
              ElementsAre("a", "x", "xb"));
}

TEST(SegmenterTest, SpacesAreMarkedAndOneIsPutBefore) {
  const auto mark = [](SpacePrefix prefix, std::string_view text,
                       size_t offset) {
    return Cut({SpaceStep{.mark = "_", .prefix = prefix}}, text, offset);
  };
  EXPECT_THAT(mark(SpacePrefix::kAlways, "a b", 5), ElementsAre("_a_b"));
  EXPECT_THAT(mark(SpacePrefix::kAlways, " a", 0), ElementsAre("_a"));
  EXPECT_THAT(mark(SpacePrefix::kFirst, "a", 0), ElementsAre("_a"));
  EXPECT_THAT(mark(SpacePrefix::kFirst, "a", 5), ElementsAre("a"));
  EXPECT_THAT(mark(SpacePrefix::kNever, "a b", 0), ElementsAre("a_b"));
}

TEST(SegmenterTest, StepsFollowEachOther) {
  EXPECT_THAT(
      Cut({SplitStep{.pattern = R"(\s)", .behavior = Behavior::kRemoved},
           SpaceStep{.mark = "_", .prefix = SpacePrefix::kAlways},
           SplitStep{.pattern = "-"}},
          "a-b \u00E9 "),
      ElementsAre("_a", "-", "b", "_\u00E9"));
}

TEST(SegmenterTest, TokensAreLeftAlone) {
  AlignedText text("a b a b");
  std::vector<PieceRange> pieces = {{0, 2}, {2, 5, 7}, {5, 7}};
  Segmenter({SpaceStep{.mark = "__", .prefix = SpacePrefix::kFirst},
             SplitStep{.pattern = "[ab]", .behavior = Behavior::kRemoved}})
      .Cut(0, &text, &pieces);
  EXPECT_EQ(text.text(), "__a__b a__b");
  EXPECT_THAT(pieces, ElementsAre(PieceRange{0, 2}, PieceRange{3, 5},
                                  PieceRange{5, 8, 7}, PieceRange{8, 10}));
  EXPECT_EQ(text.SourceOf({5, 8}).begin, 2u);
  EXPECT_EQ(text.SourceOf({5, 8}).end, 5u);
}

}  // namespace
}  // namespace fullstop
