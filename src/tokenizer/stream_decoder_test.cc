#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "base/utf8.h"
#include "tokenizer/test_vocabularies.h"
#include "tokenizer/tokenizer.h"

namespace fullstop {
namespace {

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

// What ids decode to, said plainly: the bytes of each, less the space that
// encoding puts before a word at the start and behind an added token.
std::string PlainlyDecoded(const Tokenizer& tokenizer,
                           const std::vector<TokenId>& ids, bool show_control) {
  std::string text;
  bool word_begins = (tokenizer.space_prefix() == SpacePrefix::kAlways);
  for (const TokenId id : ids) {
    std::string_view bytes = tokenizer.TokenBytes(id);
    const TokenKind kind = tokenizer.info(id).kind;
    const bool is_user_defined = kind == TokenKind::kUserDefined;
    const bool is_added = is_user_defined || kind == TokenKind::kControl ||
                          kind == TokenKind::kUnknown;
    if (word_begins && !is_added && kind != TokenKind::kByte &&
        bytes.starts_with(' ')) {
      bytes = bytes.substr(1);
    }
    word_begins =
        is_added && (tokenizer.space_prefix() == SpacePrefix::kAlways);
    if (!is_added || is_user_defined || show_control) text += bytes;
  }
  return text;
}

// Whether no seam cuts a well-formed character.
bool AllBetweenCharacters(std::string_view text,
                          const std::vector<size_t>& seams) {
  for (size_t at = 0; at < text.size();) {
    const CodePoint point = DecodeCodePoint(text.substr(at));
    for (const size_t seam : seams) {
      if (point.valid && seam > at && seam < at + point.length) return false;
    }
    at += point.length;
  }
  return true;
}

// Any ids at all, as a model may draw them: bytes that are half a character,
// then a control token, then the other half.
void CheckStreams(const Tokenizer& tokenizer, uint32_t seed) {
  std::mt19937 random(seed);
  for (int round = 0; round < 2000; ++round) {
    const bool show_control = random() % 2 == 0;
    std::vector<TokenId> ids;
    std::string streamed;
    std::vector<size_t> seams;
    StreamDecoder decoder(tokenizer, /*at_text_start=*/true);
    while (random() % 30 != 0) {
      TokenId id = static_cast<TokenId>(random() % tokenizer.size());
      // Mostly bytes that lead or go on.
      const auto byte =
          tokenizer.FindToken(random() % 2 == 0 ? "<0xE2>" : "<0x96>");
      if (byte && random() % 3 == 0) id = *byte;
      StreamDecoder again = decoder;
      const std::string ready = decoder.Put(id, show_control);
      EXPECT_EQ(again.Put(id, show_control), ready);
      ids.push_back(id);
      streamed += ready;
      seams.push_back(streamed.size());
    }
    streamed += decoder.Finish();
    ASSERT_EQ(streamed, PlainlyDecoded(tokenizer, ids, show_control));
    ASSERT_EQ(streamed, tokenizer.Decode(ids, show_control));
    EXPECT_EQ(decoder.Finish(), "");
    ASSERT_TRUE(AllBetweenCharacters(streamed, seams));
  }
}

TEST(StreamDecoderTest, AnyIdsGiveTheirBytesInWholeCharacters) {
  CheckStreams(*ByteLevel().Make(), 6);
  Made made = SentencePiece();
  made.Add("\u2581\u2581");
  made.Add("\u2581\u00E9\u2581");
  made.Add("  ", TokenKind::kUserDefined);
  made.Add("\xE2\x96");
  CheckStreams(*made.Make(), 7);
  made.SetSpacePrefix(false);
  CheckStreams(*made.Make(), 8);
}

TEST(StreamDecoderTest, AStreamInsideATextKeepsItsFirstSpace) {
  const auto tokenizer = SentencePiece().Make();
  StreamDecoder inside(*tokenizer, /*at_text_start=*/false);
  EXPECT_EQ(inside.Put(263), " hi");
  StreamDecoder start(*tokenizer, /*at_text_start=*/true);
  EXPECT_EQ(start.Put(263), "hi");
  EXPECT_EQ(start.Put(263), " hi");
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

}  // namespace
}  // namespace fullstop
