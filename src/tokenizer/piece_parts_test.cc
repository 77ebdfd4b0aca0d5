// A piece that is cut into parts becomes the tokens of the whole.
#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <limits>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/utf8.h"
#include "tokenizer/byte_alphabet.h"
#include "tokenizer/piece_cache.h"
#include "tokenizer/test_vocabularies.h"
#include "tokenizer/tokenizer.h"

namespace fullstop {
namespace {

// Between characters that one without a token parts.
constexpr TokenId kLeftOut = -1;
constexpr const char* kCharacters[] = {"a",  "é",  "说",
                                       "话", "語", "\U0001F600"};

std::string RandomText(std::mt19937* random, size_t count, bool ill_formed) {
  std::string text;
  while (count-- > 0) {
    const std::string character =
        kCharacters[(*random)() % std::size(kCharacters)];
    const bool part = ill_formed && (*random)() % 8 == 0;
    text += part ? character.substr((*random)() % character.size()) : character;
  }
  return text;
}

// What is merged: the bytes of TEXT, or its characters.
std::vector<std::string> UnitsOf(std::string_view text, bool over_bytes) {
  std::vector<std::string> units;
  while (!text.empty()) {
    const size_t size = over_bytes ? 1 : DecodeCodePoint(text).length;
    units.emplace_back(text.substr(0, size));
    text.remove_prefix(size);
  }
  return units;
}

// A vocabulary of the units of kCharacters, and merges of any two tokens: over
// bytes, of parts of characters too.
struct RandomVocabulary {
  std::vector<std::string> tokens;  // by id, as bytes
  std::vector<std::pair<size_t, size_t>> merges;
  std::vector<std::string> left;
  std::vector<std::string> right;
  Made made;
  bool over_bytes;
  bool lacks = false;  // a unit has no token

  RandomVocabulary(bool bytes, std::mt19937* random) : over_bytes(bytes) {
    std::string all;
    for (const char* character : kCharacters) all += character;
    tokens = UnitsOf(all, over_bytes);
    std::ranges::sort(tokens);
    const auto repeated = std::ranges::unique(tokens);
    tokens.erase(repeated.begin(), repeated.end());
    lacks = (*random)() % 4 == 0;
    if (lacks) {
      tokens.erase(tokens.begin() +
                   static_cast<ptrdiff_t>((*random)() % tokens.size()));
    }
    for (int i = 0; i < 30; ++i) {
      const size_t a = (*random)() % tokens.size();
      const size_t b = (*random)() % tokens.size();
      const std::string text = tokens[a] + tokens[b];
      if (text.size() > 8 || std::ranges::count(tokens, text) > 0) continue;
      tokens.push_back(text);
      // Some tokens no merge reaches.
      if ((*random)() % 8 != 0) merges.emplace_back(a, b);
    }
    if ((*random)() % 2 == 0) std::ranges::shuffle(merges, *random);
    const auto spelt = [this](const std::string& token) {
      return over_bytes ? BytesToAlphabet(token) : token;
    };
    for (const std::string& token : tokens) made.Add(spelt(token));
    for (const auto& [a, b] : merges) {
      left.push_back(spelt(tokens[a]));
      right.push_back(spelt(tokens[b]));
    }
    if (!over_bytes) {
      made.spec.model = TokenizerModel::kCharacterBpe;
      made.spec.text_form = TokenText::kPlain;
    }
    for (size_t i = 0; i < merges.size(); ++i) {
      made.spec.merges.emplace_back(left[i], right[i]);
    }
    made.spec.ignore_merges = (*random)() % 2 == 0;
    if ((*random)() % 2 == 0) {
      made.spec.unknown = static_cast<TokenId>(tokens.size());
      made.spec.fuse_unknown = (*random)() % 2 == 0;
      made.Add("<unk>", TokenKind::kUnknown);
    }
  }

  // The tokens of TEXT, a piece by itself: the pair of lowest rank, the
  // leftmost of equals, until none is left.
  std::vector<TokenId> Encode(const std::string& text) const {
    const auto id_of = [this](const std::string& bytes) {
      const auto at = std::ranges::find(tokens, bytes);
      return at == tokens.end() ? -1
                                : static_cast<TokenId>(at - tokens.begin());
    };
    if (made.spec.ignore_merges && id_of(text) >= 0) return {id_of(text)};
    std::map<std::pair<TokenId, TokenId>, size_t> ranks;
    for (size_t i = 0; i < merges.size(); ++i) {
      ranks[{static_cast<TokenId>(merges[i].first),
             static_cast<TokenId>(merges[i].second)}] = i;
    }
    std::vector<TokenId> ids;
    for (const std::string& unit : UnitsOf(text, over_bytes)) {
      const TokenId id = id_of(unit);
      if (id >= 0) {
        ids.push_back(id);
      } else if (made.spec.unknown) {
        const bool fused = made.spec.fuse_unknown && !ids.empty() &&
                           ids.back() == *made.spec.unknown;
        if (!fused) ids.push_back(*made.spec.unknown);
      } else if (!over_bytes) {
        ids.push_back(kLeftOut);
      }
    }
    while (true) {
      size_t best = std::numeric_limits<size_t>::max();
      size_t at = 0;
      for (size_t i = 0; i + 1 < ids.size(); ++i) {
        const auto rank = ranks.find({ids[i], ids[i + 1]});
        if (rank == ranks.end() || rank->second >= best) continue;
        best = rank->second;
        at = i;
      }
      if (best == std::numeric_limits<size_t>::max()) break;
      const auto& [a, b] = merges[best];
      ids[at] = id_of(tokens[a] + tokens[b]);
      ids.erase(ids.begin() + static_cast<ptrdiff_t>(at) + 1);
    }
    std::erase(ids, kLeftOut);
    return ids;
  }
};

struct Encoded {
  std::vector<TokenId> ids;
  std::vector<std::pair<size_t, size_t>> sources;
  bool operator==(const Encoded&) const = default;
};

Encoded Split(const std::vector<EncodedToken>& tokens) {
  Encoded encoded;
  for (const EncodedToken& token : tokens) {
    encoded.ids.push_back(token.id);
    encoded.sources.emplace_back(token.source.begin, token.source.end);
  }
  return encoded;
}

void CompareWithWhole(bool over_bytes, bool ill_formed) {
  std::mt19937 random(5);
  for (int round = 0; round < 1000; ++round) {
    const RandomVocabulary vocabulary(over_bytes, &random);
    // There ill-formed text is replaced before any merge.
    if (ill_formed && vocabulary.lacks) continue;
    const auto tokenizer = vocabulary.made.Make();
    PieceCache cache;
    for (int i = 0; i < 8; ++i) {
      const std::string text =
          RandomText(&random, 1 + random() % 30, ill_formed);
      const std::vector<TokenId> expected = vocabulary.Encode(text);
      const Encoded whole = Split(tokenizer->EncodeWithSource(text, {}));
      ASSERT_EQ(whole.ids, expected) << round << ": " << text;
      for (int again = 0; again < 2; ++again) {
        const auto tokens =
            tokenizer->EncodeWithSource(text, {.cache = &cache});
        ASSERT_EQ(Split(tokens), whole) << round << ": " << text;
      }
    }
  }
}

TEST(PiecePartsTest, BytesMergeAsInTheWholePiece) {
  CompareWithWhole(/*over_bytes=*/true, /*ill_formed=*/false);
}

TEST(PiecePartsTest, IllFormedBytesMergeAsInTheWholePiece) {
  CompareWithWhole(/*over_bytes=*/true, /*ill_formed=*/true);
}

TEST(PiecePartsTest, CharactersMergeAsInTheWholePiece) {
  CompareWithWhole(/*over_bytes=*/false, /*ill_formed=*/false);
}

}  // namespace
}  // namespace fullstop
