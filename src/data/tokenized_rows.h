// Rows of training data as a trainer made them: ids, and which of them are
// trained.
#ifndef FULLSTOP_DATA_TOKENIZED_ROWS_H_
#define FULLSTOP_DATA_TOKENIZED_ROWS_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/token_id.h"

namespace fullstop {

// The label of what is not trained, as PyTorch's cross entropy ignores it.
inline constexpr int64_t kNotTrained = -100;

// A text of its own: rows may be packed of several.
struct TokenizedRow {
  size_t line = 0;  // from 1
  std::vector<TokenId> ids;
  // As long as IDS.
  std::vector<int64_t> labels;
  // The text behind it sees this one: their positions begin anew, but a mask
  // that is the same for both lets only FlashAttention part them.
  bool seen_by_next = false;
};

// A file of objects, JSONL or an array, with `input_ids`, `labels` and, where
// it has them, `attention_mask`, `position_ids` and `seq_lengths`; other fields
// are passed over. Rows come text by text, without what the mask or the
// positions tell to be padding: texts are parted by `seq_lengths`, as TRL packs
// them, by a mask that numbers them, or by positions that begin anew. Holds one
// object. One thread.
class TokenizedRows {
 public:
  // Throws Error (kNotFound, kIo).
  explicit TokenizedRows(const std::string& path);
  ~TokenizedRows();

  // The next text; false at the end. Throws Error with the line: kFormat where
  // it is no such object, kLimit where it is longer than 64 MiB.
  bool Next(TokenizedRow* row);

  // Bytes read, and of the file.
  size_t done() const;
  size_t total() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace fullstop

#endif  // FULLSTOP_DATA_TOKENIZED_ROWS_H_
