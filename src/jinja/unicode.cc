#include "jinja/unicode.h"

#include <algorithm>
#include <iterator>

namespace fullstop::jinja {
namespace {

// Every STRIDE-th code point of [first, last] maps to itself plus DELTA.
struct CaseRange {
  uint32_t first;
  uint32_t last;
  uint32_t stride;
  int32_t delta;
};

struct CaseSpecial {
  uint32_t code;
  uint32_t to[3];
};

#include "jinja/unicode_tables.inc"

template <size_t N, size_t M>
CaseMapping Map(char32_t c, const CaseRange (&ranges)[N],
                const CaseSpecial (&special)[M]) {
  const auto* many = std::lower_bound(
      std::begin(special), std::end(special), c,
      [](const CaseSpecial& s, char32_t code) { return s.code < code; });
  if (many != std::end(special) && many->code == c) {
    const uint32_t count = many->to[2] ? 3 : 2;
    return {{many->to[0], many->to[1], many->to[2]}, count};
  }
  const auto* range = std::lower_bound(
      std::begin(ranges), std::end(ranges), c,
      [](const CaseRange& r, char32_t code) { return r.last < code; });
  if (range != std::end(ranges) && range->first <= c &&
      (c - range->first) % range->stride == 0) {
    return {{static_cast<char32_t>(static_cast<int64_t>(c) + range->delta)}, 1};
  }
  return {{c}, 1};
}

}  // namespace

uint16_t UnicodeFlags(char32_t c) {
  if (c > 0x10FFFF) return 0;
  const uint32_t key = (static_cast<uint32_t>(c) << 6) | 63;
  const auto* run =
      std::upper_bound(std::begin(kFlagRuns), std::end(kFlagRuns), key) - 1;
  return kFlagSets[*run & 63];
}

int DecimalValue(char32_t c) {
  if (c >= U'0' && c <= U'9') return static_cast<int>(c - U'0');
  const auto* zero =
      std::upper_bound(std::begin(kDecimalZeros), std::end(kDecimalZeros), c);
  if (zero == std::begin(kDecimalZeros)) return -1;
  const uint32_t value = c - *(zero - 1);
  return value < 10 ? static_cast<int>(value) : -1;
}

CaseMapping MapCase(char32_t c, Case to) {
  if (c < 0x80) {
    const bool upper = c >= U'A' && c <= U'Z';
    const bool lower = c >= U'a' && c <= U'z';
    const bool raise = to == Case::kUpper || to == Case::kTitle;
    if (raise && lower) return {{c - 32}, 1};
    if (!raise && upper) return {{c + 32}, 1};
    return {{c}, 1};
  }
  switch (to) {
    case Case::kUpper:
      return Map(c, kUpperRanges, kUpperSpecial);
    case Case::kLower:
      return Map(c, kLowerRanges, kLowerSpecial);
    case Case::kTitle:
      return Map(c, kTitleRanges, kTitleSpecial);
    case Case::kFold:
      break;
  }
  return Map(c, kFoldRanges, kFoldSpecial);
}

bool IsAscii(std::string_view text) {
  unsigned char all = 0;
  for (const char c : text) all |= static_cast<unsigned char>(c);
  return all < 0x80;
}

size_t CountCodePoints(std::string_view text) {
  if (IsAscii(text)) return text.size();
  size_t count = 0;
  for (size_t i = 0; i < text.size(); i = NextCodePoint(text, i)) ++count;
  return count;
}

size_t ByteOfCodePoint(std::string_view text, size_t index) {
  size_t byte = 0;
  while (index > 0 && byte < text.size()) {
    byte = NextCodePoint(text, byte);
    --index;
  }
  return byte;
}

size_t PreviousCodePoint(std::string_view text, size_t byte) {
  // A code point has at most 4 bytes; the one that ends here is found by
  // decoding forward from the farthest byte that is no continuation.
  size_t start = byte - 1;
  while (start > 0 && byte - start < 4 &&
         (static_cast<unsigned char>(text[start]) & 0xC0) == 0x80) {
    --start;
  }
  size_t at = start;
  while (true) {
    const size_t next = NextCodePoint(text, at);
    if (next >= byte) return at;
    at = next;
  }
}

}  // namespace fullstop::jinja
