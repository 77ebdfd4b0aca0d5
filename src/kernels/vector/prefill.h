// Prefill: a panel of weights is unpacked once into 14-bit integers, with a
// scale for each 256 weights of a row, and multiplied with all rows of
// activations (16-bit integers, a scale for each 256 of a row). Products are
// summed exactly over 256 columns, then in float32 along K. F32 weights alone
// stay as they are.
#ifndef FULLSTOP_KERNELS_VECTOR_PREFILL_H_
#define FULLSTOP_KERNELS_VECTOR_PREFILL_H_

#include "kernels/operations.h"
#include "kernels/vector/limits.h"
#include "kernels/vector/prefill_float.h"
#include "kernels/vector/quantize.h"
#include "kernels/vector/readers.h"

namespace fullstop::kernels::vector {

// A tile of the result is V::kTileRows rows by a strip of kTileVectors vectors
// of columns: as many sums as the registers hold.
constexpr int kTileVectors = 2;
template <class V>
constexpr int kStrip = kTileVectors * V::kLanes;

// A panel is at most this many columns by this many blocks of 256: 256 KiB,
// half of a small second-level cache.
constexpr int64_t kPanelColumns = 128;
constexpr int64_t kPanelBlocks = 4;

constexpr int64_t kPairs = kSuper / 2;

static inline int64_t BlocksOf(int64_t columns) {
  return (columns + kSuper - 1) / kSuper;
}

// A block of a tile of activations: for each pair of columns, that pair of each
// row; then each row's scale.
template <class V>
struct TileBlock {
  int16_t x[kPairs][V::kTileRows][2];
  float scales[V::kTileRows];
};

// A block of a strip of weights, likewise.
template <class V>
struct StripBlock {
  alignas(64) int16_t w[kPairs][kStrip<V>][2];
  float scales[kStrip<V>];
};

template <class V>
size_t PrefillPreparedBytes(int64_t rows, int64_t columns) {
  const int64_t tiles = (rows + V::kTileRows - 1) / V::kTileRows;
  return static_cast<size_t>(tiles * BlocksOf(columns)) * sizeof(TileBlock<V>);
}

template <class V>
size_t PrefillScratchBytes(int64_t) {
  return static_cast<size_t>(kPanelColumns / kStrip<V> * kPanelBlocks) *
         sizeof(StripBlock<V>);
}

template <class V>
void PreparePrefill(const LinearInput& input, int64_t row_begin,
                    int64_t row_end, void* prepared) {
  const int64_t blocks = BlocksOf(input.columns);
  auto* tiles = static_cast<TileBlock<V>*>(prepared);
  for (int64_t row = row_begin; row < row_end; row += V::kTileRows) {
    TileBlock<V>* tile = tiles + row / V::kTileRows * blocks;
    for (int64_t b = 0; b < blocks; ++b) {
      for (int i = 0; i < V::kTileRows; ++i) {
        int16_t x[kSuper] = {};
        tile[b].scales[i] = 0;
        if (row + i < row_end) {
          float block[kSuper];
          CopyPadded(input.x + (row + i) * input.stride, b * kSuper,
                     input.columns, block);
          tile[b].scales[i] = Quantize<V>(block, kTileLimits, x);
        }
        for (int64_t p = 0; p < kPairs; ++p) {
          memcpy(tile[b].x[p][i], x + 2 * p, 2 * sizeof(int16_t));
        }
      }
    }
  }
}

// Where weights are read from: Read gives, as floats, block BLOCK of kRows rows
// of W from row N on.
template <class Reader>
struct RowSource {
  static constexpr int kRows = 1;
  static void Read(const PackedRows& w, int64_t n, int64_t block,
                   int64_t columns, float (&x)[kRows][kSuper]) {
    Reader::Read(w.data + n * w.row_bytes, block, columns, x[0]);
  }
};

// Rows [n, end) of W, as far as they fit the strip, in block BLOCK; rows behind
// the end are zero.
template <class V, class Source>
void UnpackStrip(const PackedRows& w, int64_t n, int64_t end, int64_t block,
                 int64_t columns, StripBlock<V>& out) {
  alignas(64) int16_t rows[kStrip<V>][kSuper];
  float x[Source::kRows][kSuper];
  for (int i = 0; i < kStrip<V>; ++i) {
    if (n + i >= end) {
      memset(rows[i], 0, sizeof(rows[i]));
      out.scales[i] = 0;
      continue;
    }
    const int at = i % Source::kRows;
    if (at == 0) Source::Read(w, n + i, block, columns, x);
    out.scales[i] = Quantize<V>(x[at], kPanelLimits, rows[i]);
  }
  for (int i = 0; i < kStrip<V>; i += V::kLanes) {
    for (int64_t p = 0; p < kPairs; p += V::kLanes) {
      typename V::I pairs[V::kLanes];
      for (int j = 0; j < V::kLanes; ++j) {
        pairs[j] = V::LoadI(&rows[i + j][2 * p]);
      }
      V::Transpose(pairs);
      for (int j = 0; j < V::kLanes; ++j) {
        V::StoreI(out.w[p + j][i], pairs[j]);
      }
    }
  }
}

// sums += X * W^T over COLUMNS columns, the last pair padded with zeros.
template <class V>
void MultiplyTile(const TileBlock<V>* x, const StripBlock<V>* w,
                  int64_t columns, float (&sums)[V::kTileRows][kStrip<V>]) {
  using F = typename V::F;
  using I = typename V::I;
  constexpr int kRows = V::kTileRows;
  for (int64_t b = 0; b < BlocksOf(columns); ++b) {
    const int64_t left = (columns - b * kSuper + 1) / 2;
    const int64_t pairs = left < kPairs ? left : kPairs;
    I acc[kRows][kTileVectors];
    for (int m = 0; m < kRows; ++m) {
      for (int v = 0; v < kTileVectors; ++v) {
        acc[m][v] = V::ZeroI();
      }
    }
    for (int64_t p = 0; p < pairs; ++p) {
      I weights[kTileVectors];
      for (int v = 0; v < kTileVectors; ++v) {
        weights[v] = V::LoadI(w[b].w[p][v * V::kLanes]);
      }
      for (int m = 0; m < kRows; ++m) {
        const I pair = V::SetI(ReadAs<int32_t>(x[b].x[p][m]));
        for (int v = 0; v < kTileVectors; ++v) {
          acc[m][v] = V::Keep(V::DotPairs(acc[m][v], weights[v], pair));
        }
      }
    }
    for (int m = 0; m < kRows; ++m) {
      for (int v = 0; v < kTileVectors; ++v) {
        float* sum = &sums[m][v * V::kLanes];
        const F scale = V::Mul(V::Load(&w[b].scales[v * V::kLanes]),
                               V::Set(x[b].scales[m]));
        V::Store(sum, V::Fma(V::ToFloat(acc[m][v]), scale, V::Load(sum)));
      }
    }
  }
}

// Adds a tile's sums to Y, or begins with them.
template <class V>
void StoreTile(const float (&sums)[V::kTileRows][kStrip<V>], int rows,
               int columns, bool first, float* y, int64_t stride) {
  for (int m = 0; m < rows; ++m) {
    for (int n = 0; n < columns; n += V::kLanes) {
      const int left = columns - n;
      const int count = left < V::kLanes ? left : V::kLanes;
      float* out = y + m * stride + n;
      typename V::F sum = V::Load(&sums[m][n]);
      if (!first) sum = V::Add(V::LoadFirst(out, count), sum);
      V::StoreFirst(out, sum, count);
    }
  }
}

// A part of W: rows [n, end), from block BLOCK on, COLUMNS columns.
struct Panel {
  int64_t n;
  int64_t end;
  int64_t block;
  int64_t columns;
};

template <class V>
[[gnu::noinline]] void MultiplyPanel(const LinearInput& input,
                                     const Panel& panel,
                                     const StripBlock<V>* strips,
                                     const OutputRange& out) {
  const auto* tiles = static_cast<const TileBlock<V>*>(input.prepared);
  const int64_t row_blocks = BlocksOf(input.columns);
  for (int64_t m = 0; m < input.rows; m += V::kTileRows) {
    const TileBlock<V>* x = tiles + m / V::kTileRows * row_blocks + panel.block;
    const int64_t rows =
        input.rows - m < V::kTileRows ? input.rows - m : V::kTileRows;
    for (int64_t n = panel.n; n < panel.end; n += kStrip<V>) {
      const int64_t width =
          panel.end - n < kStrip<V> ? panel.end - n : kStrip<V>;
      alignas(64) float sums[V::kTileRows][kStrip<V>] = {};
      MultiplyTile<V>(x, strips + (n - panel.n) / kStrip<V> * kPanelBlocks,
                      panel.columns, sums);
      StoreTile<V>(sums, static_cast<int>(rows), static_cast<int>(width),
                   panel.block == 0, out.y + m * out.stride + n, out.stride);
    }
  }
}

template <class V, class Source>
void UnpackPanel(const PackedRows& w, const Panel& panel, int64_t columns,
                 StripBlock<V>* strips) {
  for (int64_t n = panel.n; n < panel.end; n += kStrip<V>) {
    StripBlock<V>* strip = strips + (n - panel.n) / kStrip<V> * kPanelBlocks;
    for (int64_t b = 0; b < BlocksOf(panel.columns); ++b) {
      UnpackStrip<V, Source>(w, n, panel.end, panel.block + b, columns,
                             strip[b]);
    }
  }
}

template <class V>
struct PanelPrefill {
  template <class Reader>
  static void Run(const LinearInput& input, const PackedRows& w,
                  const OutputRange& out, void* scratch) {
    RunFrom<RowSource<Reader>>(input, w, out, scratch);
  }
  template <class Source>
  static void RunFrom(const LinearInput& input, const PackedRows& w,
                      const OutputRange& out, void* scratch) {
    auto* strips = static_cast<StripBlock<V>*>(scratch);
    constexpr int64_t kWidest = kPanelBlocks * kSuper;
    for (int64_t n = out.begin; n < out.end; n += kPanelColumns) {
      for (int64_t k = 0; k < input.columns; k += kWidest) {
        const int64_t left = input.columns - k;
        const Panel panel = {
            .n = n,
            .end = out.end - n < kPanelColumns ? out.end : n + kPanelColumns,
            .block = k / kSuper,
            .columns = left < kWidest ? left : kWidest};
        UnpackPanel<V, Source>(w, panel, input.columns, strips);
        MultiplyPanel<V>(input, panel, strips, out);
      }
    }
  }
};

template <class V>
constexpr LinearForm PrefillForm() {
  return {
      .prepared_bytes = PrefillPreparedBytes<V>,
      .prepare = PreparePrefill<V>,
      .scratch_bytes = PrefillScratchBytes<V>,
      .prepare_grain = V::kTileRows,
      .grain = kPanelColumns / 2,
      .width = kPanelColumns / 2,
      .functions = FunctionsOfReaders<V, PanelPrefill<V>>(PrefillF32<V>),
      .multiply_in_registers = MultiplyInRegisters<V>,
  };
}

}  // namespace fullstop::kernels::vector

#endif  // FULLSTOP_KERNELS_VECTOR_PREFILL_H_
