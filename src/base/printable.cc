#include "base/printable.h"

#include <cstddef>

#include "base/utf8.h"

namespace fullstop {

std::string Printable(std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string printable;
  while (!text.empty()) {
    const CodePoint point = DecodeCodePoint(text);
    const bool is_control =
        point.value < 0x20 || (point.value >= 0x7f && point.value < 0xa0);
    if (point.valid && !is_control) {
      printable += text.substr(0, point.length);
    } else if (point.valid && point.value == '\n') {
      printable += "\\n";
    } else {
      for (const unsigned char byte : text.substr(0, point.length)) {
        printable += "\\x";
        printable += kHex[byte >> 4];
        printable += kHex[byte & 15];
      }
    }
    text.remove_prefix(point.length);
  }
  return printable;
}

}  // namespace fullstop
