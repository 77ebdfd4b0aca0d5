#include "jinja/string_escape.h"

#include <charconv>
#include <cstdint>

#include "base/utf8.h"

namespace fullstop::jinja {
namespace {

// The letters of \a \b \f \n \r \t \v and the characters that stand for
// themselves.
constexpr std::string_view kNames = "abfnrtv\\'\"";
constexpr std::string_view kMeant = "\a\b\f\n\r\t\v\\'\"";

size_t HexLength(char c) { return c == 'x' ? 2 : c == 'u' ? 4 : 8; }

}  // namespace

std::string EscapedLetter(char32_t c) {
  const size_t width = c < 0x100 ? 2 : c < 0x10000 ? 4 : 8;
  std::string escape = c < 0x100 ? "\\x" : c < 0x10000 ? "\\u" : "\\U";
  for (size_t digit = width; digit-- > 0;) {
    escape += "0123456789abcdef"[c >> (4 * digit) & 15];
  }
  return escape;
}

bool DecodeEscapes(std::string_view literal, std::string* value,
                   std::string* error) {
  size_t i = 0;
  while (i < literal.size()) {
    if (literal[i] != '\\') {
      *value += literal[i++];
      continue;
    }
    const char c = literal[++i];
    if (const size_t known = kNames.find(c); known != kNames.npos) {
      *value += kMeant[known];
      ++i;
    } else if (c == '\n') {
      ++i;
    } else if (c >= '0' && c <= '7') {
      uint32_t code = 0;
      for (int n = 0; n < 3 && i < literal.size() && literal[i] >= '0' &&
                      literal[i] <= '7';
           ++n) {
        code = code * 8 + static_cast<uint32_t>(literal[i++] - '0');
      }
      AppendUtf8(code, value);
    } else if (c == 'x' || c == 'u' || c == 'U') {
      const size_t length = HexLength(c);
      const std::string_view digits = literal.substr(i + 1, length);
      uint32_t code = 0;
      const auto end = std::from_chars(digits.data(),
                                       digits.data() + digits.size(), code, 16);
      if (digits.size() < length || end.ptr != digits.data() + length) {
        *error = std::string("a \\") + c + " escape that is cut short";
        return false;
      }
      if (code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) {
        *error = std::string("a \\") + c + " escape that is no character";
        return false;
      }
      AppendUtf8(code, value);
      i += 1 + length;
    } else if (c == 'N') {
      *error = "a \\N escape, which is not supported";
      return false;
    } else if (static_cast<unsigned char>(c) >= 0x80) {
      // Python has replaced the letter by its own escape before it decodes, so
      // that the backslashes pair up.
      const CodePoint letter = DecodeCodePoint(literal.substr(i));
      *value += EscapedLetter(letter.value);
      i += letter.length;
    } else {
      *value += '\\';
      *value += c;
      ++i;
    }
  }
  return true;
}

}  // namespace fullstop::jinja
