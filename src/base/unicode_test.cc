#include "base/unicode.h"

#include <gtest/gtest.h>

#include <cstddef>

namespace fullstop {
namespace {

size_t Count(const CodePointSet& set) {
  size_t count = 0;
  for (const CodePointRange& range : set.ranges()) {
    count += range.last - range.first + 1;
  }
  return count;
}

// The counts are Oniguruma 6.9.10's, without surrogates; \p{Cs} is not asked.
TEST(UnicodeTest, CategoriesHaveTheSizesOfUnicode16) {
  EXPECT_EQ(Count(*UnicodeProperty("L")), 141028u);
  EXPECT_EQ(Count(*UnicodeProperty("Lu")), 1858u);
  EXPECT_EQ(Count(*UnicodeProperty("Ll")), 2258u);
  EXPECT_EQ(Count(*UnicodeProperty("Lt")), 31u);
  EXPECT_EQ(Count(*UnicodeProperty("Lm")), 404u);
  EXPECT_EQ(Count(*UnicodeProperty("Lo")), 136477u);
  EXPECT_EQ(Count(*UnicodeProperty("M")), 2501u);
  EXPECT_EQ(Count(*UnicodeProperty("N")), 1911u);
  EXPECT_EQ(Count(*UnicodeProperty("Nd")), 760u);
  EXPECT_EQ(Count(*UnicodeProperty("P")), 855u);
  EXPECT_EQ(Count(*UnicodeProperty("S")), 8514u);
  EXPECT_EQ(Count(*UnicodeProperty("Han")), 99030u);
  EXPECT_EQ(Count(*UnicodeProperty("White_Space")), 25u);
}

TEST(UnicodeTest, CategoriesCoverEveryCodePointOnce) {
  size_t count = 0;
  CodePointSet all;
  for (const char* name : {"C", "L", "M", "N", "P", "S", "Z"}) {
    count += Count(*UnicodeProperty(name));
    all = all.Union(*UnicodeProperty(name));
  }
  EXPECT_EQ(count, 0x110000u);
  EXPECT_TRUE(all.Complement().empty());
}

TEST(UnicodeTest, AnUnknownNameIsNoProperty) {
  EXPECT_FALSE(UnicodeProperty(""));
  EXPECT_FALSE(UnicodeProperty("X"));
  EXPECT_FALSE(UnicodeProperty("Lx"));
  EXPECT_FALSE(UnicodeProperty("Letter"));
}

TEST(UnicodeTest, SpacesAreThoseOfTheSet) {
  const CodePointSet spaces = *UnicodeProperty("White_Space");
  for (char32_t value = 0; value < 0x110000; ++value) {
    ASSERT_EQ(IsUnicodeSpace(value), spaces.Contains(value))
        << static_cast<uint32_t>(value);
  }
}

TEST(CodePointSetTest, OverlappingAndAdjacentRangesAreJoined) {
  const CodePointSet set({{10, 20}, {5, 7}, {21, 25}, {6, 8}, {15, 16}});
  EXPECT_EQ(set.ranges(), (std::vector<CodePointRange>{{5, 8}, {10, 25}}));
  EXPECT_TRUE(set.Contains(5));
  EXPECT_FALSE(set.Contains(9));
  EXPECT_TRUE(set.Contains(25));
  EXPECT_FALSE(set.Contains(26));
  EXPECT_FALSE(set.Contains(0));
}

TEST(CodePointSetTest, ComplementAndIntersectionFollowTheirDefinition) {
  const CodePointSet a({{0, 10}, {20, 30}, {0x10FFFF, 0x10FFFF}});
  const CodePointSet b({{5, 25}});
  EXPECT_EQ(a.Complement().Complement(), a);
  EXPECT_EQ(a.Intersection(b), CodePointSet({{5, 10}, {20, 25}}));
  EXPECT_EQ(a.Complement().ranges(),
            (std::vector<CodePointRange>{{11, 19}, {31, 0x10FFFE}}));
  EXPECT_TRUE(CodePointSet().Complement().Complement().empty());
}

}  // namespace
}  // namespace fullstop
