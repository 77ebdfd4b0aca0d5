#include "base/text_hash.h"

#include <cstddef>
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

}  // namespace

// Tokens are short: two loads, which may overlap, hold any up to 16 bytes.
uint64_t HashOfText(std::string_view text, uint64_t seed) {
  static constexpr uint64_t kFirst = 0x9E3779B97F4A7C15u;
  static constexpr uint64_t kSecond = 0xD6E8FEB86659FD93u;
  const char* bytes = text.data();
  size_t size = text.size();
  uint64_t hash = kFirst ^ size ^ seed;
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

}  // namespace fullstop
