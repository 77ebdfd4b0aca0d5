#include "tokenizer/string_index.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace fullstop {
namespace {

template <typename Word>
uint64_t Load(const char* bytes) {
  Word word;
  std::memcpy(&word, bytes, sizeof(word));
  return word;
}

// Multiplies and folds the high half of the product into the low one.
uint64_t Mix(uint64_t a, uint64_t b) {
  __extension__ using Wide = unsigned __int128;
  const Wide product = Wide{a} * b;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

// Tokens are short: two loads, which may overlap, hold any up to 16 bytes.
uint64_t HashOf(std::string_view text) {
  static constexpr uint64_t kFirst = 0x9E3779B97F4A7C15u;
  static constexpr uint64_t kSecond = 0xD6E8FEB86659FD93u;
  const char* bytes = text.data();
  size_t size = text.size();
  uint64_t hash = kFirst ^ size;
  while (size > 16) {
    hash =
        Mix(Load<uint64_t>(bytes) ^ hash, Load<uint64_t>(bytes + 8) ^ kSecond);
    bytes += 16;
    size -= 16;
  }
  uint64_t first = 0;
  uint64_t last = 0;
  if (size >= 8) {
    first = Load<uint64_t>(bytes);
    last = Load<uint64_t>(bytes + size - 8);
  } else if (size >= 4) {
    first = Load<uint32_t>(bytes);
    last = Load<uint32_t>(bytes + size - 4);
  } else if (size > 0) {
    first = Load<uint8_t>(bytes) | Load<uint8_t>(bytes + size / 2) << 8;
    last = Load<uint8_t>(bytes + size - 1);
  }
  return Mix(Mix(first ^ hash, last ^ kSecond), kFirst);
}

}  // namespace

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
  const uint64_t hash = HashOf(text);
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
  const Slot& slot = slots_[SlotOf(text, HashOf(text))];
  if (slot.entry == 0) return std::nullopt;
  return entries_[slot.entry - 1].id;
}

}  // namespace fullstop
