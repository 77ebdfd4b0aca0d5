#include "tokenizer/character_joins.h"

#include <algorithm>
#include <bit>

namespace fullstop {

// At 16 bits a text, few of the bits are set by other pairs.
CharacterJoins::CharacterJoins(size_t capacity) {
  const size_t bits = std::bit_ceil(std::max<size_t>(16 * capacity, 64));
  bits_.resize(bits / 64);
  shift_ = 64 - std::countr_zero(bits);
}

void CharacterJoins::AddPair(char32_t left, char32_t right) {
  const size_t bit = BitOf(left, right);
  bits_[bit / 64] |= uint64_t{1} << bit % 64;
}

void CharacterJoins::Add(std::string_view text) {
  std::optional<CodePoint> left;
  for (size_t at = 0; at < text.size();) {
    const CodePoint right = DecodeCodePoint(text.substr(at));
    if (left) {
      const char32_t left_part = PartOf(text[at - 1]);
      const char32_t right_part = PartOf(text[at]);
      AddPair(left->value, right.value);
      if (!left->valid) AddPair(left_part, right.value);
      if (!right.valid) AddPair(left->value, right_part);
      if (!left->valid && !right.valid) AddPair(left_part, right_part);
      has_parts_ = has_parts_ || !left->valid || !right.valid;
    }
    left = right;
    at += right.length;
  }
}

}  // namespace fullstop
