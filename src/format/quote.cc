#include "format/quote.h"

#include "base/utf8.h"

namespace fullstop {
namespace {

constexpr size_t kLongest = 80;

bool IsControl(char32_t c) { return c < 0x20 || (c >= 0x7F && c < 0xA0); }

}  // namespace

std::string QuoteName(std::string_view name) {
  const bool cut = name.size() > kLongest;
  name = name.substr(0, kLongest);
  if (cut) name.remove_suffix(IncompleteUtf8Suffix(name));
  std::string quoted = "'";
  while (!name.empty()) {
    const CodePoint point = DecodeCodePoint(name);
    AppendUtf8(point.valid && !IsControl(point.value) ? point.value : 0xFFFD,
               &quoted);
    name.remove_prefix(point.length);
  }
  return quoted + (cut ? "…'" : "'");
}

}  // namespace fullstop
