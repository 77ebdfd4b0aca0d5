#include "tokenizer/string_index.h"

#include <algorithm>
#include <bit>
#include <functional>

namespace fullstop {

StringIndex::StringIndex(size_t capacity)
    : slots_(std::bit_ceil(2 * capacity + 2)), mask_(slots_.size() - 1) {}

size_t StringIndex::SlotOf(std::string_view text) const {
  size_t slot = std::hash<std::string_view>()(text) & mask_;
  while (slots_[slot].id >= 0 && slots_[slot].text != text) {
    slot = (slot + 1) & mask_;
  }
  return slot;
}

bool StringIndex::Add(std::string_view text, TokenId id) {
  Slot& slot = slots_[SlotOf(text)];
  if (slot.id >= 0) return false;
  slot = {text, id};
  longest_ = std::max(longest_, text.size());
  return true;
}

std::optional<TokenId> StringIndex::Find(std::string_view text) const {
  if (text.size() > longest_) return std::nullopt;
  const Slot& slot = slots_[SlotOf(text)];
  if (slot.id < 0) return std::nullopt;
  return slot.id;
}

}  // namespace fullstop
