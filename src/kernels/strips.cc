#include "kernels/strips.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstring>
#include <optional>

#include "format/quant_blocks.h"

namespace fullstop::kernels {
namespace {

// So many words from a block's word AT on.
struct WordRun {
  int64_t at;
  int64_t count;
};

// Where a block holds what: its halves, then its words, both without a gap; the
// words come in the order of RUNS.
struct BlockShape {
  int64_t bytes;
  int64_t halves_at;
  int64_t halves;
  std::array<WordRun, 7> runs;  // those behind the last have no words

  int64_t words_at() const { return halves_at == 0 ? 2 * halves : 0; }
};

std::optional<BlockShape> ShapeOf(TensorType type) {
  switch (type) {
    case TensorType::kQ4_0:
      return BlockShape{sizeof(BlockQ4_0), 0, 1, {{{0, 4}}}};
    case TensorType::kQ4_1:
      return BlockShape{sizeof(BlockQ4_1), 0, 2, {{{0, 4}}}};
    case TensorType::kQ8_0:
      return BlockShape{sizeof(BlockQ8_0), 0, 1, {{{0, 8}}}};
    case TensorType::kIQ4_NL:
      return BlockShape{sizeof(BlockIQ4_NL), 0, 1, {{{0, 4}}}};
    case TensorType::kQ4_K:
      return BlockShape{sizeof(BlockQ4_K), 0, 2, {{{0, 35}}}};
    case TensorType::kQ5_K:
      return BlockShape{sizeof(BlockQ5_K), 0, 2, {{{0, 43}}}};
    case TensorType::kQ6_K:
      // The scales, then of each half ql, the qh of all of it, and ql again.
      return BlockShape{
          sizeof(BlockQ6_K),
          offsetof(BlockQ6_K, d),
          1,
          {{{48, 4}, {0, 8}, {32, 8}, {8, 8}, {16, 8}, {40, 8}, {24, 8}}}};
    default:
      return std::nullopt;
  }
}

// Calls move(in the block, in 16 blocks side by side, bytes) for each number of
// the block of the strip's row ROW.
template <typename Move>
void ForNumbers(const BlockShape& shape, int64_t row, Move move) {
  for (int64_t i = 0; i < shape.halves; ++i) {
    move(shape.halves_at + 2 * i, (i * kStripRows + row) * 2, size_t{2});
  }
  int64_t side = shape.halves * kStripRows * 2 + row * 4;
  for (const WordRun& run : shape.runs) {
    for (int64_t i = 0; i < run.count; ++i) {
      move(shape.words_at() + 4 * (run.at + i), side, size_t{4});
      side += kStripRows * 4;
    }
  }
}

}  // namespace

size_t StripBytes(const Matrix& w) {
  const int64_t rows = (w.rows + kStripRows - 1) / kStripRows * kStripRows;
  return static_cast<size_t>(rows * w.row_bytes);
}

void MakeStrips(const Matrix& w, int64_t row_begin, int64_t row_end,
                std::byte* strips) {
  assert(row_begin % kStripRows == 0);
  const BlockShape shape = ShapeOf(w.type).value();
  for (int64_t first = row_begin; first < row_end; first += kStripRows) {
    std::byte* strip = strips + first * w.row_bytes;
    const int64_t rows = std::min(kStripRows, row_end - first);
    if (rows < kStripRows) {
      std::memset(strip, 0, static_cast<size_t>(kStripRows * w.row_bytes));
    }
    for (int64_t at = 0; at < w.row_bytes; at += shape.bytes) {
      for (int64_t row = 0; row < rows; ++row) {
        const std::byte* from = w.data + (first + row) * w.row_bytes + at;
        std::byte* to = strip + at * kStripRows;
        ForNumbers(shape, row, [&](int64_t in, int64_t side, size_t bytes) {
          std::memcpy(to + side, from + in, bytes);
        });
      }
    }
  }
}

void ReadStripBlock(const Matrix& w, int64_t row, int64_t block,
                    std::byte* out) {
  const BlockShape shape = ShapeOf(w.type).value();
  const std::byte* from =
      w.data +
      (row / kStripRows * w.row_bytes + block * shape.bytes) * kStripRows;
  ForNumbers(shape, row % kStripRows,
             [&](int64_t in, int64_t side, size_t bytes) {
               std::memcpy(out + in, from + side, bytes);
             });
}

}  // namespace fullstop::kernels
