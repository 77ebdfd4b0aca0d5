#include "tokenizer/token_trie.h"

#include <algorithm>

namespace fullstop {

TokenTrie::TokenTrie(const Tokenizer& tokenizer) : tokenizer_(&tokenizer) {
  for (size_t i = 0; i < tokenizer.size(); ++i) {
    const auto id = static_cast<TokenId>(i);
    const TokenKind kind = tokenizer.info(id).kind;
    if (kind == TokenKind::kControl || kind == TokenKind::kUnknown ||
        tokenizer.TokenBytes(id).empty()) {
      continue;
    }
    ids_.push_back(id);
  }
  std::sort(ids_.begin(), ids_.end(), [&](TokenId a, TokenId b) {
    const int order = tokenizer.TokenBytes(a).compare(tokenizer.TokenBytes(b));
    return order != 0 ? order < 0 : a < b;
  });
}

TokenTrie::Cursor TokenTrie::Step(const Cursor& cursor, uint8_t byte) const {
  // A token that ends here comes before all that go on.
  const auto byte_of = [&](TokenId id) {
    const std::string_view bytes = tokenizer_->TokenBytes(id);
    return cursor.depth < bytes.size()
               ? static_cast<int>(static_cast<uint8_t>(bytes[cursor.depth]))
               : -1;
  };
  const auto first = ids_.begin() + static_cast<ptrdiff_t>(cursor.begin);
  const auto last = ids_.begin() + static_cast<ptrdiff_t>(cursor.end);
  const auto begin = std::partition_point(
      first, last, [&](TokenId id) { return byte_of(id) < byte; });
  const auto end = std::partition_point(
      begin, last, [&](TokenId id) { return byte_of(id) <= byte; });
  return {static_cast<size_t>(begin - ids_.begin()),
          static_cast<size_t>(end - ids_.begin()), cursor.depth + 1};
}

TokenTrie::Cursor TokenTrie::Find(std::string_view prefix) const {
  Cursor cursor = Root();
  for (const char byte : prefix) {
    cursor = Step(cursor, static_cast<uint8_t>(byte));
  }
  return cursor;
}

std::span<const TokenId> TokenTrie::Complete(const Cursor& cursor) const {
  const std::span<const TokenId> ids = Ids(cursor);
  const auto end =
      std::partition_point(ids.begin(), ids.end(), [&](TokenId id) {
        return tokenizer_->TokenBytes(id).size() <= cursor.depth;
      });
  return ids.first(static_cast<size_t>(end - ids.begin()));
}

}  // namespace fullstop
