#include "model/folder_rules.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>
#include <utility>

namespace fullstop {
namespace {

uint64_t CountOf(std::span<const AxisRange> ranges, uint64_t all) {
  if (ranges.empty()) return all;
  uint64_t count = 0;
  for (const AxisRange& range : ranges) count += range.count;
  return count;
}

std::vector<uint64_t> Indices(std::span<const AxisRange> ranges, uint64_t all) {
  std::vector<uint64_t> indices;
  if (ranges.empty()) {
    indices.resize(all);
    std::iota(indices.begin(), indices.end(), uint64_t{0});
  }
  for (const AxisRange& range : ranges) {
    for (uint64_t i = 0; i < range.count; ++i) {
      indices.push_back(range.begin + i * range.step);
    }
  }
  return indices;
}

}  // namespace

uint64_t AxisEnd(std::span<const AxisRange> ranges) {
  uint64_t end = 0;
  for (const AxisRange& range : ranges) {
    if (range.count == 0) continue;
    end = std::max(end, range.begin + (range.count - 1) * range.step + 1);
  }
  return end;
}

MatrixSize PlacedSize(const TensorPlace& place, MatrixSize folder) {
  MatrixSize size{CountOf(place.columns, folder.columns),
                  CountOf(place.rows, folder.rows)};
  if (place.transposed) std::swap(size.columns, size.rows);
  return size;
}

MatrixSize FolderSize(const TensorPlace& place, MatrixSize gguf) {
  if (place.transposed) std::swap(gguf.columns, gguf.rows);
  if (!place.columns.empty()) gguf.columns = AxisEnd(place.columns);
  if (!place.rows.empty()) gguf.rows = AxisEnd(place.rows);
  return gguf;
}

void CopyPlaced(const TensorPlace& place, MatrixSize folder, uint64_t width,
                TensorDirection direction, const std::byte* from,
                std::byte* to) {
  const std::vector<uint64_t> rows = Indices(place.rows, folder.rows);
  const std::vector<uint64_t> columns = Indices(place.columns, folder.columns);
  const bool to_gguf = direction == TensorDirection::kToGguf;
  const auto copy = [&](uint64_t in_folder, uint64_t in_gguf, uint64_t count) {
    std::memcpy(to + (to_gguf ? in_gguf : in_folder) * width,
                from + (to_gguf ? in_folder : in_gguf) * width, count * width);
  };
  for (uint64_t i = 0; i < rows.size(); ++i) {
    const uint64_t row = rows[i] * folder.columns;
    if (!place.transposed && place.columns.empty()) {
      copy(row, i * columns.size(), columns.size());
      continue;
    }
    for (uint64_t j = 0; j < columns.size(); ++j) {
      copy(row + columns[j],
           place.transposed ? j * rows.size() + i : i * columns.size() + j, 1);
    }
  }
}

void ChangeNumbers(NumberChange change, TensorDirection direction,
                   std::span<float> numbers) {
  const bool to_gguf = direction == TensorDirection::kToGguf;
  switch (change) {
    case NumberChange::kNone:
      return;
    case NumberChange::kPlusOne:
      for (float& x : numbers) x += to_gguf ? 1.0f : -1.0f;
      return;
    case NumberChange::kMinusExp:
      for (float& x : numbers) x = to_gguf ? -std::exp(x) : std::log(-x);
      return;
  }
}

}  // namespace fullstop
