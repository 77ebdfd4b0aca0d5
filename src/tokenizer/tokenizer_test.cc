#include "tokenizer/tokenizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <random>
#include <string>

#include "base/error.h"
#include "tokenizer/test_vocabularies.h"
#include "tokenizer/token_trie.h"
#include "tokenizer/tokenizer_spec.h"

namespace fullstop {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

EncodeOptions Whole(const ByteRange& range) {
  return {.control_ranges = {&range, 1}, .extra_control = {}};
}

TEST(ByteLevelTest, WordsMergeByRank) {
  const auto tokenizer = ByteLevel().Make();
  EXPECT_THAT(tokenizer->Encode("hello"), ElementsAre(259));
  EXPECT_THAT(tokenizer->Encode("hellx he"), ElementsAre(258, 'x', ' ', 256));
  EXPECT_THAT(tokenizer->Encode(""), IsEmpty());
}

TEST(ByteLevelTest, EveryByteRoundTrips) {
  const auto tokenizer = ByteLevel().Make();
  std::mt19937 random(3);
  for (int round = 0; round < 500; ++round) {
    std::string text;
    while (random() % 40 != 0) text += static_cast<char>(random());
    EXPECT_EQ(tokenizer->Decode(tokenizer->Encode(text)), text);
    size_t reached = 0;
    for (const EncodedToken& token : tokenizer->EncodeWithSource(text, {})) {
      EXPECT_EQ(token.source.begin, reached);
      reached = token.source.end;
    }
    EXPECT_EQ(reached, text.size());
  }
}

TEST(ByteLevelTest, ControlTokensAreFoundInTheirRangesOnly) {
  const auto tokenizer = ByteLevel().Make();
  const std::string text = "<|end|><|end|>";
  const ByteRange first{0, 7};
  EXPECT_EQ(tokenizer->Encode(text).size(), 14u);
  const std::vector<TokenId> ids = tokenizer->Encode(text, Whole(first));
  EXPECT_EQ(ids.size(), 8u);
  EXPECT_EQ(ids[0], 260);
  // A range that ends one byte early does not hold the token.
  const ByteRange almost{0, 6};
  EXPECT_EQ(tokenizer->Encode(text, Whole(almost)).size(), 14u);
  const ByteRange whole{0, text.size()};
  EXPECT_THAT(tokenizer->Encode(text, Whole(whole)), ElementsAre(260, 260));
}

TEST(ByteLevelTest, TheLongestAddedTokenWinsAndUserDefinedOnesMatchEverywhere) {
  const auto tokenizer = ByteLevel().Make();
  EXPECT_THAT(tokenizer->Encode("<|end|>>"), ElementsAre(261));
  const ByteRange all{0, 8};
  EXPECT_THAT(tokenizer->Encode("<|end|>>", Whole(all)), ElementsAre(261));
}

TEST(ByteLevelTest, OfOverlappingAddedTokensTheLeftmostThenTheLongestWins) {
  Made made = ByteLevel();
  made.Add("ab", TokenKind::kControl);        // 263
  made.Add("abc", TokenKind::kUserDefined);   // 264
  made.Add("bcdef", TokenKind::kControl);     // 265
  made.Add("cd", TokenKind::kUserDefined);    // 266
  made.Add("\n\n", TokenKind::kUserDefined);  // 267
  made.Add("\n\n\n", TokenKind::kUserDefined);
  const auto tokenizer = made.Make();
  const ByteRange all{0, 6};
  EXPECT_THAT(tokenizer->Encode("abcdef", Whole(all)),
              ElementsAre(264, 'd', 'e', 'f'));
  EXPECT_THAT(tokenizer->Encode("abdef", Whole(all)),
              ElementsAre(263, 'd', 'e', 'f'));
  EXPECT_THAT(tokenizer->Encode("bcdef", Whole(all)), ElementsAre(265));
  // Where "bcdef" is text, what lies in it is found.
  EXPECT_THAT(tokenizer->Encode("bcdef"), ElementsAre('b', 266, 'e', 'f'));
  EXPECT_THAT(tokenizer->Encode("\n\n\n\n\n"), ElementsAre(268, 267));
}

TEST(ByteLevelTest, TextsThatAreNoUtf8MakeNoMerges) {
  Made made = ByteLevel();
  made.Add("\xFF\xFE");                           // 263: an ordinary token
  made.Add("\xFF<", TokenKind::kControl);         // 264
  made.Add("\xE2\x96", TokenKind::kUserDefined);  // 265: half a character
  made.spec.merges.emplace_back("\xFF", "\xFE");
  const auto tokenizer = made.Make();
  EXPECT_THAT(tokenizer->Encode("\xFF\xFE"), ElementsAre(0xFF, 0xFE));
  const ByteRange all{0, 4};
  EXPECT_THAT(tokenizer->Encode("a\xFF<b", Whole(all)),
              ElementsAre('a', 264, 'b'));
  EXPECT_EQ(tokenizer->Decode(tokenizer->Encode("\u2581\xE2\x96")),
            "\u2581\xE2\x96");
  EXPECT_THAT(tokenizer->remarks(), Contains(HasSubstr("1 merges")));
}

TEST(ByteLevelTest, ExtraControlTokensKeepToTheRangesToo) {
  const auto tokenizer = ByteLevel().Make();
  const TokenId extra[] = {261};
  const ByteRange all{0, 8};
  EXPECT_EQ(
      tokenizer
          ->Encode("<|end|>>", {.control_ranges = {}, .extra_control = extra})
          .size(),
      8u);
  EXPECT_THAT(tokenizer->Encode("<|end|>>", {.control_ranges = {&all, 1},
                                             .extra_control = extra}),
              ElementsAre(261));
}

TEST(ByteLevelTest, AnAddedTokenIsItsTextAndNoByte) {
  const auto tokenizer = ByteLevel().Make();
  EXPECT_EQ(tokenizer->TokenBytes(262), "\u00F5");
  EXPECT_THAT(tokenizer->Encode("\u00F5"), ElementsAre(262));
  EXPECT_THAT(tokenizer->Encode("\xF5"), ElementsAre(0xF5));
}

TEST(ByteLevelTest, StripFlagsSwallowWhiteSpace) {
  Made made = ByteLevel();
  made.spec.tokens[260].rstrip = true;
  made.spec.tokens[260].lstrip = true;
  const auto tokenizer = made.Make();
  const std::string text = "a \u3000<|end|> \n\tb";
  const ByteRange all{0, text.size()};
  const auto tokens = tokenizer->EncodeWithSource(text, Whole(all));
  ASSERT_EQ(tokens.size(), 3u);
  EXPECT_EQ(tokens[1].source.begin, 1u);
  EXPECT_EQ(tokens[1].source.end, text.size() - 1);
  EXPECT_EQ(tokens[2].id, 'b');
}

TEST(ByteLevelTest, IgnoreMergesTakesAWholePiece) {
  Made made = ByteLevel();
  made.Add("xyz");  // 263, of no merge
  EXPECT_THAT(made.Make()->Encode("xyz"), ElementsAre('x', 'y', 'z'));
  made.spec.ignore_merges = true;
  EXPECT_THAT(made.Make()->Encode("xyz"), ElementsAre(263));
}

TEST(ByteLevelTest, ControlTokensAreNeverMadeByMerging) {
  Made made = ByteLevel();
  made.Add("ab", TokenKind::kControl);
  made.spec.merges.emplace_back("a", "b");
  made.spec.ignore_merges = true;
  const auto tokenizer = made.Make();
  EXPECT_THAT(tokenizer->Encode("ab"), ElementsAre('a', 'b'));
  EXPECT_THAT(tokenizer->remarks(), Contains(HasSubstr("1 merges")));
}

TEST(ByteLevelTest, OddTablesAreLivedWithAndRemarkedOn) {
  Made made = ByteLevel();
  made.Add("he");
  made.Add("");
  made.Add("\xFF\xFE");
  made.spec.merges.emplace_back("no", "such");
  made.spec.declared.eos = 9999;
  made.spec.declared.bos = -1;
  const auto tokenizer = made.Make();
  EXPECT_THAT(tokenizer->Encode("hello"), ElementsAre(259));
  EXPECT_FALSE(tokenizer->declared().eos);
  EXPECT_FALSE(tokenizer->declared().bos);
  EXPECT_EQ(tokenizer->remarks().size(), 4u);
  EXPECT_EQ(tokenizer->FindToken("he"), 256);
  EXPECT_EQ(tokenizer->TokenBytes(265), "\xFF\xFE");
  EXPECT_EQ(tokenizer->TokenBytes(264), "");
}

TEST(ByteLevelTest, BytesWithoutTokensAreLeftOut) {
  Made made = ByteLevel();
  made.spec.tokens['x'].text = "";
  const auto tokenizer = made.Make();
  EXPECT_THAT(tokenizer->Encode("axb"), ElementsAre('a', 'b'));
  EXPECT_THAT(tokenizer->remarks(), Contains(HasSubstr("1 bytes")));
}

TEST(ByteLevelTest, ATableWithoutBytesIsAnError) {
  Made made;
  EXPECT_THROW(made.Make(), Error);
  made.Add("hello world");
  EXPECT_THROW(made.Make(), Error);
}

TEST(SentencePieceTest, TheFirstWordGetsASpace) {
  const auto tokenizer = SentencePiece().Make();
  EXPECT_THAT(tokenizer->Encode("hi"), ElementsAre(263));
  EXPECT_THAT(tokenizer->Encode(" hi"), ElementsAre(259, 263));
  EXPECT_EQ(tokenizer->Decode(tokenizer->Encode("hi hi")), "hi hi");
  EXPECT_EQ(tokenizer->Decode(tokenizer->Encode(" hi")), " hi");
}

TEST(SentencePieceTest, AWordBehindAControlTokenGetsASpaceToo) {
  const auto tokenizer = SentencePiece().Make();
  const std::string text = "<s>hi</s> hi";
  const ByteRange all{0, text.size()};
  const std::vector<TokenId> ids = tokenizer->Encode(text, Whole(all));
  EXPECT_THAT(ids, ElementsAre(1, 263, 2, 259, 263));
  EXPECT_EQ(tokenizer->Decode(ids), text);
  EXPECT_EQ(tokenizer->Decode(ids, /*show_control=*/false), "hi hi");
}

TEST(SentencePieceTest, ASpellingOfAControlTokenIsText) {
  const auto tokenizer = SentencePiece().Make();
  EXPECT_THAT(tokenizer->Encode("<s>"), ElementsAre(259, 267, 266));
}

TEST(SentencePieceTest, UnknownCharactersBecomeBytesThatShareTheirSource) {
  const auto tokenizer = SentencePiece().Make();
  const auto tokens = tokenizer->EncodeWithSource("\u00E9", {});
  ASSERT_EQ(tokens.size(), 3u);
  EXPECT_EQ(tokens[0].source.end, 0u);
  EXPECT_EQ(tokens[1].id, 3 + 0xC3);
  EXPECT_EQ(tokens[1].source.begin, 0u);
  EXPECT_EQ(tokens[1].source.end, 2u);
  EXPECT_EQ(tokens[2].source.end, 2u);
}

TEST(SentencePieceTest, EveryByteRoundTrips) {
  const auto tokenizer = SentencePiece().Make();
  std::mt19937 random(4);
  for (int round = 0; round < 500; ++round) {
    std::string text;
    while (random() % 40 != 0) text += static_cast<char>(random());
    EXPECT_EQ(tokenizer->Decode(tokenizer->Encode(text)), text);
  }
}

TEST(SentencePieceTest, WithoutBytesTheUnknownTokenStands) {
  Made made = SentencePiece();
  for (int byte = 0; byte < 256; ++byte) {
    made.spec.tokens[static_cast<size_t>(3 + byte)].text = "";
  }
  EXPECT_THAT(made.Make()->Encode("x"), ElementsAre(259, 0));
  made.spec.unknown.reset();
  EXPECT_THAT(made.Make()->Encode("x"), ElementsAre(259));
}

TEST(SentencePieceTest, UserDefinedTokensMatchEverywhereAndAsPieces) {
  Made made = SentencePiece();
  made.Add("  ", TokenKind::kUserDefined);    // 268
  made.Add("    ", TokenKind::kUserDefined);  // 269
  const auto tokenizer = made.Make();
  // The word behind an added token gets a space.
  EXPECT_THAT(tokenizer->Encode("hi      hi"), ElementsAre(263, 269, 268, 263));
  EXPECT_EQ(tokenizer->Decode(tokenizer->Encode("hi      hi")), "hi      hi");
  made.SetSpacePrefix(false);
  EXPECT_THAT(made.Make()->Encode("hi  hi"), ElementsAre(262, 268, 262));
}

TEST(SentencePieceTest, AUserDefinedTokensMarksAreSpacesToo) {
  Made made = SentencePiece();
  made.Add("\u2581\u2581", TokenKind::kUserDefined);  // 268
  made.Add("<\u2581>", TokenKind::kControl);          // 269
  const auto tokenizer = made.Make();
  EXPECT_THAT(tokenizer->Encode("hi  "), ElementsAre(263, 268));
  EXPECT_EQ(tokenizer->Decode(tokenizer->Encode("hi  ")), "hi  ");
  EXPECT_EQ(tokenizer->TokenBytes(268), "  ");
  EXPECT_EQ(tokenizer->TokenBytes(269), "<\u2581>");
}

TEST(SentencePieceTest, ATableWithoutTextIsAnError) {
  Made made;
  made.spec.model = TokenizerModel::kSentencePieceBpe;
  made.Add("<unk>", TokenKind::kUnknown);
  made.spec.byte_fallback = true;
  made.spec.unknown = 0;
  EXPECT_THROW(made.Make(), Error);
  made.Add("<0x41>", TokenKind::kByte);
  EXPECT_THAT(made.Make()->Encode("AB"), ElementsAre(1, 0));
}

TEST(SentencePieceTest, AScoreThatIsNoNumberIsAnError) {
  Made made = SentencePiece();
  made.spec.tokens[260].score = std::numeric_limits<float>::quiet_NaN();
  EXPECT_THROW(made.Make(), Error);
}

TEST(TokenTrieTest, FindsTokensByPrefix) {
  const auto tokenizer = ByteLevel().Make();
  const TokenTrie trie(*tokenizer);
  EXPECT_EQ(trie.Ids(trie.Root()).size(), tokenizer->size() - 1);
  EXPECT_THAT(trie.Ids(trie.Find("he")), ElementsAre(256, 258, 259));
  EXPECT_THAT(trie.Complete(trie.Find("he")), ElementsAre(256));
  EXPECT_THAT(trie.Complete(trie.Find("hel")), IsEmpty());
  EXPECT_THAT(trie.Ids(trie.Find("\xC3")), ElementsAre(0xC3, 262));
  EXPECT_TRUE(trie.Find("hex").empty());
  EXPECT_TRUE(trie.Step(trie.Find("hex"), 'y').empty());
}

}  // namespace
}  // namespace fullstop
