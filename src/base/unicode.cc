#include "base/unicode.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include "base/unicode_tables.h"

namespace fullstop {
namespace {

constexpr std::array<std::string_view, 30> kCategoryNames = {
    "Cc", "Cf", "Cn", "Co", "Cs", "Ll", "Lm", "Lo", "Lt", "Lu",
    "Mc", "Me", "Mn", "Nd", "Nl", "No", "Pc", "Pd", "Pe", "Pf",
    "Pi", "Po", "Ps", "Sc", "Sk", "Sm", "So", "Zl", "Zp", "Zs"};

CodePointSet FromTable(const CodePointRange* ranges, size_t count) {
  return CodePointSet(std::vector<CodePointRange>(ranges, ranges + count));
}

// The characters whose category's name begins with PREFIX.
CodePointSet CategorySet(std::string_view prefix) {
  std::vector<CodePointRange> ranges;
  char32_t next = 0;
  for (size_t i = 0; i < unicode_tables::kCategoryRunCount; ++i) {
    const uint32_t run = unicode_tables::kCategoryRuns[i];
    const char32_t first = next;
    next += run / 32;
    if (kCategoryNames[run % 32].starts_with(prefix)) {
      ranges.push_back({first, next - 1});
    }
  }
  return CodePointSet(std::move(ranges));
}

}  // namespace

std::optional<CodePointSet> UnicodeProperty(std::string_view name) {
  if (name == "Han") {
    return FromTable(unicode_tables::kHanRanges,
                     unicode_tables::kHanRangeCount);
  }
  if (name == "White_Space") {
    return FromTable(unicode_tables::kWhiteSpaceRanges,
                     unicode_tables::kWhiteSpaceRangeCount);
  }
  if (name.empty() || name.size() > 2) return std::nullopt;
  CodePointSet set = CategorySet(name);
  if (set.empty()) return std::nullopt;
  return set;
}

bool IsUnicodeSpace(char32_t value) {
  if (value < 0x80) return value == 0x20 || (value >= 0x9 && value <= 0xD);
  return std::any_of(
      unicode_tables::kWhiteSpaceRanges,
      unicode_tables::kWhiteSpaceRanges + unicode_tables::kWhiteSpaceRangeCount,
      [value](const CodePointRange& range) {
        return range.first <= value && value <= range.last;
      });
}

}  // namespace fullstop
