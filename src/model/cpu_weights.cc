#include "model/cpu_weights.h"

#include <cstdint>
#include <set>
#include <span>
#include <variant>

namespace fullstop {
namespace {

// One for each index of SHAPE's last dimension.
std::vector<kernels::Matrix> Slices(
    TensorType type, const std::vector<uint64_t>& shape,
    std::span<const std::span<const std::byte>> pieces) {
  const uint64_t rows = shape.size() > 1 ? shape[1] : 1;
  const uint64_t row_bytes = RowBytes(type, shape[0]).value();
  const uint64_t count = shape.size() > 2 ? shape[2] : 1;
  std::vector<kernels::Matrix> slices;
  for (std::span<const std::byte> piece : pieces) {
    while (slices.size() < count && piece.size() >= rows * row_bytes) {
      slices.push_back({.type = type,
                        .data = piece.data(),
                        .rows = static_cast<int64_t>(rows),
                        .columns = static_cast<int64_t>(shape[0]),
                        .row_bytes = static_cast<int64_t>(row_bytes)});
      piece = piece.subspan(rows * row_bytes);
    }
  }
  return slices;
}

// All numbers, row by row.
std::vector<float> Floats(TensorType type, const std::vector<uint64_t>& shape,
                          std::span<const std::span<const std::byte>> pieces,
                          const kernels::Kernels& kernels) {
  const uint64_t row_bytes = RowBytes(type, shape[0]).value();
  std::vector<float> floats;
  for (const std::span<const std::byte> piece : pieces) {
    const kernels::Matrix matrix{
        .type = type,
        .data = piece.data(),
        .rows = static_cast<int64_t>(piece.size() / row_bytes),
        .columns = static_cast<int64_t>(shape[0]),
        .row_bytes = static_cast<int64_t>(row_bytes)};
    for (int64_t row = 0; row < matrix.rows; ++row) {
      floats.resize(floats.size() + shape[0]);
      kernels.DequantizeRow(matrix, row,
                            floats.data() + floats.size() - shape[0]);
    }
  }
  return floats;
}

std::vector<std::byte> MakeAll(const ModelTensor& tensor) {
  std::vector<std::byte> bytes;
  bytes.reserve(tensor.size());
  for (uint64_t i = 0; i < tensor.matrices(); ++i) {
    const std::vector<std::byte> matrix = tensor.make(i);
    bytes.insert(bytes.end(), matrix.begin(), matrix.end());
  }
  return bytes;
}

}  // namespace

CpuWeights::CpuWeights(const ModelFile& file, const Graph& graph,
                       const kernels::Kernels& kernels)
    : owner_(file.owner()) {
  std::set<TensorId> norms;
  for (const Step& step : graph.steps) {
    const auto* norm = std::get_if<NormStep>(&step.op);
    if (norm != nullptr && norm->weight) norms.insert(*norm->weight);
  }
  for (const TensorSpec& spec : graph.tensors) {
    const auto id = static_cast<TensorId>(matrices_.size());
    const ModelTensor& tensor = *file.FindTensor(spec.name);
    std::vector<std::span<const std::byte>> pieces = tensor.pieces;
    if (tensor.make) pieces = {made_.emplace_back(MakeAll(tensor))};
    const bool vector = spec.shape.size() == 1 || norms.contains(id);
    vectors_.push_back(vector ? Floats(tensor.type, spec.shape, pieces, kernels)
                              : std::vector<float>());
    matrices_.push_back(Slices(tensor.type, spec.shape, pieces));
  }
}

}  // namespace fullstop
