// The plain and the fast form of merging give the same, on one list of cases.
#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/merge_table.h"
#include "tokenizer/piece_merger.h"

namespace fullstop {
namespace {

std::string RandomText(std::mt19937* random, size_t size) {
  std::string text;
  while (text.size() < size) text += static_cast<char>('a' + (*random)() % 3);
  return text;
}

std::vector<MergeSymbol> Bytes(const std::string& text) {
  std::vector<MergeSymbol> word;
  for (size_t i = 0; i < text.size(); ++i) {
    word.push_back({text[i] - 'a', static_cast<uint32_t>(i + 1)});
  }
  return word;
}

// Ids 0 to 2 are the letters; each merge makes a new id of two older ones, so
// that many words have several ways to be merged.
MergeTable RandomMerges(std::mt19937* random) {
  const int count = 40;
  MergeTable table(count);
  std::vector<uint32_t> ranks;
  for (uint32_t i = 0; i < count; ++i) ranks.push_back(i);
  if ((*random)() % 2 == 0) std::shuffle(ranks.begin(), ranks.end(), *random);
  for (int i = 0; i < count; ++i) {
    const auto limit = static_cast<uint32_t>(3 + i);
    table.Add(static_cast<TokenId>((*random)() % limit),
              static_cast<TokenId>((*random)() % limit),
              {ranks[static_cast<size_t>(i)], 3 + i});
  }
  return table;
}

TEST(MergeTest, PlainAndHeapFormsAgree) {
  std::mt19937 random(1);
  for (int round = 0; round < 3000; ++round) {
    const MergeTable table = RandomMerges(&random);
    std::vector<MergeSymbol> plain = Bytes(RandomText(&random, random() % 60));
    std::vector<MergeSymbol> fast = plain;
    MergePlainly(table, &plain);
    MergeByHeap(table, &fast);
    ASSERT_EQ(plain, fast) << "round " << round;
  }
}

TEST(MergeTest, AMillionEqualBytesAreMergedInTime) {
  MergeTable table(2);
  table.Add(0, 0, {0, 3});
  table.Add(3, 3, {1, 4});
  std::vector<MergeSymbol> word = Bytes(std::string(1000000, 'a'));
  MergeByHeap(table, &word);
  EXPECT_EQ(word.size(), 250000u);
}

TEST(MergeTest, TheLeftmostOfEqualPairsMergesFirst) {
  MergeTable table(1);
  table.Add(0, 0, {0, 7});
  std::vector<MergeSymbol> word = Bytes("aaa");
  MergePlainly(table, &word);
  EXPECT_EQ(word, (std::vector<MergeSymbol>{{7, 2}, {0, 3}}));
}

TEST(MergeTest, ALaterMergeOfAPairStands) {
  MergeTable table(2);
  table.Add(0, 1, {0, 7});
  table.Add(0, 1, {5, 8});
  EXPECT_EQ(table.Find(0, 1)->rank, 5u);
  EXPECT_EQ(table.Find(0, 1)->merged, 8);
  EXPECT_EQ(table.Find(1, 0), nullptr);
}

// Letters, spaces' marks, a character outside of the BMP and ill-formed bytes.
std::string RandomCharacters(std::mt19937* random, size_t count) {
  constexpr const char* kCharacters[] = {"a",          "b",    "c",   "\u2581",
                                         "\U0001F600", "\xE2", "\x96"};
  std::string text;
  while (count-- > 0) text += kCharacters[(*random)() % std::size(kCharacters)];
  return text;
}

TEST(PieceMergerTest, PlainAndFastFormsAgree) {
  std::mt19937 random(2);
  for (int round = 0; round < 6000; ++round) {
    // Few pieces leave many places that none reaches across.
    const size_t count = 1 + random() % 40;
    std::vector<std::string> texts;
    for (size_t i = 0; i < count; ++i) {
      texts.push_back(round % 2 == 0
                          ? RandomText(&random, 1 + random() % 6)
                          : RandomCharacters(&random, 1 + random() % 4));
    }
    PieceTable table(texts.size());
    for (size_t i = 0; i < texts.size(); ++i) {
      // Few scores, so that ties are common.
      table.Add(texts[i], static_cast<TokenId>(i),
                -static_cast<float>(random() % 8));
    }
    const std::string text = round % 2 == 0
                                 ? RandomText(&random, random() % 60)
                                 : RandomCharacters(&random, random() % 60);
    const std::vector<PiecePart> whole = MergePiecesPlainly(table, text);
    ASSERT_EQ(whole, MergePieces(table, text)) << "round " << round;
    std::vector<PiecePart> by_parts;
    std::vector<uint32_t> ends;
    table.Cut(text, &ends);
    uint32_t begin = 0;
    for (const uint32_t end : ends) {
      const std::string_view part =
          std::string_view(text).substr(begin, end - begin);
      for (const PiecePart& each : MergePieces(table, part)) {
        by_parts.push_back({begin + each.end, each.id});
      }
      begin = end;
    }
    ASSERT_EQ(whole, by_parts) << "round " << round;
  }
}

TEST(PieceMergerTest, IllFormedBytesAreCharactersOfTheirOwn) {
  PieceTable table(1);
  const std::string text = "\xC7 \xE2\x96\x81\xFF";
  const std::vector<PiecePart> expected = {{1, -1}, {2, -1}, {5, -1}, {6, -1}};
  EXPECT_EQ(MergePieces(table, text), expected);
  EXPECT_EQ(MergePiecesPlainly(table, text), expected);
}

TEST(PieceMergerTest, AMillionEqualCharactersAreMergedInTime) {
  PieceTable table(2);
  table.Add("aa", 0, 0);
  table.Add("aaaa", 1, -1);
  EXPECT_EQ(MergePieces(table, std::string(1000000, 'a')).size(), 250000u);
}

}  // namespace
}  // namespace fullstop
