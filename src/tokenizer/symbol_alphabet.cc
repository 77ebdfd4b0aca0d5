#include "tokenizer/symbol_alphabet.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <map>

#include "base/error.h"

namespace fullstop {
namespace {

constexpr char32_t kEnd = 0x110000;
constexpr size_t kMostSymbols = 255;

// Where the membership of a character in some set changes; begins with 0 and
// ends with kEnd.
std::vector<char32_t> Borders(const std::vector<CodePointSet>& sets) {
  std::vector<char32_t> borders = {0, kEnd};
  for (const CodePointSet& set : sets) {
    for (const CodePointRange& range : set.ranges()) {
      borders.push_back(range.first);
      borders.push_back(range.last + 1);
    }
  }
  std::sort(borders.begin(), borders.end());
  borders.erase(std::unique(borders.begin(), borders.end()), borders.end());
  return borders;
}

}  // namespace

SymbolAlphabet::SymbolAlphabet(const std::vector<CodePointSet>& sets) {
  std::map<std::vector<bool>, uint8_t> symbols;
  std::map<Page, uint16_t> pages;
  Page page{};
  const std::vector<char32_t> borders = Borders(sets);
  std::vector<bool> membership(sets.size());
  for (size_t i = 0; i + 1 < borders.size(); ++i) {
    for (size_t s = 0; s < sets.size(); ++s) {
      membership[s] = sets[s].Contains(borders[i]);
    }
    const auto [found, is_new] =
        symbols.try_emplace(membership, static_cast<uint8_t>(symbols.size()));
    if (is_new) example_.push_back(borders[i]);
    if (symbols.size() > kMostSymbols) {
      throw Error::Unsupported(
          "the pre-tokenizer's patterns tell more than 255 kinds of characters "
          "apart");
    }
    for (char32_t value = borders[i]; value < borders[i + 1]; ++value) {
      page[value & 0xFF] = found->second;
      if ((value & 0xFF) != 0xFF) continue;
      const auto [place, is_new_page] =
          pages.try_emplace(page, static_cast<uint16_t>(pages_.size()));
      if (is_new_page) pages_.push_back(page);
      page_of_[value >> 8] = place->second;
    }
  }
}

std::string SymbolAlphabet::ClassOf(const CodePointSet& set) const {
  std::string text;
  for (size_t symbol = 0; symbol < example_.size(); ++symbol) {
    if (!set.Contains(example_[symbol])) continue;
    size_t last = symbol;
    while (last + 1 < example_.size() && set.Contains(example_[last + 1])) {
      ++last;
    }
    text += fmt::format("\\x{:02x}-\\x{:02x}", symbol, last);
    symbol = last;
  }
  return text.empty() ? "(?!)" : "[" + text + "]";
}

}  // namespace fullstop
