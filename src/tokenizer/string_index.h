// A hash table from texts to token ids, flat and built once.
#ifndef FULLSTOP_TOKENIZER_STRING_INDEX_H_
#define FULLSTOP_TOKENIZER_STRING_INDEX_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/token_id.h"

namespace fullstop {

// Holds views: the texts must outlive the index. Any number of threads may
// read.
class StringIndex {
 public:
  // CAPACITY: how many texts will be added at most.
  explicit StringIndex(size_t capacity);

  // The first id added for a text stays; false if it had one.
  bool Add(std::string_view text, TokenId id);
  std::optional<TokenId> Find(std::string_view text) const;

 private:
  struct Slot {
    std::string_view text;
    TokenId id = -1;
  };
  size_t SlotOf(std::string_view text) const;

  std::vector<Slot> slots_;
  size_t mask_;
  size_t longest_ = 0;  // bytes
};

}  // namespace fullstop

#endif  // FULLSTOP_TOKENIZER_STRING_INDEX_H_
