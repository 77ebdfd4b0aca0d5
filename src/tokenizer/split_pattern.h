// The regular expressions of pre-tokenizers, taken apart.
//
// The patterns are written for Oniguruma, the engine of Hugging Face's
// tokenizers, whose classes are those of Unicode 16. Here every class, escape
// and literal becomes a set of code points from our own tables; what is left
// (groups, alternation, quantifiers, assertions) means the same to PCRE2.
#ifndef FULLSTOP_TOKENIZER_SPLIT_PATTERN_H_
#define FULLSTOP_TOKENIZER_SPLIT_PATTERN_H_

#include <string>
#include <string_view>
#include <vector>

#include "base/unicode_set.h"

namespace fullstop {

// Either a set that one character must be in, or the text of an operator. A
// word boundary is written out with the set of word characters:
// "(?:(?<=", W, ")(?!", W, ")|(?<!", W, ")(?=", W, "))".
struct PatternPiece {
  bool is_set = false;
  CodePointSet set;
  std::string text;
  bool operator==(const PatternPiece&) const = default;
};

// Understands literals, . and $ (the end of the text), \G (where the search
// began: the end of the match before), \p{…} of a general category or Han,
// \s \d \w \b and their negations, \x \u \r \n \t \f \v,
// classes with ranges, nesting and &&, groups ( (?: (?i: (?> and look-around,
// and greedy, lazy and possessive quantifiers. A group is never captured. In
// (?i:…) ASCII letters match without case, as in Oniguruma (s also U+017F, k
// also U+212A). Throws Error (kUnsupported) for anything else, with the pattern
// and column.
std::vector<PatternPiece> ParseSplitPattern(std::string_view pattern);

}  // namespace fullstop

#endif  // FULLSTOP_TOKENIZER_SPLIT_PATTERN_H_
