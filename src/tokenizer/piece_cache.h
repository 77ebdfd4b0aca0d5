// What pieces of text became, for whoever encodes many texts.
#ifndef FULLSTOP_TOKENIZER_PIECE_CACHE_H_
#define FULLSTOP_TOKENIZER_PIECE_CACHE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "tokenizer/piece_model.h"

namespace fullstop {

// Words come again: most pieces of a text need not be merged anew. Takes a
// MiB. Holds short pieces alone, and of two that share a place the later one.
// For one tokenizer and one thread.
class PieceCache {
 public:
  PieceCache() : slots_(kSlots) {}

  // A part may become other tokens than a piece of the same bytes: that may be
  // a token as a whole.
  enum class Kind : uint8_t { kPiece, kPart };

  // Appends the tokens of PIECE, from BEGIN on; false where they are not known.
  bool Append(std::string_view piece, Kind kind, uint32_t begin,
              std::vector<PieceToken>* tokens) const;
  // TOKENS: what PIECE became, from BEGIN on.
  void Keep(std::string_view piece, Kind kind, uint32_t begin,
            std::span<const PieceToken> tokens);

 private:
  static constexpr size_t kSlots = 1 << 14;
  static constexpr size_t kMostBytes = 30;
  static constexpr size_t kMostTokens = 6;

  // A cache line, so that a look costs one.
  struct alignas(64) Slot {
    std::array<TokenId, kMostTokens> ids;
    std::array<char, kMostBytes> bytes;
    // Of each token, within the piece.
    std::array<uint8_t, kMostTokens> ends;
    uint8_t size = 0;  // bytes; 0: empty
    uint8_t count = 0;
    Kind kind = Kind::kPiece;
  };
  static_assert(sizeof(Slot) == 64);

  static size_t PlaceOf(std::string_view piece);

  std::vector<Slot> slots_;
};

}  // namespace fullstop

#endif  // FULLSTOP_TOKENIZER_PIECE_CACHE_H_
