#include "tokenizer/string_index.h"

#include <algorithm>
#include <bit>

#include "base/text_hash.h"

namespace fullstop {

StringIndex::StringIndex(size_t capacity)
    : slots_(std::bit_ceil(2 * capacity + 2)), mask_(slots_.size() - 1) {
  entries_.reserve(capacity);
}

size_t StringIndex::SlotOf(std::string_view text, uint64_t hash) const {
  const auto tag = static_cast<uint32_t>(hash >> 32);
  size_t slot = hash & mask_;
  while (slots_[slot].entry != 0 &&
         (slots_[slot].tag != tag ||
          entries_[slots_[slot].entry - 1].text != text)) {
    slot = (slot + 1) & mask_;
  }
  return slot;
}

bool StringIndex::Add(std::string_view text, TokenId id) {
  const uint64_t hash = HashOfText(text);
  Slot& slot = slots_[SlotOf(text, hash)];
  if (slot.entry != 0) return false;
  entries_.push_back({text, id});
  slot = {static_cast<uint32_t>(hash >> 32),
          static_cast<uint32_t>(entries_.size())};
  longest_ = std::max(longest_, text.size());
  return true;
}

std::optional<TokenId> StringIndex::Find(std::string_view text) const {
  if (text.size() > longest_) return std::nullopt;
  const Slot& slot = slots_[SlotOf(text, HashOfText(text))];
  if (slot.entry == 0) return std::nullopt;
  return entries_[slot.entry - 1].id;
}

}  // namespace fullstop
