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
// read. A text that is absent costs one look into a table of 16 to 32 bytes an
// entry.
class StringIndex {
 public:
  // CAPACITY: how many texts will be added at most.
  explicit StringIndex(size_t capacity);

  // The first id added for a text stays; false if it had one.
  bool Add(std::string_view text, TokenId id);
  std::optional<TokenId> Find(std::string_view text) const;

 private:
  struct Entry {
    std::string_view text;
    TokenId id;
  };
  struct Slot {
    uint32_t tag = 0;    // other bits of the hash than the slot's place
    uint32_t entry = 0;  // its number from 1; 0: empty
  };
  size_t SlotOf(std::string_view text, uint64_t hash) const;

  std::vector<Entry> entries_;
  std::vector<Slot> slots_;
  size_t mask_;
  size_t longest_ = 0;  // bytes
};

}  // namespace fullstop

#endif  // FULLSTOP_TOKENIZER_STRING_INDEX_H_
