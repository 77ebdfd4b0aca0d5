#include "generate/sampler_dry_breakers.h"

#include "base/error.h"
#include "gtest/gtest.h"

namespace fullstop {
namespace {

using Sequences = std::vector<std::vector<TokenId>>;

// A vocabulary whose tokens are given, encoding by the longest match.
class WordTokenizer : public Tokenizer {
 public:
  explicit WordTokenizer(std::vector<std::string> words)
      : words_(std::move(words)) {
    for (const std::string& word : words_) {
      infos_.push_back({.text = word,
                        .kind = word.starts_with("<|") ? TokenKind::kControl
                                                       : TokenKind::kNormal});
    }
  }

  std::vector<EncodedToken> EncodeWithSource(
      std::string_view text, const EncodeOptions&) const override {
    std::vector<EncodedToken> tokens;
    for (size_t at = 0; at < text.size();) {
      size_t best = words_.size();
      for (size_t i = 0; i < words_.size(); ++i) {
        if (text.substr(at).starts_with(words_[i]) &&
            (best == words_.size() || words_[i].size() > words_[best].size())) {
          best = i;
        }
      }
      tokens.push_back(
          {static_cast<TokenId>(best), {at, at + words_[best].size()}});
      at += words_[best].size();
    }
    return tokens;
  }
  std::string_view TokenBytes(TokenId id) const override {
    return words_[static_cast<size_t>(id)];
  }
  std::string Decode(std::span<const TokenId>, bool) const override {
    return "";
  }
  std::optional<TokenId> FindToken(std::string_view) const override {
    return std::nullopt;
  }

 private:
  std::vector<std::string> words_;
};

Sequences Compile(const Tokenizer& tokenizer, std::vector<std::string> texts) {
  return CompileDryBreakers(tokenizer, texts);
}

TEST(DryBreakersTest, EveryTokenThatContainsTheTextBreaks) {
  const WordTokenizer tokenizer({"a", "\n", "a\nb", "<|x\n|>", "\n\n"});
  EXPECT_EQ(Compile(tokenizer, {"\n"}), (Sequences{{1}, {2}, {4}}));
}

TEST(DryBreakersTest, ATokenThatEndsWithItsBeginningNeedsTheRest) {
  const WordTokenizer tokenizer({"U", "s", "e", "r", "se", "xU", "User", "q"});
  EXPECT_EQ(Compile(tokenizer, {"User"}),
            (Sequences{{0, 4, 3}, {5, 4, 3}, {6}}));
}

TEST(DryBreakersTest, TheSameSequenceStandsOnce) {
  const WordTokenizer tokenizer({"\n", ":", ":\n"});
  EXPECT_EQ(Compile(tokenizer, {"\n", ":"}), (Sequences{{0}, {1}, {2}}));
}

TEST(DryBreakersTest, EmptyAndVeryLongTextsAreErrors) {
  const WordTokenizer tokenizer({"a"});
  EXPECT_THROW(Compile(tokenizer, {""}), Error);
  EXPECT_THROW(Compile(tokenizer, {std::string(41, 'a')}), Error);
}

}  // namespace
}  // namespace fullstop
