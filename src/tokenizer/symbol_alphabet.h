// A small alphabet for a set of patterns.
//
// Two characters that no set of a group of patterns tells apart are the same
// symbol. A few dozen symbols stand for all of Unicode, so that text becomes a
// string of one byte for each character and the patterns become patterns over
// bytes, exactly, whatever the regular expression engine knows of Unicode.
#ifndef FULLSTOP_TOKENIZER_SYMBOL_ALPHABET_H_
#define FULLSTOP_TOKENIZER_SYMBOL_ALPHABET_H_

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "base/unicode_set.h"

namespace fullstop {

// Immutable; any number of threads may read. About 50 KiB.
class SymbolAlphabet {
 public:
  // Throws Error (kUnsupported) if SETS tell more than 255 kinds of characters
  // apart.
  explicit SymbolAlphabet(const std::vector<CodePointSet>& sets);

  uint8_t SymbolOf(char32_t value) const {
    return pages_[page_of_[value >> 8]][value & 0xFF];
  }

  // The symbols of SET, one of the constructor's, as a class that PCRE2 reads
  // without UTF mode: "[\x01\x03-\x05]".
  std::string ClassOf(const CodePointSet& set) const;

 private:
  using Page = std::array<uint8_t, 256>;
  // SYMBOL_AFTER: the symbol from each border to the next.
  void FillPages(const std::vector<char32_t>& borders,
                 const std::vector<uint8_t>& symbol_after);

  std::array<uint16_t, 0x1100> page_of_;
  std::vector<Page> pages_;
  // A character of each symbol.
  std::vector<char32_t> example_;
};

}  // namespace fullstop

#endif  // FULLSTOP_TOKENIZER_SYMBOL_ALPHABET_H_
