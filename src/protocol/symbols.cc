#include "protocol/symbols.h"

#include <algorithm>
#include <vector>

namespace fullstop {

bool IsSpace(char32_t symbol) {
  return symbol == U' ' || (symbol >= U'\t' && symbol <= U'\r');
}

bool HasToken(SymbolView symbols) {
  return std::any_of(symbols.begin(), symbols.end(), IsToken);
}

size_t LeadingSpace(SymbolView text) {
  size_t n = 0;
  while (n < text.size() && IsSpace(text[n])) ++n;
  return n;
}

SymbolView StripSpace(SymbolView text) {
  text.remove_prefix(LeadingSpace(text));
  while (!text.empty() && IsSpace(text.back())) text.remove_suffix(1);
  return text;
}

std::string BytesOf(SymbolView symbols) {
  std::string bytes;
  for (const char32_t symbol : symbols) {
    if (!IsToken(symbol)) bytes += static_cast<char>(symbol);
  }
  return bytes;
}

Symbols ToSymbols(std::string_view text, const TokenScanner& scanner) {
  std::vector<ScannedToken> found;
  scanner.Scan(text, 0, text.size(), &found);
  Symbols symbols;
  size_t at = 0;
  const auto add_bytes = [&](size_t end) {
    for (; at < end; ++at) {
      symbols += static_cast<char32_t>(static_cast<unsigned char>(text[at]));
    }
  };
  for (const ScannedToken& token : found) {
    add_bytes(token.begin);
    symbols += TokenSymbol(token.id);
    at = token.end;
  }
  add_bytes(text.size());
  return symbols;
}

Fit FitAt(SymbolView text, SymbolView pattern) {
  size_t at = 0;
  for (size_t i = 0; i < pattern.size();) {
    if (IsSpace(pattern[i])) {
      i += LeadingSpace(pattern.substr(i));
      at += LeadingSpace(text.substr(at));
      continue;
    }
    if (at == text.size()) return {Fit::Kind::kPart, at};
    if (text[at] != pattern[i]) return {};
    ++at;
    ++i;
  }
  return {Fit::Kind::kWhole, at};
}

}  // namespace fullstop
