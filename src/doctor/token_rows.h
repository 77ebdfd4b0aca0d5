// A matrix of weights with a row for each token: an embedding, an output head.
#ifndef FULLSTOP_DOCTOR_TOKEN_ROWS_H_
#define FULLSTOP_DOCTOR_TOKEN_ROWS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "format/gguf.h"
#include "format/safetensors.h"
#include "format/tensor_type.h"

namespace fullstop {

// Reads a row when it is asked for, nothing else. Views the tensor's file;
// copies are cheap. Any number of threads may read.
class TokenRows {
 public:
  // nullopt where the tensor is no matrix of numbers that can be read as they
  // are.
  static std::optional<TokenRows> Of(const SafetensorsTensor& tensor);
  static std::optional<TokenRows> Of(const GgufTensor& tensor);

  const std::string& name() const { return name_; }
  size_t size() const { return rows_; }
  size_t columns() const { return columns_; }
  // Of the whole matrix, in its file.
  uint64_t bytes() const { return data_.size(); }

  // Row ID; ID is below size().
  std::vector<float> Row(size_t id) const;
  // Whether row ID is that of OTHER, but for the rounding to a narrower type.
  // False where one of them has no such row or their lengths differ.
  bool SameRow(size_t id, const TokenRows& other) const;
  // The same of row ID of this and row OTHER_ID.
  bool SameRow(size_t id, const TokenRows& other, size_t other_id) const;

 private:
  TokenRows() = default;

  std::string name_;
  size_t rows_ = 0;
  size_t columns_ = 0;
  std::span<const std::byte> data_;
  std::variant<SafetensorsType, TensorType> type_;
};

}  // namespace fullstop

#endif  // FULLSTOP_DOCTOR_TOKEN_ROWS_H_
