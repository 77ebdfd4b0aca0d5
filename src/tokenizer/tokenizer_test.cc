#include "tokenizer/tokenizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <random>
#include <string>

#include "base/error.h"
#include "base/utf8.h"
#include "tokenizer/byte_alphabet.h"
#include "tokenizer/pre_tokenizers.h"
#include "tokenizer/token_trie.h"
#include "tokenizer/tokenizer_spec.h"

namespace fullstop {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// A specification with the strings it needs.
struct Made {
  std::vector<std::string> texts;
  TokenizerSpec spec;

  void Add(std::string_view text, TokenKind kind = TokenKind::kNormal,
           float score = 0) {
    texts.reserve(1000);
    texts.emplace_back(text);
    spec.tokens.push_back({.text = texts.back(), .kind = kind, .score = score});
  }
  std::unique_ptr<Tokenizer> Make() const { return MakeTokenizer(spec); }
};

// Ids 0 to 255 are the bytes; then some words and added tokens.
Made ByteLevel() {
  Made made;
  for (int byte = 0; byte < 256; ++byte) {
    made.Add(BytesToAlphabet(std::string(1, static_cast<char>(byte))));
  }
  made.Add("he");                                 // 256
  made.Add("ll");                                 // 257
  made.Add("hell");                               // 258
  made.Add("hello");                              // 259
  made.Add("<|end|>", TokenKind::kControl);       // 260
  made.Add("<|end|>>", TokenKind::kUserDefined);  // 261
  made.Add("\u00F5", TokenKind::kUserDefined);    // 262: also byte F5's
  made.spec.merges = {{"h", "e"}, {"l", "l"}, {"he", "ll"}, {"hell", "o"}};
  made.spec.steps = {FindPreTokenizer("gpt-2")->steps[0]};
  return made;
}

// Ids 3 to 258 are the bytes.
Made SentencePiece() {
  Made made;
  made.spec.model = TokenizerModel::kSentencePieceBpe;
  made.spec.add_space_prefix = true;
  made.spec.declared.unk = 0;
  made.Add("<unk>", TokenKind::kUnknown);
  made.Add("<s>", TokenKind::kControl);
  made.Add("</s>", TokenKind::kControl);
  const char* digits = "0123456789ABCDEF";
  for (int byte = 0; byte < 256; ++byte) {
    made.Add(std::string("<0x") + digits[byte / 16] + digits[byte % 16] + ">",
             TokenKind::kByte);
  }
  for (const char* text :
       {"\u2581", "h", "i", "hi", "\u2581hi", "<", "s", ">", "<s"}) {
    made.Add(text, TokenKind::kNormal,
             -static_cast<float>(made.spec.tokens.size()));
  }
  return made;
}

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
  made.spec.declared.unk.reset();
  EXPECT_THAT(made.Make()->Encode("x"), ElementsAre(259));
}

TEST(SentencePieceTest, AScoreThatIsNoNumberIsAnError) {
  Made made = SentencePiece();
  made.spec.tokens[260].score = std::numeric_limits<float>::quiet_NaN();
  EXPECT_THROW(made.Make(), Error);
}

TEST(StreamDecoderTest, NeverGivesHalfACharacterAndLosesNothing) {
  const auto tokenizer = ByteLevel().Make();
  std::mt19937 random(5);
  for (int round = 0; round < 500; ++round) {
    std::string text;
    while (random() % 20 != 0) {
      if (round % 2 == 0 && random() % 3 == 0) {
        text += static_cast<char>(random());
      } else {
        AppendUtf8(random() % 0xD800, &text);
      }
    }
    StreamDecoder decoder(*tokenizer, true);
    std::string all;
    for (const char byte : text) {
      const std::string ready = decoder.Put(static_cast<uint8_t>(byte));
      if (IsValidUtf8(text)) {
        EXPECT_TRUE(IsValidUtf8(ready));
      }
      all += ready;
    }
    all += decoder.Finish();
    EXPECT_EQ(all, text);
  }
}

TEST(StreamDecoderTest, ACopyTakesBack) {
  const auto tokenizer = ByteLevel().Make();
  StreamDecoder decoder(*tokenizer, true);
  EXPECT_EQ(decoder.Put(0xC3), "");
  StreamDecoder copy = decoder;
  EXPECT_EQ(copy.Put(0xA9), "\u00E9");
  EXPECT_EQ(decoder.Put('x'), "\xC3x");
  EXPECT_EQ(decoder.Put(260, true), "<|end|>");
  EXPECT_EQ(decoder.Put(260), "");
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
