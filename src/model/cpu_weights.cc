#include "model/cpu_weights.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <set>
#include <span>
#include <variant>

#include "base/memory.h"
#include "kernels/strips.h"

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

size_t Aligned(size_t size) {
  return (size + kernels::kAlignment - 1) / kernels::kAlignment *
         kernels::kAlignment;
}

// Tensors of which whole matrices are multiplied, or parts that begin where a
// strip does.
std::set<TensorId> FitForStrips(const Graph& graph) {
  std::set<TensorId> fit = {graph.head};
  std::set<TensorId> unfit;
  const auto add = [&](TensorId id, uint64_t first) {
    (first % kernels::kStripRows == 0 ? fit : unfit).insert(id);
  };
  for (const Step& step : graph.steps) {
    if (const auto* linear = std::get_if<LinearStep>(&step.op)) {
      for (const LinearPart& part : linear->parts) add(part.weight, part.first);
    } else if (const auto* heads = std::get_if<HeadLinearStep>(&step.op)) {
      add(heads->weight, 0);
    } else if (const auto* experts = std::get_if<ExpertsStep>(&step.op)) {
      add(experts->gate.weight, experts->gate.first);
      if (experts->up) add(experts->up->weight, experts->up->first);
      add(experts->down.weight, experts->down.first);
    }
  }
  for (const TensorId id : unfit) fit.erase(id);
  return fit;
}

// Copies of MATRICES in BUFFER, a matrix behind the other, in the layout that
// each has in LAYOUTS; MATRICES are the copies afterwards.
void CopyInto(std::span<kernels::Matrix* const> matrices,
              std::span<const kernels::Layout> layouts, ThreadPool& pool,
              AlignedBuffer<std::byte>& buffer) {
  constexpr int64_t kAtOnce = 2 * kLargePage;
  struct Part {
    kernels::Matrix from;
    kernels::Layout layout;
    int64_t begin;
    int64_t end;
    std::byte* to;  // of the whole matrix
  };
  size_t size = 0;
  for (const kernels::Matrix* w : matrices) {
    size += Aligned(kernels::StripBytes(*w));
  }
  buffer.Reserve(size);
  std::vector<Part> parts;
  std::byte* next = buffer.data();
  for (size_t i = 0; i < matrices.size(); ++i) {
    kernels::Matrix& w = *matrices[i];
    const int64_t strips =
        std::max<int64_t>(1, kAtOnce / w.row_bytes / kernels::kStripRows);
    const int64_t rows = strips * kernels::kStripRows;
    for (int64_t row = 0; row < w.rows; row += rows) {
      parts.push_back({w, layouts[i], row, std::min(row + rows, w.rows), next});
    }
    w.data = next;
    w.layout = layouts[i];
    next += Aligned(kernels::StripBytes(w));
  }
  pool.ParallelFor(parts.size(), 1, [&](size_t begin, size_t end, int) {
    for (size_t i = begin; i < end; ++i) {
      const Part& part = parts[i];
      const int64_t at = part.begin * part.from.row_bytes;
      const auto bytes =
          static_cast<size_t>((part.end - part.begin) * part.from.row_bytes);
      if (part.layout == kernels::Layout::kStrips) {
        kernels::MakeStrips(part.from, part.begin, part.end, part.to);
      } else {
        std::memcpy(part.to + at, part.from.data + at, bytes);
      }
      ReleaseFilePages({part.from.data + at, bytes});
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
  const std::set<TensorId> fit = FitForStrips(graph);
  std::vector<bool> copied;
  for (size_t i = 0; i < graph.tensors.size(); ++i) {
    const TensorSpec& spec = graph.tensors[i];
    const ModelTensor& tensor = *file.FindTensor(spec.name);
    std::vector<std::span<const std::byte>> pieces = tensor.pieces;
    if (tensor.make) pieces = {made_.emplace_back(MakeAll(tensor))};
    vectors_.push_back(is_vector(i)
                           ? Floats(tensor.type, spec.shape, pieces, kernels)
                           : std::vector<float>());
    matrices_.push_back(Slices(tensor.type, spec.shape, pieces));
    copied.push_back(placement == WeightPlacement::kCopied && !tensor.make &&
                     !is_vector(i));
  }
  std::vector<kernels::Matrix*> matrices;
  std::vector<kernels::Layout> layouts;
  for (size_t i = 0; i < matrices_.size(); ++i) {
    if (!copied[i]) continue;
    for (kernels::Matrix& w : matrices_[i]) {
      matrices.push_back(&w);
      layouts.push_back(fit.contains(static_cast<TensorId>(i)) &&
                                kernels.ReadsStrips(w.type)
                            ? kernels::Layout::kStrips
                            : kernels::Layout::kRows);
    }
  }
  CopyInto(matrices, layouts, pool, copies_);
}

}  // namespace fullstop
