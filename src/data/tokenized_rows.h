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

struct TokenizedRow {
  size_t line = 0;  // from 1
  std::vector<TokenId> ids;
  // As long as IDS.
  std::vector<int64_t> labels;
  // As long as IDS, or empty where the row has none.
  std::vector<int64_t> attention_mask;
  std::vector<int64_t> position_ids;
};

// A JSONL file of objects with `input_ids`, `labels` and, where it has them,
// `attention_mask` and `position_ids`; other fields and empty lines are passed
// over. Holds one row. One thread.
class TokenizedRows {
 public:
  // Throws Error (kNotFound, kIo).
  explicit TokenizedRows(const std::string& path);
  ~TokenizedRows();

  // The next row; false at the end. Throws Error with the line: kFormat where
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
