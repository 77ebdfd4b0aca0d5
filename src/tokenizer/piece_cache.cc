#include "tokenizer/piece_cache.h"

#include <algorithm>

#include "base/text_hash.h"

namespace fullstop {

size_t PieceCache::PlaceOf(std::string_view piece) {
  return HashOfText(piece) % kSlots;
}

bool PieceCache::Append(std::string_view piece, Kind kind, uint32_t begin,
                        std::vector<PieceToken>* tokens) const {
  if (piece.size() > kMostBytes) return false;
  const Slot& slot = slots_[PlaceOf(piece)];
  if (std::string_view(slot.bytes.data(), slot.size) != piece ||
      slot.kind != kind) {
    return false;
  }
  uint32_t from = begin;
  for (size_t i = 0; i < slot.count; ++i) {
    const uint32_t end = begin + slot.ends[i];
    tokens->push_back({slot.ids[i], from, end});
    from = end;
  }
  return true;
}

void PieceCache::Keep(std::string_view piece, Kind kind, uint32_t begin,
                      std::span<const PieceToken> tokens) {
  if (piece.size() > kMostBytes || tokens.size() > kMostTokens) return;
  uint32_t from = begin;
  for (const PieceToken& token : tokens) {
    // Tokens that share a character, or leave one out.
    if (token.begin != from) return;
    from = token.end;
  }
  Slot& slot = slots_[PlaceOf(piece)];
  std::ranges::copy(piece, slot.bytes.begin());
  for (size_t i = 0; i < tokens.size(); ++i) {
    slot.ids[i] = tokens[i].id;
    slot.ends[i] = static_cast<uint8_t>(tokens[i].end - begin);
  }
  slot.size = static_cast<uint8_t>(piece.size());
  slot.count = static_cast<uint8_t>(tokens.size());
  slot.kind = kind;
}

}  // namespace fullstop
