#include "format/quote.h"

#include <gtest/gtest.h>

#include <string>

namespace fullstop {
namespace {

TEST(QuoteNameTest, OrdinaryNameStaysWhatItIs) {
  EXPECT_EQ(QuoteName("blk.0.attn_q.weight"), "'blk.0.attn_q.weight'");
  EXPECT_EQ(QuoteName("Straße 東"), "'Straße 東'");
  EXPECT_EQ(QuoteName(""), "''");
  EXPECT_EQ(QuoteName(std::string(80, 'x')), "'" + std::string(80, 'x') + "'");
}

TEST(QuoteNameTest, ControlCharactersAndBrokenUtf8AreReplaced) {
  EXPECT_EQ(QuoteName("a\x1B[2Jb\n"), "'a\uFFFD[2Jb\uFFFD'");
  EXPECT_EQ(QuoteName("\xC2\x9B"), "'\uFFFD'");
  EXPECT_EQ(QuoteName("\xFFz\xC3"), "'\uFFFDz\uFFFD'");
}

TEST(QuoteNameTest, LongNameIsCutBetweenCharacters) {
  EXPECT_EQ(QuoteName(std::string(81, 'x')), "'" + std::string(80, 'x') + "…'");
  EXPECT_EQ(QuoteName(std::string(79, 'x') + "ß..."),
            "'" + std::string(79, 'x') + "…'");
}

}  // namespace
}  // namespace fullstop
