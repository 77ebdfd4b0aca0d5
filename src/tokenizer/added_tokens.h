// Finds added and control tokens in a text, before anything else is done to it.
#ifndef FULLSTOP_TOKENIZER_ADDED_TOKENS_H_
#define FULLSTOP_TOKENIZER_ADDED_TOKENS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "tokenizer/tokenizer.h"

namespace fullstop {

// A trie over the tokens' spellings. Any number of threads may read.
class AddedTokens {
 public:
  // An empty TEXT is ignored; of two equal ones the lower id counts.
  // IS_CONTROL: matched within control ranges only.
  struct Entry {
    std::string_view text;
    TokenId id;
    bool is_control;
  };
  explicit AddedTokens(std::vector<Entry> entries);

  struct Match {
    size_t begin;
    size_t end;
    TokenId id;
  };
  // The leftmost match that begins at FROM or later; of several there, the
  // longest.
  std::optional<Match> Find(std::string_view text, size_t from,
                            const EncodeOptions& options) const;

 private:
  struct Node {
    // Ascending by byte.
    std::vector<std::pair<uint8_t, uint32_t>> children;
    TokenId id = -1;
    bool is_control = false;
  };
  const Node* Child(const Node& node, char byte) const;

  std::vector<Node> nodes_;
  std::array<bool, 256> begins_{};
};

}  // namespace fullstop

#endif  // FULLSTOP_TOKENIZER_ADDED_TOKENS_H_
