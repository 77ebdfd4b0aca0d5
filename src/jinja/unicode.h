// What Python's str knows of a code point, from tables made by Python itself.
#ifndef FULLSTOP_JINJA_UNICODE_H_
#define FULLSTOP_JINJA_UNICODE_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/utf8.h"

namespace fullstop::jinja {

// Bits of UnicodeFlags.
enum UnicodeFlag : uint16_t {
  kAlpha = 1 << 0,
  kDecimal = 1 << 1,
  kDigit = 1 << 2,
  kNumeric = 1 << 3,
  kSpace = 1 << 4,
  kPrintable = 1 << 5,
  kLowercase = 1 << 6,
  kUppercase = 1 << 7,
  kTitlecase = 1 << 8,
  kIdentifierStart = 1 << 9,
  kIdentifierPart = 1 << 10,
  kCaseIgnorable = 1 << 11,
  kCased = 1 << 12,
};
inline constexpr uint16_t kAlphanumeric = kAlpha | kDecimal | kDigit | kNumeric;

uint16_t UnicodeFlags(char32_t c);
inline bool IsSpace(char32_t c) { return UnicodeFlags(c) & kSpace; }
// \w of Python's re.
inline bool IsWord(char32_t c) {
  return c == U'_' || (UnicodeFlags(c) & kAlphanumeric) != 0;
}
// 0 to 9 for a kDecimal character, else -1.
int DecimalValue(char32_t c);

// The full mapping, without the context rule of a final sigma; count is 1 to 3.
struct CaseMapping {
  char32_t letters[3];
  uint32_t count;
};
enum class Case { kUpper, kLower, kTitle, kFold };
CaseMapping MapCase(char32_t c, Case to);

// The position after the code point at BYTE (an invalid sequence counts as one
// code point, as base/utf8.h cuts it).
inline size_t NextCodePoint(std::string_view text, size_t byte) {
  const unsigned char lead = static_cast<unsigned char>(text[byte]);
  return lead < 0x80 ? byte + 1
                     : byte + DecodeCodePoint(text.substr(byte)).length;
}
inline char32_t CodePointAt(std::string_view text, size_t byte) {
  const unsigned char lead = static_cast<unsigned char>(text[byte]);
  return lead < 0x80 ? lead : DecodeCodePoint(text.substr(byte)).value;
}
bool IsAscii(std::string_view text);
// In code points, as Python's len.
size_t CountCodePoints(std::string_view text);
// The byte at which code point INDEX begins, or text.size().
size_t ByteOfCodePoint(std::string_view text, size_t index);
// The byte at which the code point that ends at BYTE (> 0) begins.
size_t PreviousCodePoint(std::string_view text, size_t byte);

}  // namespace fullstop::jinja

#endif  // FULLSTOP_JINJA_UNICODE_H_
