// Merging by score: the table of pieces and the two ways to apply it.
#ifndef FULLSTOP_TOKENIZER_PIECE_MERGER_H_
#define FULLSTOP_TOKENIZER_PIECE_MERGER_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/token_id.h"
#include "tokenizer/string_index.h"

namespace fullstop {

// The pieces that text may be cut into. Holds views; any number of threads may
// read.
class PieceTable {
 public:
  // CAPACITY: how many pieces will be added at most.
  explicit PieceTable(size_t capacity) : index_(capacity) {}

  // The first id added for a text stays. IDs must come in ascending order.
  void Add(std::string_view text, TokenId id, float score);
  std::optional<TokenId> Find(std::string_view text) const {
    return index_.Find(text);
  }
  // ID must have been added.
  float ScoreOf(TokenId id) const { return scores_[static_cast<size_t>(id)]; }

 private:
  StringIndex index_;
  std::vector<float> scores_;
};

// Starts from the characters of TEXT and joins the two neighbours that
// make the piece of highest score, the leftmost of equals, until none do.
// Returns where each part ends; a part is a piece or a single character. The
// plain form scans the text for each merge, O(n^2); the other keeps a heap.
std::vector<uint32_t> MergePiecesPlainly(const PieceTable& table,
                                         std::string_view text);
std::vector<uint32_t> MergePiecesByHeap(const PieceTable& table,
                                        std::string_view text);

}  // namespace fullstop

#endif  // FULLSTOP_TOKENIZER_PIECE_MERGER_H_
