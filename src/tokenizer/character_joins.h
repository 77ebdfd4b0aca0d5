#ifndef FULLSTOP_TOKENIZER_CHARACTER_JOINS_H_
#define FULLSTOP_TOKENIZER_CHARACTER_JOINS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/utf8.h"

namespace fullstop {

// Which characters stand side by side in a token, so that a text can be cut
// where no merge crosses. A bit for each pair, shared by pairs of one hash. Any
// number of threads may read.
class CharacterJoins {
 public:
  // CAPACITY: how many texts will be added at most.
  explicit CharacterJoins(size_t capacity);

  // TEXT may begin and end within a character.
  void Add(std::string_view text);

  // False if no text holds the character LEFT right before RIGHT; true
  // otherwise, and by chance. Ill-formed bytes count as U+FFFD.
  bool MayJoin(char32_t left, char32_t right) const {
    const size_t bit = BitOf(left, right);
    return (bits_[bit / 64] >> bit % 64 & 1) != 0;
  }

  // Appends to *ENDS where parts of TEXT end, the last one with it, such that
  // no text that was added reaches across, not even with a part of a character.
  // Cuts between well-formed characters for which IS_KNOWN(code point, bytes)
  // is true.
  template <typename IsKnown>
  void Cut(std::string_view text, const IsKnown& is_known,
           std::vector<uint32_t>* ends) const {
    CodePoint left = {0, 0, false};
    for (uint32_t at = 0; at < text.size();) {
      const CodePoint right = DecodeCodePoint(text.substr(at));
      if (left.valid && right.valid && !Reaches(left, right, text, at) &&
          is_known(left, text.substr(at - left.length, left.length)) &&
          is_known(right, text.substr(at, right.length))) {
        ends->push_back(at);
      }
      left = right;
      at += right.length;
    }
    ends->push_back(static_cast<uint32_t>(text.size()));
  }

 private:
  // Whether a text reaches from LEFT to RIGHT, which begins at AT.
  bool Reaches(const CodePoint& left, const CodePoint& right,
               std::string_view text, uint32_t at) const {
    if (MayJoin(left.value, right.value)) return true;
    if (!has_parts_) return false;
    const char32_t left_part = PartOf(text[at - 1]);
    const char32_t right_part = PartOf(text[at]);
    return MayJoin(left_part, right.value) || MayJoin(left.value, right_part) ||
           MayJoin(left_part, right_part);
  }

  // Stands for a part of a character that ends, or begins, with BYTE.
  static char32_t PartOf(char byte) {
    return 0x110000 + static_cast<uint8_t>(byte);
  }

  void AddPair(char32_t left, char32_t right);
  size_t BitOf(char32_t left, char32_t right) const {
    const uint64_t pair = uint64_t{left} << 32 | right;
    return pair * 0x9E3779B97F4A7C15u >> shift_;
  }

  std::vector<uint64_t> bits_;
  int shift_;
  // Whether a text began or ended within a character.
  bool has_parts_ = false;
};

}  // namespace fullstop

#endif  // FULLSTOP_TOKENIZER_CHARACTER_JOINS_H_
