#include "tokenizer/piece_cache.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace fullstop {
namespace {

using enum PieceCache::Kind;

std::vector<TokenId> Ids(const std::vector<PieceToken>& tokens) {
  std::vector<TokenId> ids;
  for (const PieceToken& token : tokens) ids.push_back(token.id);
  return ids;
}

TEST(PieceCacheTest, WhatWasKeptComesBack) {
  PieceCache cache;
  std::vector<PieceToken> tokens;
  EXPECT_FALSE(cache.Append("token", kPiece, 0, &tokens));
  const std::vector<PieceToken> made = {{7, 0, 2}, {8, 2, 5}};
  cache.Keep("token", kPiece, 0, made);
  tokens = {{1, 0, 1}};
  ASSERT_TRUE(cache.Append("token", kPiece, 0, &tokens));
  EXPECT_THAT(Ids(tokens), ::testing::ElementsAre(1, 7, 8));
  EXPECT_EQ(tokens[2].begin, 2U);
  EXPECT_EQ(tokens[2].end, 5U);
  EXPECT_FALSE(cache.Append("toke", kPiece, 0, &tokens));
}

TEST(PieceCacheTest, WhatDoesNotFitIsNotKept) {
  PieceCache cache;
  std::vector<PieceToken> tokens;
  const std::string long_piece(31, 'a');
  cache.Keep(long_piece, kPiece, 0, std::vector<PieceToken>{{7, 0, 31}});
  EXPECT_FALSE(cache.Append(long_piece, kPiece, 0, &tokens));
  std::vector<PieceToken> many;
  for (uint32_t i = 0; i < 7; ++i) many.push_back({1, i, i + 1});
  cache.Keep("1234567", kPiece, 0, many);
  EXPECT_FALSE(cache.Append("1234567", kPiece, 0, &tokens));
  // Both bytes of a character, by tokens that share it.
  cache.Keep("é", kPiece, 0, std::vector<PieceToken>{{1, 0, 2}, {2, 0, 2}});
  EXPECT_FALSE(cache.Append("é", kPiece, 0, &tokens));
  EXPECT_TRUE(tokens.empty());
}

TEST(PieceCacheTest, OfTwoInOnePlaceTheLaterStays) {
  PieceCache cache;
  std::vector<std::string> pieces;
  for (int i = 0; i < 50000; ++i) pieces.push_back("w" + std::to_string(i));
  for (size_t i = 0; i < pieces.size(); ++i) {
    const auto end = static_cast<uint32_t>(pieces[i].size());
    cache.Keep(pieces[i], kPiece, 0,
               std::vector<PieceToken>{{static_cast<TokenId>(i), 0, end}});
  }
  size_t known = 0;
  for (size_t i = 0; i < pieces.size(); ++i) {
    std::vector<PieceToken> tokens;
    if (!cache.Append(pieces[i], kPiece, 0, &tokens)) continue;
    ++known;
    EXPECT_THAT(Ids(tokens), ::testing::ElementsAre(static_cast<TokenId>(i)));
  }
  EXPECT_GT(known, 5000U);
  EXPECT_LE(known, 1U << 14);
  std::vector<PieceToken> last;
  EXPECT_TRUE(cache.Append(pieces.back(), kPiece, 0, &last));
}

}  // namespace
}  // namespace fullstop
