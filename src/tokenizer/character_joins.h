#ifndef FULLSTOP_TOKENIZER_CHARACTER_JOINS_H_
#define FULLSTOP_TOKENIZER_CHARACTER_JOINS_H_

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace fullstop {

// Which characters stand side by side in a token, so that a text can be cut
// where no merge crosses. A bit for each pair, shared by pairs of one hash. Any
// number of threads may read.
class CharacterJoins {
 public:
  // CAPACITY: how many texts will be added at most.
  explicit CharacterJoins(size_t capacity);

  void Add(std::string_view text);

  // False if no text holds the character LEFT right before RIGHT; true
  // otherwise, and by chance. Ill-formed bytes count as U+FFFD.
  bool MayJoin(char32_t left, char32_t right) const {
    const size_t bit = BitOf(left, right);
    return (bits_[bit / 64] >> bit % 64 & 1) != 0;
  }

 private:
  size_t BitOf(char32_t left, char32_t right) const {
    const uint64_t pair = uint64_t{left} << 32 | right;
    return pair * 0x9E3779B97F4A7C15u >> shift_;
  }

  std::vector<uint64_t> bits_;
  int shift_;
};

}  // namespace fullstop

#endif  // FULLSTOP_TOKENIZER_CHARACTER_JOINS_H_
