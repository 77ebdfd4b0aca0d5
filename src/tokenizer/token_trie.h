// The tokens of a vocabulary by their bytes, for walking them byte by byte.
#ifndef FULLSTOP_TOKENIZER_TOKEN_TRIE_H_
#define FULLSTOP_TOKENIZER_TOKEN_TRIE_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "tokenizer/tokenizer.h"

namespace fullstop {

// All tokens that have bytes, but for control tokens, in the order of their
// bytes. Four bytes a token and the tokenizer's own tables, which must outlive
// the trie. Any number of threads may read.
class TokenTrie {
 public:
  explicit TokenTrie(const Tokenizer& tokenizer);

  // The tokens that begin with a prefix. A value; valid as long as the trie.
  struct Cursor {
    size_t begin;
    size_t end;
    size_t depth;  // the prefix's length in bytes
    bool empty() const { return begin == end; }
  };

  // All tokens.
  Cursor Root() const { return {0, ids_.size(), 0}; }
  // Those that go on with BYTE. In O(log tokens).
  Cursor Step(const Cursor& cursor, uint8_t byte) const;
  Cursor Find(std::string_view prefix) const;

  // Ids in the order of their bytes, shorter before longer, equals by id.
  std::span<const TokenId> Ids(const Cursor& cursor) const {
    return std::span(ids_).subspan(cursor.begin, cursor.end - cursor.begin);
  }
  // Those whose bytes are the prefix and nothing more.
  std::span<const TokenId> Complete(const Cursor& cursor) const;

 private:
  const Tokenizer* tokenizer_;
  std::vector<TokenId> ids_;
};

}  // namespace fullstop

#endif  // FULLSTOP_TOKENIZER_TOKEN_TRIE_H_
