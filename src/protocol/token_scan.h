// Finds special tokens in a text, as the tokenizer does: leftmost, then
// longest.
#ifndef FULLSTOP_PROTOCOL_TOKEN_SCAN_H_
#define FULLSTOP_PROTOCOL_TOKEN_SCAN_H_

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/token_id.h"
#include "protocol/facts.h"

namespace fullstop {

struct ScannedToken {
  TokenId id = 0;
  size_t begin = 0;
  size_t end = 0;
};

// Over the specials given, those of white space alone left out. Immutable; the
// specials must outlive it.
class TokenScanner {
 public:
  explicit TokenScanner(const std::vector<SpecialToken>& specials);

  // Appends the tokens that lie within bytes [BEGIN, END) of TEXT.
  void Scan(std::string_view text, size_t begin, size_t end,
            std::vector<ScannedToken>* found) const;

 private:
  std::unordered_map<std::string_view, TokenId> ids_;
  // By first byte: the lengths that occur, descending.
  std::array<std::vector<size_t>, 256> lengths_;
};

// True for an empty text too.
bool IsWhiteSpace(std::string_view text);
// Without the white space (ASCII) at either end.
std::string_view Strip(std::string_view text);
std::string_view StripRight(std::string_view text);
// How many bytes of A stand at the start of B too, white space (ASCII) in
// either not counted; the white space behind the last of them is left out.
size_t SharedPrefix(std::string_view a, std::string_view b);

}  // namespace fullstop

#endif  // FULLSTOP_PROTOCOL_TOKEN_SCAN_H_
