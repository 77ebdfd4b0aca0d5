// Replies as sequences of symbols: bytes and whole control tokens, so that a
// marker that is a token and its spelling in bytes are different things.
#ifndef FULLSTOP_PROTOCOL_SYMBOLS_H_
#define FULLSTOP_PROTOCOL_SYMBOLS_H_

#include <cstddef>
#include <string>
#include <string_view>

#include "base/token_id.h"
#include "protocol/token_scan.h"

namespace fullstop {

// A symbol below 256 is a byte, any other 256 + a control token's id.
using Symbols = std::u32string;
using SymbolView = std::u32string_view;

inline constexpr char32_t kFirstToken = 256;
inline bool IsToken(char32_t symbol) { return symbol >= kFirstToken; }
inline char32_t TokenSymbol(TokenId id) {
  return kFirstToken + static_cast<char32_t>(id);
}
inline TokenId IdOf(char32_t symbol) {
  return static_cast<TokenId>(symbol - kFirstToken);
}
// ASCII white space.
bool IsSpace(char32_t symbol);
bool HasToken(SymbolView symbols);
// How many symbols of white space TEXT begins with.
size_t LeadingSpace(SymbolView text);
// TEXT without white space at both ends.
SymbolView StripSpace(SymbolView text);
// The bytes alone.
std::string BytesOf(SymbolView symbols);

// TEXT with the tokens that SCANNER finds in it as symbols.
Symbols ToSymbols(std::string_view text, const TokenScanner& scanner);

// Whether a text begins with a pattern: no, perhaps (the text is too short to
// tell), or yes, with so many symbols.
struct Fit {
  enum class Kind { kNo, kPart, kWhole };
  Kind kind = Kind::kNo;
  size_t length = 0;

  bool no() const { return kind == Kind::kNo; }
  bool part() const { return kind == Kind::kPart; }
  bool whole() const { return kind == Kind::kWhole; }
};

// White space within PATTERN stands for any amount of it, none included. An
// empty pattern fits everything.
Fit FitAt(SymbolView text, SymbolView pattern);

}  // namespace fullstop

#endif  // FULLSTOP_PROTOCOL_SYMBOLS_H_
