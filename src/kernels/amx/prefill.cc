// Prefill on the bfloat16 tiles. A panel of weights is unpacked once, to tiles
// that stay in the second-level cache while all rows of activations pass. The
// weights are the left side of a product of tiles, whose rows lie in memory as
// the weights' do, so only activations (once an operation) and results (once a
// panel) are transposed.
//
// A sum begins with zero in the tile unit and goes on there, in the order of K,
// to the end of the panel; those of a row of panels are added in their order.
// F32 weights are the AVX-512 path's.
#include <immintrin.h>
#include <stdint.h>

#include "kernels/amx/pack.h"
#include "kernels/amx/tiles.h"
#include "kernels/operations.h"
#include "kernels/vector/readers.h"

namespace fullstop::kernels::amx {
namespace {

using vector::kSuper;

constexpr int64_t kStripRows = 2 * kTileRows;

// The sums of a strip by two tiles of activations.
constexpr int64_t kParts = 4;
struct StripSums {
  Tile tiles[kParts];
};

// A panel is at most so many rows of W by so many columns: 1 MiB, half of the
// second-level cache of the CPUs that have tiles.
constexpr int64_t kPanelRows = 256;
constexpr int64_t kPanelColumns = 2048;

// Panels of nearly equal width, of whole blocks of 256.
int64_t PanelWidth(int64_t columns) {
  const int64_t panels = Ceil(columns, kPanelColumns);
  return Ceil(Ceil(columns, panels), kSuper) * kSuper;
}

// Rows [begin, end) of W, columns [first, first + steps * kTileColumns).
struct TilePanel {
  int64_t begin;
  int64_t end;
  int64_t first;
  int64_t steps;
};

// --- Activations: for each 16 rows, for each 32 columns, a tile [pair][row].

size_t PreparedBytes(int64_t rows, int64_t columns) {
  return static_cast<size_t>(Ceil(rows, kTileRows) *
                             Ceil(columns, kTileColumns)) *
         sizeof(Tile);
}

void Prepare(const LinearInput& input, int64_t row_begin, int64_t row_end,
             void* prepared) {
  const int64_t steps = Ceil(input.columns, kTileColumns);
  for (int64_t row = row_begin; row < row_end; row += kTileRows) {
    const int64_t count = Least(kTileRows, row_end - row);
    const float* rows[kTileRows];
    for (int64_t i = 0; i < count; ++i) {
      rows[i] = input.x + (row + i) * input.stride;
    }
    PackRows(
        rows, count, input.columns, [](__m512 x) { return x; },
        static_cast<Tile*>(prepared) + row / kTileRows * steps);
  }
}

// --- Weights: the rows of a panel as they are, in bfloat16.

// Two sets of the sums of a strip, then a panel.
size_t ScratchBytes(int64_t columns) {
  return 2 * sizeof(StripSums) +
         static_cast<size_t>(kPanelRows *
                             RowBytes(PanelWidth(columns) / kTileColumns));
}

// Rows of W are read so far ahead of their turn: a panel's slices are too short
// for the CPU to see a stream.
constexpr int64_t kRowsAhead = 4;

template <class Reader>
void UnpackRow(const PackedRows& w, int64_t n, const TilePanel& panel,
               int64_t columns, uint8_t* out) {
  constexpr int64_t kSteps = kSuper / kTileColumns;
  const uint8_t* row = w.data + n * w.row_bytes;
  const int64_t block_bytes = Ceil(w.row_bytes * kSuper, columns);
  for (int64_t s = 0; s < panel.steps; s += kSteps) {
    const int64_t block = (panel.first + s * kTileColumns) / kSuper;
    const auto* ahead = reinterpret_cast<const char*>(
        row + kRowsAhead * w.row_bytes + block * block_bytes);
    for (int64_t i = 0; i < block_bytes; i += kTileBytes) {
      _mm_prefetch(ahead + i, _MM_HINT_T0);
    }
    float x[kSuper];
    Reader::Read(row, block, columns, x);
    for (int64_t i = 0; i < Least(kSteps, panel.steps - s); ++i) {
      const float* from = x + i * kTileColumns;
      Vector::StoreI(out + (s + i) * kTileBytes,
                     RoundPairs(Vector::Load(from), Vector::Load(from + 16)));
    }
  }
}

// Rows behind W's end, up to a whole strip, stay what they were: no sum that is
// wanted comes of them.
template <class Reader>
void UnpackPanel(const PackedRows& w, const TilePanel& panel, int64_t columns,
                 uint8_t* out) {
  for (int64_t n = panel.begin; n < panel.end; ++n) {
    UnpackRow<Reader>(w, n, panel, columns, out);
    out += RowBytes(panel.steps);
  }
}

// --- The product

// A tile of sums [n][m] on its way to ROWS by COLUMNS of Y, as far as those are
// a tile's.
void StoreTransposed(const Tile& sums, int64_t rows, int64_t columns,
                     bool first, float* y, int64_t stride) {
  __m512i lanes[kTileRows];
  for (int64_t i = 0; i < kTileRows; ++i) {
    lanes[i] = Vector::LoadI(sums.lanes[i]);
  }
  Vector::Transpose(lanes);
  const int count = static_cast<int>(Least(columns, kTileRows));
  for (int64_t m = 0; m < Least(rows, kTileRows); ++m) {
    float* out = y + m * stride;
    __m512 sum = Vector::Bits(lanes[m]);
    if (!first) sum = Vector::Add(Vector::LoadFirst(out, count), sum);
    Vector::StoreFirst(out, sum, count);
  }
}

// The sums of a strip by two tiles of activations that wait for their way to Y:
// they take it while the tile unit works on the next strip.
struct WaitingSums {
  const StripSums* sums = nullptr;
  int64_t rows = 0;
  int64_t columns = 0;
  bool first = true;
  float* y = nullptr;
  int64_t stride = 0;

  [[gnu::always_inline]] void Store(int64_t part) const {
    const int64_t n = part / 2 * kTileRows;
    const int64_t m = part % 2 * kTileRows;
    if (rows <= m || columns <= n) return;
    StoreTransposed(sums->tiles[part], rows - m, columns - n, first,
                    y + m * stride + n, stride);
  }
};

// Tiles of activations along K; the second may be absent. What the next rows
// need is fetched meanwhile, two lines of each tile with every step.
struct TileColumns {
  const Tile* first;
  const Tile* second;
  const char* ahead[2];
};

// sums[2 i + j] = rows i of the strip W by columns j, over STEPS.
template <int kColumns>
[[gnu::always_inline]] inline void MultiplyStrip(const uint8_t* w,
                                                 TileColumns x, int64_t steps,
                                                 const WaitingSums& waiting,
                                                 StripSums& sums) {
  const int64_t row_bytes = RowBytes(steps);
  const uint8_t* lower = w + kTileRows * row_bytes;
  ZeroTile<0>();
  ZeroTile<1>();
  ZeroTile<2>();
  ZeroTile<3>();
  for (int64_t s = 0; s < steps; ++s) {
    LoadTile<4>(w + s * kTileBytes, row_bytes);
    LoadTile<6>(x.first[s]);
    MultiplyTiles<0, 4, 6>();
    LoadTile<5>(lower + s * kTileBytes, row_bytes);
    MultiplyTiles<2, 5, 6>();
    if constexpr (kColumns == 2) {
      LoadTile<7>(x.second[s]);
      MultiplyTiles<1, 4, 7>();
      MultiplyTiles<3, 5, 7>();
      for (const char*& ahead : x.ahead) {
        _mm_prefetch(ahead, _MM_HINT_T1);
        _mm_prefetch(ahead + kTileBytes, _MM_HINT_T1);
        ahead += 2 * kTileBytes;
      }
    }
    if (s < kParts) waiting.Store(s);
  }
  for (int64_t s = steps; s < kParts; ++s) waiting.Store(s);
  StoreTile<0>(sums.tiles[0]);
  StoreTile<1>(sums.tiles[1]);
  StoreTile<2>(sums.tiles[2]);
  StoreTile<3>(sums.tiles[3]);
}

[[gnu::noinline]] void MultiplyPanel(const LinearInput& input,
                                     const TilePanel& panel, const uint8_t* w,
                                     StripSums* sums, const OutputRange& out) {
  const int64_t row_steps = Ceil(input.columns, kTileColumns);
  const auto* x =
      static_cast<const Tile*>(input.prepared) + panel.first / kTileColumns;
  WaitingSums waiting;
  int used = 0;
  for (int64_t m = 0; m < input.rows; m += kStripRows) {
    const int64_t rows = input.rows - m;
    const int64_t next = rows > kStripRows + kTileRows ? 2 * row_steps : 0;
    for (int64_t n = panel.begin; n < panel.end; n += kStripRows) {
      const int64_t strip = (n - panel.begin) / kStripRows;
      const uint8_t* rows_of_w = w + strip * kStripRows * RowBytes(panel.steps);
      const auto* ahead = reinterpret_cast<const char*>(x + next) +
                          strip * panel.steps * 2 * kTileBytes;
      const TileColumns columns = {
          x, x + row_steps, {ahead, ahead + row_steps * int64_t{sizeof(Tile)}}};
      if (rows > kTileRows) {
        MultiplyStrip<2>(rows_of_w, columns, panel.steps, waiting, sums[used]);
      } else {
        MultiplyStrip<1>(rows_of_w, columns, panel.steps, waiting, sums[used]);
      }
      waiting = {&sums[used],
                 rows,
                 panel.end - n,
                 panel.first == 0,
                 out.y + m * out.stride + n,
                 out.stride};
      used ^= 1;
    }
    x += 2 * row_steps;
  }
  for (int64_t part = 0; part < kParts; ++part) waiting.Store(part);
}

struct TilePrefill {
  template <class Reader>
  static void Run(const LinearInput& input, const PackedRows& w,
                  const OutputRange& out, void* scratch) {
    const FullTiles full_tiles;
    auto* sums = static_cast<StripSums*>(scratch);
    auto* tiles = reinterpret_cast<uint8_t*>(sums + 2);
    const int64_t width = PanelWidth(input.columns);
    for (int64_t n = out.begin; n < out.end; n += kPanelRows) {
      for (int64_t k = 0; k < input.columns; k += width) {
        const TilePanel panel = {
            .begin = n,
            .end = Least(out.end, n + kPanelRows),
            .first = k,
            .steps = Ceil(Least(width, input.columns - k), kTileColumns)};
        UnpackPanel<Reader>(w, panel, input.columns, tiles);
        MultiplyPanel(input, panel, tiles, sums, out);
      }
    }
  }
};

void PrefillF32(const LinearInput& input, const PackedRows& w,
                const OutputRange& out, void* scratch) {
  avx512::kPrefill.functions.f32(input, w, out, scratch);
}

}  // namespace

const LinearForm kPrefill = {
    .prepared_bytes = PreparedBytes,
    .prepare = Prepare,
    .scratch_bytes = ScratchBytes,
    .prepare_grain = kTileRows,
    .grain = kStripRows,
    .width = kPanelRows,
    .functions = vector::FunctionsOfReaders<Vector, TilePrefill>(PrefillF32),
};

}  // namespace fullstop::kernels::amx
