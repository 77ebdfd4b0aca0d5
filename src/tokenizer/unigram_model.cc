#include "tokenizer/unigram_model.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "base/error.h"
#include "base/utf8.h"
#include "tokenizer/prefix_trie.h"
#include "tokenizer/tokenizer_core.h"

namespace fullstop {
namespace {

// How much worse than the worst token a character without one is.
constexpr float kUnknownPenalty = 10;

// SentencePiece (0.2.3) counts anew behind such a sum: a float of it
// tells ever fewer tokens apart.
constexpr float kGreatestSum = 100000;

// Which texts Hugging Face's implementation looks up: all but what is matched
// as a whole before.
bool IsLookedUp(const TokenSpec& token, bool as_sentencepiece) {
  if (!token.in_model || token.kind == TokenKind::kControl) return false;
  if (as_sentencepiece) {
    return token.kind == TokenKind::kNormal ||
           token.kind == TokenKind::kUserDefined;
  }
  return token.kind != TokenKind::kUnknown || token.match == TokenMatch::kNever;
}

// SCORE is float as in SentencePiece, or double as in Hugging Face's
// tokenizers: it decides which of two nearly equal sums is the greater.
template <typename Score>
class UnigramModel : public PieceModel {
 public:
  UnigramModel(const TokenizerSpec& spec, const Tokenizer& tokenizer)
      : trie_(Entries(spec)),
        counts_anew_(spec.sentencepiece_scores),
        unknown_(spec.unknown) {
    byte_ids_.fill(-1);
    if (spec.byte_fallback) byte_ids_ = ByteTokens(tokenizer);
    ReadScores(spec);
  }

  void Encode(std::string_view piece,
              std::vector<PieceToken>* tokens) const override {
    if (piece.size() >= std::numeric_limits<uint32_t>::max()) {
      throw Error::Limit("a text of 4 GiB or more cannot be encoded at once");
    }
    const std::vector<Node> best = FindBest(piece);
    const size_t start = tokens->size();
    for (auto end = static_cast<uint32_t>(piece.size()); end > 0;) {
      uint32_t begin = best[end].begin;
      if (best[end].id != kUnknown) {
        tokens->push_back({best[end].id, begin, end});
      } else {
        while (begin > 0 && best[begin].id == kUnknown) {
          begin = best[begin].begin;
        }
        AddUnknown(piece, begin, end, tokens);
      }
      end = begin;
    }
    std::reverse(tokens->begin() + static_cast<ptrdiff_t>(start),
                 tokens->end());
  }

 private:
  static constexpr TokenId kUnknown = -1;
  static constexpr uint32_t kNoPlace = std::numeric_limits<uint32_t>::max();

  // The best way to the end of a token that ends here.
  struct Node {
    Score score = 0;
    uint32_t begin = kNoPlace;
    TokenId id = kUnknown;
  };

  // Of equal texts Hugging Face's implementation takes the last.
  static std::vector<PrefixTrie::Entry> Entries(const TokenizerSpec& spec) {
    std::vector<PrefixTrie::Entry> entries;
    for (size_t id = 0; id < spec.tokens.size(); ++id) {
      const TokenSpec& token = spec.tokens[id];
      if (!IsLookedUp(token, spec.sentencepiece_scores)) continue;
      entries.push_back({token.text, static_cast<int32_t>(id)});
    }
    if (entries.empty()) throw Error::Format("no token stands for any text");
    if (!spec.sentencepiece_scores)
      std::reverse(entries.begin(), entries.end());
    return entries;
  }

  void ReadScores(const TokenizerSpec& spec) {
    const bool as_sentencepiece = spec.sentencepiece_scores;
    Score least = std::numeric_limits<Score>::max();
    for (size_t id = 0; id < spec.tokens.size(); ++id) {
      const TokenSpec& token = spec.tokens[id];
      if (std::isnan(token.score)) {
        throw Error::Format("the score of token " + std::to_string(id) +
                            " is not a number");
      }
      const auto score = static_cast<Score>(token.score);
      scores_.push_back(score);
      if (as_sentencepiece ? token.kind == TokenKind::kNormal
                           : token.in_model) {
        least = std::min(least, score);
      }
    }
    unknown_score_ = least - kUnknownPenalty;
    for (size_t id = 0; as_sentencepiece && id < spec.tokens.size(); ++id) {
      const TokenSpec& token = spec.tokens[id];
      if (token.kind != TokenKind::kUserDefined) continue;
      // A bonus for each byte, so that these are always taken.
      scores_[id] = static_cast<Score>(
          0.1 * (static_cast<double>(token.text.size()) - 1));
    }
  }

  std::vector<Node> FindBest(std::string_view piece) const {
    std::vector<Node> best(piece.size() + 1);
    size_t reached = 0;  // the last place with a way
    for (uint32_t begin = 0; begin < piece.size();) {
      if (counts_anew_ && std::abs(best[begin].score) > kGreatestSum) {
        const Score sum = best[begin].score;
        for (size_t i = begin; i <= reached; ++i) best[i].score -= sum;
      }
      const Score so_far = best[begin].score;
      const uint32_t length = DecodeCodePoint(piece.substr(begin)).length;
      const auto offer = [&](size_t size, Score score, TokenId id) {
        reached = std::max(reached, begin + size);
        Node& node = best[begin + size];
        if (node.begin == kNoPlace || score > node.score) {
          node = {score, begin, id};
        }
      };
      bool has_character = false;
      trie_.Visit(piece.substr(begin), [&](size_t size, int32_t id) {
        offer(size, scores_[static_cast<size_t>(id)] + so_far, id);
        has_character |= size == length;
      });
      if (!has_character) offer(length, unknown_score_ + so_far, kUnknown);
      begin += length;
    }
    return best;
  }

  // In reverse order.
  void AddUnknown(std::string_view piece, uint32_t begin, uint32_t end,
                  std::vector<PieceToken>* tokens) const {
    const size_t start = tokens->size();
    if (AppendBytes(byte_ids_, piece.substr(begin, end - begin), begin,
                    tokens)) {
      std::reverse(tokens->begin() + static_cast<ptrdiff_t>(start),
                   tokens->end());
    } else if (unknown_) {
      tokens->push_back({*unknown_, begin, end});
    }
  }

  PrefixTrie trie_;
  bool counts_anew_;
  std::vector<Score> scores_;  // by id
  Score unknown_score_ = 0;
  std::array<TokenId, 256> byte_ids_;
  std::optional<TokenId> unknown_;
};

}  // namespace

std::unique_ptr<PieceModel> MakeUnigramModel(const TokenizerSpec& spec,
                                             const Tokenizer& tokenizer) {
  if (spec.sentencepiece_scores) {
    return std::make_unique<UnigramModel<float>>(spec, tokenizer);
  }
  return std::make_unique<UnigramModel<double>>(spec, tokenizer);
}

}  // namespace fullstop
