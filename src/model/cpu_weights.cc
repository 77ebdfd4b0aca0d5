#include "model/cpu_weights.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <set>
#include <span>
#include <variant>

#include "base/memory.h"

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

using Pieces = std::vector<std::span<const std::byte>>;

size_t Aligned(size_t size) {
  return (size + kernels::kAlignment - 1) / kernels::kAlignment *
         kernels::kAlignment;
}

// Puts what all of TENSORS view into BUFFER, a piece behind the other, and lets
// them view that.
void CopyInto(std::span<Pieces* const> tensors, ThreadPool& pool,
              AlignedBuffer<std::byte>& buffer) {
  constexpr size_t kAtOnce = 2 * kLargePage;
  struct Part {
    std::span<const std::byte> from;
    std::byte* to;
  };
  size_t size = 0;
  for (const Pieces* tensor : tensors) {
    for (const auto piece : *tensor) size += Aligned(piece.size());
  }
  buffer.Reserve(size);
  std::vector<Part> parts;
  std::byte* next = buffer.data();
  for (Pieces* tensor : tensors) {
    for (std::span<const std::byte>& piece : *tensor) {
      for (size_t at = 0; at < piece.size(); at += kAtOnce) {
        const size_t count = std::min(kAtOnce, piece.size() - at);
        parts.push_back({piece.subspan(at, count), next + at});
      }
      piece = {next, piece.size()};
      next += Aligned(piece.size());
    }
  }
  pool.ParallelFor(parts.size(), 1, [&](size_t begin, size_t end, int) {
    for (size_t i = begin; i < end; ++i) {
      std::memcpy(parts[i].to, parts[i].from.data(), parts[i].from.size());
      ReleaseFilePages(parts[i].from);
    }
  });
}

}  // namespace

CpuWeights::CpuWeights(const ModelFile& file, const Graph& graph,
                       const kernels::Kernels& kernels,
                       WeightPlacement placement, ThreadPool& pool)
    : owner_(file.owner()) {
  std::set<TensorId> norms;
  for (const Step& step : graph.steps) {
    const auto* norm = std::get_if<NormStep>(&step.op);
    if (norm != nullptr && norm->weight) norms.insert(*norm->weight);
  }
  const auto is_vector = [&](size_t i) {
    return graph.tensors[i].shape.size() == 1 ||
           norms.contains(static_cast<TensorId>(i));
  };
  std::vector<Pieces> pieces(graph.tensors.size());
  std::vector<Pieces*> copied;
  for (size_t i = 0; i < pieces.size(); ++i) {
    const ModelTensor& tensor = *file.FindTensor(graph.tensors[i].name);
    pieces[i] = tensor.pieces;
    if (tensor.make) {
      pieces[i] = {made_.emplace_back(MakeAll(tensor))};
    } else if (placement == WeightPlacement::kCopied && !is_vector(i)) {
      copied.push_back(&pieces[i]);
    }
  }
  CopyInto(copied, pool, copies_);
  for (size_t i = 0; i < pieces.size(); ++i) {
    const TensorSpec& spec = graph.tensors[i];
    const TensorType type = file.FindTensor(spec.name)->type;
    vectors_.push_back(is_vector(i)
                           ? Floats(type, spec.shape, pieces[i], kernels)
                           : std::vector<float>());
    matrices_.push_back(Slices(type, spec.shape, pieces[i]));
  }
}

}  // namespace fullstop
