#include "tokenizer/character_joins.h"

#include <algorithm>
#include <bit>
#include <optional>

#include "base/utf8.h"

namespace fullstop {

// At 16 bits a text, few of the bits are set by other pairs.
CharacterJoins::CharacterJoins(size_t capacity) {
  const size_t bits = std::bit_ceil(std::max<size_t>(16 * capacity, 64));
  bits_.resize(bits / 64);
  shift_ = 64 - std::countr_zero(bits);
}

void CharacterJoins::Add(std::string_view text) {
  std::optional<char32_t> left;
  while (!text.empty()) {
    const CodePoint point = DecodeCodePoint(text);
    if (left) {
      const size_t bit = BitOf(*left, point.value);
      bits_[bit / 64] |= uint64_t{1} << bit % 64;
    }
    left = point.value;
    text.remove_prefix(point.length);
  }
}

}  // namespace fullstop
