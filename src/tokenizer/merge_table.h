// Byte pair merges by rank: the table and the two ways to apply it.
#ifndef FULLSTOP_TOKENIZER_MERGE_TABLE_H_
#define FULLSTOP_TOKENIZER_MERGE_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/token_id.h"

namespace fullstop {

// Pairs of ids that merge into one, each with its rank: lower merges first.
// Flat; built once; any number of threads may read.
class MergeTable {
 public:
  struct Merge {
    uint32_t rank;
    TokenId merged;
  };

  // CAPACITY: how many merges will be added at most.
  explicit MergeTable(size_t capacity);

  // The last merge added for a pair stands.
  void Add(TokenId left, TokenId right, Merge merge);
  // nullptr where the pair does not merge.
  const Merge* Find(TokenId left, TokenId right) const;

 private:
  struct Slot {
    uint64_t pair = kEmpty;
    Merge merge{};
  };
  static constexpr uint64_t kEmpty = ~uint64_t{0};
  size_t SlotOf(uint64_t pair) const;

  std::vector<Slot> slots_;
  size_t mask_;
};

// A token and where it ends, in bytes from the start of the word.
struct MergeSymbol {
  TokenId id;
  uint32_t end;
  bool operator==(const MergeSymbol&) const = default;
};

// Replaces the pair of lowest rank, the leftmost of equals, until none is left.
// The plain form scans the word for each merge, O(n^2), and is the faster one
// on short words; the other keeps a heap, O(n log n).
void MergePlainly(const MergeTable& table, std::vector<MergeSymbol>* word);
void MergeByHeap(const MergeTable& table, std::vector<MergeSymbol>* word);

}  // namespace fullstop

#endif  // FULLSTOP_TOKENIZER_MERGE_TABLE_H_
