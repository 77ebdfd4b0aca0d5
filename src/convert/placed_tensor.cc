#include "convert/placed_tensor.h"

#include <algorithm>
#include <cstring>
#include <span>
#include <utility>

#include "base/error.h"
#include "convert/tensor_stream.h"
#include "format/quote.h"

namespace fullstop {
namespace {

// GGUF's matrices of a part; of a vector the elements are rows.
struct PartShape {
  MatrixSize size;
  uint64_t matrices;
  size_t rank;
};

PartShape ShapeOf(const PlacedPart& part) {
  std::vector<uint64_t> shape = part.tensor->shape;
  if (part.expert) shape.pop_back();
  const size_t rank = shape.size();
  if (rank < 2) return {{1, shape.empty() ? 1 : shape[0]}, 1, 1};
  shape[0] /= Traits(part.tensor->type).block_length;
  return {{shape[0], shape[1]}, rank > 2 ? shape[2] : 1, rank};
}

}  // namespace

PlacedTensor::PlacedTensor(std::string name, std::string path)
    : name_(std::move(name)), path_(std::move(path)) {}

void PlacedTensor::Fail(const std::string& what) const {
  throw Error::Format("tensor " + QuoteName(parts_[0].tensor->name) + what)
      .In(path_);
}

void PlacedTensor::Check() {
  const PartShape first = ShapeOf(parts_[0]);
  stacked_ = std::max<uint64_t>(parts_[0].place.stacked, 1);
  matrices_ = first.matrices;
  uint64_t filled = 0;
  for (const PlacedPart& part : parts_) {
    const PartShape shape = ShapeOf(part);
    if (shape.matrices != matrices_ || shape.rank != first.rank ||
        shape.rank > 3 || part.place.change != change()) {
      Fail(" and " + QuoteName(part.tensor->name) +
           " don't fit each other: a folder holds them as one");
    }
    const MatrixSize size = FolderSize(part.place, shape.size);
    if (PlacedSize(part.place, size) != shape.size) {
      Fail(" has a shape that does not fit the configuration");
    }
    size_.columns = std::max(size_.columns, size.columns);
    size_.rows = std::max(size_.rows, size.rows);
    filled += shape.size.columns * shape.size.rows;
  }
  if (stacked_ > 1 && stacked_ != matrices_) {
    Fail(" has another number of matrices than the configuration says");
  }
  if (filled != size_.columns * size_.rows) {
    Fail(" is one of several that a folder holds as one, " + QuoteName(name_) +
         ", and they don't fill it");
  }
  if (parts_[0].place.stacked > 0) matrices_ = 1;
  SetShape();
}

void PlacedTensor::SetShape() {
  const ExtraDimension extra = parts_[0].place.extra;
  const size_t rank = ShapeOf(parts_[0]).rank;
  if (rank == 1) {
    shape_ = {size_.rows};
    if (extra == ExtraDimension::kRow) shape_.insert(shape_.begin(), 1);
    return;
  }
  shape_ = {size_.rows * stacked_, size_.columns};
  if (extra == ExtraDimension::kChannel) shape_.insert(shape_.begin() + 1, 1);
  if (rank == 3 && parts_[0].place.stacked == 0) {
    shape_.insert(shape_.begin(), matrices_);
  }
}

TensorType PlacedTensor::type() const {
  const TensorType type = parts_[0].tensor->type;
  const bool same = std::ranges::all_of(
      parts_, [type](const auto& part) { return part.tensor->type == type; });
  return same ? type : TensorType::kF32;
}

bool PlacedTensor::IsSmall() const {
  return std::ranges::all_of(
      parts_, [](const auto& part) { return MustBeF32(*part.tensor); });
}

bool PlacedTensor::IsWhole() const {
  const TensorPlace& place = parts_[0].place;
  return parts_.size() == 1 && place.rows.empty() && place.columns.empty() &&
         !place.transposed && place.stacked == 0;
}

ModelTensor PlacedTensor::Slice(const PlacedPart& part, uint64_t matrix) const {
  const ModelTensor& whole = *part.tensor;
  ModelTensor slice{
      .name = whole.name, .type = whole.type, .shape = whole.shape};
  if (part.expert) {
    slice.shape.pop_back();
  } else if (slice.shape.size() > 2) {
    slice.shape.resize(2);
  }
  const uint64_t bytes = slice.size();
  slice.pieces = {
      whole.pieces[0].subspan(part.expert.value_or(matrix) * bytes, bytes)};
  return slice;
}

std::vector<std::byte> PlacedTensor::Matrix(TensorType type,
                                            uint64_t matrix) const {
  const uint64_t width = Traits(type).block_bytes;
  const uint64_t each = size_.rows * size_.columns * width;
  std::vector<std::byte> bytes(each * stacked_);
  for (const PlacedPart& part : parts_) {
    for (uint64_t i = 0; i < stacked_; ++i) {
      std::vector<std::byte> from;
      StreamTensor(Slice(part, stacked_ > 1 ? i : matrix),
                   {type, part.heads, true},
                   [&from](std::span<const std::byte> piece) {
                     from.insert(from.end(), piece.begin(), piece.end());
                   });
      CopyPlaced(part.place, size_, width, TensorDirection::kToFolder,
                 from.data(), bytes.data() + i * each);
    }
  }
  return bytes;
}

std::vector<float> PlacedTensor::Values() const {
  std::vector<float> values;
  for (uint64_t i = 0; i < matrices_; ++i) {
    const std::vector<std::byte> bytes = Matrix(TensorType::kF32, i);
    const size_t old = values.size();
    values.resize(old + bytes.size() / sizeof(float));
    std::memcpy(values.data() + old, bytes.data(), bytes.size());
  }
  return values;
}

void PlacedTensor::Stream(TensorType type, const ByteSink& sink) const {
  for (uint64_t i = 0; i < matrices_; ++i) {
    if (IsWhole()) {
      StreamTensor(Slice(parts_[0], i), {type, parts_[0].heads, true}, sink);
    } else {
      sink(Matrix(type, i));
    }
  }
}

}  // namespace fullstop
