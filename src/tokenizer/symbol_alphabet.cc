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
constexpr char32_t kPageSize = 256;

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
  const std::vector<char32_t> borders = Borders(sets);
  std::vector<uint8_t> symbol_after(borders.size());
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
    symbol_after[i] = found->second;
  }
  FillPages(borders, symbol_after);
}

void SymbolAlphabet::FillPages(const std::vector<char32_t>& borders,
                               const std::vector<uint8_t>& symbol_after) {
  std::map<Page, uint16_t> pages;
  // Nearly all pages have one symbol only.
  std::array<int, 256> uniform;
  uniform.fill(-1);
  size_t border = 0;
  for (char32_t first = 0; first < kEnd; first += kPageSize) {
    while (borders[border + 1] <= first) ++border;
    const bool is_uniform = borders[border + 1] >= first + kPageSize;
    int& known = uniform[symbol_after[border]];
    uint16_t& place = page_of_[first / kPageSize];
    if (is_uniform && known >= 0) {
      place = static_cast<uint16_t>(known);
      continue;
    }
    Page page;
    size_t at = border;
    for (char32_t i = 0; i < kPageSize; ++i) {
      while (borders[at + 1] <= first + i) ++at;
      page[i] = symbol_after[at];
    }
    const auto [found, is_new] =
        pages.try_emplace(page, static_cast<uint16_t>(pages_.size()));
    if (is_new) pages_.push_back(page);
    place = found->second;
    if (is_uniform) known = place;
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
