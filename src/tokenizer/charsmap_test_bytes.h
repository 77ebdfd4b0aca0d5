// A small map of characters, for tests.
#ifndef FULLSTOP_TOKENIZER_CHARSMAP_TEST_BYTES_H_
#define FULLSTOP_TOKENIZER_CHARSMAP_TEST_BYTES_H_

#include <cstdint>
#include <string>
#include <vector>

namespace fullstop {

// "a" becomes "x", "ab" becomes " y", "c" nothing. A double array: the child of
// a unit for a byte stands at (unit's place ^ unit's offset) ^ byte and has the
// byte as its label; a leaf is the child for the byte zero.
inline std::string TestCharsmap() {
  std::vector<uint32_t> units(1024, 0xFF);  // of no label that text asks for
  const auto unit = [](uint32_t offset, uint32_t label, bool has_leaf) {
    return offset << 10 | label | (has_leaf ? 0x100u : 0u);
  };
  constexpr uint32_t kRoot = 256;  // children at 256 ^ byte
  const uint32_t a = kRoot ^ 'a';
  const uint32_t c = kRoot ^ 'c';
  constexpr uint32_t kBehindA = 512;
  const uint32_t ab = kBehindA ^ 'b';
  constexpr uint32_t kBehindAb = 600;
  constexpr uint32_t kBehindC = 700;
  units[0] = unit(kRoot, 0, false);
  units[a] = unit(a ^ kBehindA, 'a', true);
  units[kBehindA] = 0x80000000u | 0;
  units[ab] = unit(ab ^ kBehindAb, 'b', true);
  units[kBehindAb] = 0x80000000u | 2;
  units[c] = unit(c ^ kBehindC, 'c', true);
  units[kBehindC] = 0x80000000u | 5;
  std::string bytes;
  const auto put = [&bytes](uint32_t value) {
    for (int shift = 0; shift < 32; shift += 8) {
      bytes += static_cast<char>(value >> shift & 0xFF);
    }
  };
  put(static_cast<uint32_t>(units.size() * 4));
  for (const uint32_t value : units) put(value);
  return bytes + std::string("x\0 y\0\0", 6);
}

}  // namespace fullstop

#endif  // FULLSTOP_TOKENIZER_CHARSMAP_TEST_BYTES_H_
