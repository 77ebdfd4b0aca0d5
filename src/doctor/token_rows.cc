#include "doctor/token_rows.h"

#include <cmath>

#include "format/dequantize.h"
#include "format/safetensors_values.h"

namespace fullstop {
namespace {

// What rounding to 8 bits of a number, as bfloat16 does, may do to it.
constexpr double kRounding = 1.0 / 256;

}  // namespace

std::optional<TokenRows> TokenRows::Of(const SafetensorsTensor& tensor) {
  if (tensor.shape.size() != 2 || tensor.data.empty() ||
      !IsFloat(tensor.type)) {
    return std::nullopt;
  }
  TokenRows rows;
  rows.name_ = tensor.name;
  rows.rows_ = tensor.shape[0];
  rows.columns_ = tensor.shape[1];
  rows.data_ = tensor.data;
  rows.type_ = tensor.type;
  return rows;
}

std::optional<TokenRows> TokenRows::Of(const GgufTensor& tensor) {
  if (tensor.shape.size() != 2 || tensor.data.empty() ||
      !RowBytes(tensor.type, tensor.shape[0])) {
    return std::nullopt;
  }
  TokenRows rows;
  rows.name_ = tensor.name;
  rows.rows_ = tensor.shape[1];
  rows.columns_ = tensor.shape[0];
  rows.data_ = tensor.data;
  rows.type_ = tensor.type;
  return rows;
}

std::vector<float> TokenRows::Row(size_t id) const {
  const size_t bytes = data_.size() / rows_;
  const std::byte* begin = data_.subspan(id * bytes, bytes).data();
  std::vector<float> row(columns_);
  if (const auto* type = std::get_if<SafetensorsType>(&type_)) {
    SafetensorsToFloat(*type, begin, row.data(), columns_);
  } else {
    Dequantize(std::get<TensorType>(type_), begin, row.data(), columns_);
  }
  return row;
}

bool TokenRows::SameRow(size_t id, const TokenRows& other) const {
  return SameRow(id, other, id);
}

bool TokenRows::SameRow(size_t id, const TokenRows& other,
                        size_t other_id) const {
  if (id >= rows_ || other_id >= other.rows_ || columns_ != other.columns_) {
    return false;
  }
  const double allowed = type_ == other.type_ ? 0 : kRounding;
  const std::vector<float> ours = Row(id);
  const std::vector<float> theirs = other.Row(other_id);
  for (size_t i = 0; i < columns_; ++i) {
    const double difference = std::abs(double{ours[i]} - theirs[i]);
    if (difference > allowed * std::abs(theirs[i])) return false;
  }
  return true;
}

}  // namespace fullstop
