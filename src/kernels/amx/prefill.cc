// Prefill on the bfloat16 tiles. A panel of weights is unpacked once, to tiles
// that stay in the second-level cache while all rows of activations pass; of
// those, what meets the panel fits the first-level cache, and the weights
// stream past it without pushing it out.
//
// A sum begins with zero in the tile unit and goes on there, in the order of K,
// to the end of the row, resting in memory between one panel and the next.
// F32 weights are the AVX-512 path's.
#include <immintrin.h>
#include <stdint.h>

#include "kernels/amx/pack.h"
#include "kernels/amx/tiles.h"
#include "kernels/avx512/strip_types.h"
#include "kernels/operations.h"
#include "kernels/vector/readers.h"

namespace fullstop::kernels::amx {
namespace {

using vector::kSuper;

// A block of the result is two tiles of rows by two of columns; the tiles of
// both factors lie in the order in which blocks read them.
constexpr int64_t kBlock = 2 * kTileRows;

// [2 * i + j]: rows i by columns j of a block.
constexpr int kBlockTiles = 4;
struct BlockSums {
  Tile tiles[kBlockTiles];
};

// A panel is so many rows of W by so many columns; what would be left of a row
// joins its last panel where that stays within kMostColumns. Two tiles of rows
// of activations are 32 to 40 KiB then, of 48, and a panel 256 to 320, which
// leave room for the sums of kMostRows rows (512 KiB) in a cache of 2 MiB.
constexpr int64_t kPanelRows = 256;
constexpr int64_t kPanelColumns = 512;
constexpr int64_t kMostColumns = 640;
constexpr int64_t kMostRows = 512;

// Rows [begin, end) of W by columns [first, first + columns).
struct TilePanel {
  int64_t begin;
  int64_t end;
  int64_t first;
  int64_t columns;

  int64_t steps() const { return Ceil(columns, kTileColumns); }
};

// What a thread works with beside its factors.
struct Scratch {
  BlockSums edge;  // on its way to the rest of Y's rows or columns
  BlockSums sums[kMostRows / kBlock][kPanelRows / kBlock];
  Tile weights[kPanelRows / kTileRows * (kMostColumns / kTileColumns)];
};

size_t ScratchBytes(int64_t) { return sizeof(Scratch); }

// --- Activations: for each 32 rows, for each 32 columns, two tiles
// [row][pair].

size_t PreparedBytes(int64_t rows, int64_t columns) {
  return static_cast<size_t>(Ceil(rows, kBlock) * Ceil(columns, kTileColumns)) *
         2 * sizeof(Tile);
}

void Prepare(const LinearInput& input, int64_t row_begin, int64_t row_end,
             void* prepared) {
  const int64_t steps = Ceil(input.columns, kTileColumns);
  for (int64_t row = row_begin; row < row_end; ++row) {
    const float* x = input.x + row * input.stride;
    Tile* tile = static_cast<Tile*>(prepared) + row / kBlock * steps * 2 +
                 row % kBlock / kTileRows;
    for (int64_t k = 0; k < input.columns; k += kTileColumns, tile += 2) {
      const int64_t left = input.columns - k;
      Vector::StoreI(
          tile->lanes[row % kTileRows],
          RoundPairs(LoadUpTo(x + k, left), LoadUpTo(x + k + 16, left - 16)));
    }
  }
}

// --- Weights: for each 32 rows of a panel, for each 32 columns, two tiles
// [pair][row].

// The first tile of 16 rows from row N on; the next is the next but one.
Tile* RowTiles(const TilePanel& panel, int64_t n, Tile* tiles) {
  const int64_t tile = (n - panel.begin) / kTileRows;
  return tiles + tile / 2 * panel.steps() * 2 + tile % 2;
}

// Rows of W are read so far ahead of their turn: a panel's slices are too short
// for the CPU to see a stream.
constexpr int64_t kRowsAhead = 4;

// COUNT rows of W from row N on, at most 16, by the columns of a block of 256,
// of which STEPS tiles are wanted; zeros behind the rows.
template <class Reader>
void UnpackTiles(const PackedRows& w, int64_t n, int64_t count, int64_t block,
                 int64_t columns, int64_t steps, Tile* tiles) {
  constexpr int64_t kSteps = kSuper / kTileColumns;
  const int64_t block_bytes = Ceil(w.row_bytes * kSuper, columns);
  __m512i pairs[kSteps][kTileRows] = {};
  for (int64_t i = 0; i < count; ++i) {
    const uint8_t* row = w.data + (n + i) * w.row_bytes;
    const auto* ahead = reinterpret_cast<const char*>(
        row + kRowsAhead * w.row_bytes + block * block_bytes);
    for (int64_t at = 0; at < block_bytes; at += kTileBytes) {
      _mm_prefetch(ahead + at, _MM_HINT_T0);
    }
    float x[kSuper];
    Reader::Read(row, block, columns, x);
    for (int64_t s = 0; s < kSteps; ++s) {
      const float* from = x + s * kTileColumns;
      pairs[s][i] = RoundPairs(Vector::Load(from), Vector::Load(from + 16));
    }
  }
  for (int64_t s = 0; s < steps; ++s) StoreTransposed(pairs[s], tiles + 2 * s);
}

template <class Reader>
void UnpackPanel(const PackedRows& w, const TilePanel& panel, int64_t columns,
                 Tile* tiles) {
  constexpr int64_t kSteps = kSuper / kTileColumns;
  const int64_t steps = panel.steps();
  for (int64_t n = panel.begin; n < panel.end; n += kTileRows) {
    Tile* out = RowTiles(panel, n, tiles);
    for (int64_t s = 0; s < steps; s += kSteps) {
      UnpackTiles<Reader>(w, n, Least(kTileRows, panel.end - n),
                          panel.first / kSuper + s / kSteps, columns,
                          Least(kSteps, steps - s), out + 2 * s);
    }
  }
}

// The same of a strip, all of whose rows are there, and of a chunk of it at a
// time.
template <class Type, int kChunk>
[[gnu::always_inline]] inline void UnpackChunk(const Type& block, Tile& tile) {
  __m512i q[avx512::kChunkVectors];
  block.template Unpack<kChunk>(q);
  const __m512 first = block.template Scale<kChunk, 0>();
  const __m512 second = block.template Scale<kChunk, Type::kGroup == 16>();
  __m512 min = Vector::Zero();
  if constexpr (Type::kHasMins) min = block.template Min<kChunk>();
#pragma GCC unroll 8
  for (int j = 0; j < avx512::kChunkVectors; ++j) {
    const __m512 scale = j < avx512::kChunkVectors / 2 ? first : second;
    Vector::StoreI(tile.lanes[2 * j],
                   RoundLanes(avx512::WeightsOf<Type, 0>(q[j], scale, min),
                              avx512::WeightsOf<Type, 1>(q[j], scale, min)));
    Vector::StoreI(tile.lanes[2 * j + 1],
                   RoundLanes(avx512::WeightsOf<Type, 2>(q[j], scale, min),
                              avx512::WeightsOf<Type, 3>(q[j], scale, min)));
  }
}

template <class Type>
void UnpackStrips(const PackedRows& w, const TilePanel& panel, Tile* tiles) {
  constexpr int64_t kBytes = sizeof(typename Type::Block) * avx512::kStripRows;
  constexpr int64_t kColumns = avx512::kStripColumns<Type>;
  constexpr int64_t kSteps = kColumns / kTileColumns;
  const int64_t steps = panel.steps();
  const int64_t strip_bytes = avx512::kStripRows * w.row_bytes;
  for (int64_t n = panel.begin; n < panel.end; n += kTileRows) {
    const uint8_t* strip =
        w.data + n * w.row_bytes + panel.first / kColumns * kBytes;
    Tile* out = RowTiles(panel, n, tiles);
    for (int64_t s = 0; s < steps; s += kSteps) {
      const auto* ahead = reinterpret_cast<const char*>(strip + strip_bytes);
      for (int64_t at = 0; at < kBytes; at += kTileBytes) {
        _mm_prefetch(ahead + at, _MM_HINT_T0);
      }
      avx512::ForChunks<Type>(strip, kSteps,
                              [&]<int kChunk>(const Type& block, int chunk, int)
                                  __attribute__((always_inline)) {
                                    UnpackChunk<Type, kChunk>(block,
                                                              out[2 * chunk]);
                                  });
      strip += kBytes;
      out += 2 * kSteps;
    }
  }
}

// --- The product

// What the tile unit needs for a block: the tiles of both factors along K, and
// what the next block and the next rows will need, of which a part is fetched
// with every step.
struct BlockFactors {
  const Tile* x;
  const Tile* w;
  int64_t steps;
  const char* next_sums;
  const char* next_x;
};

// Adds x * w to the sums in the tiles 0 to 3; kRowTiles says whether there is a
// second tile of rows.
template <int kRowTiles>
[[gnu::always_inline]] inline void MultiplyBlock(BlockFactors block) {
  constexpr int64_t kAhead = 4 * kTileBytes;
  for (int64_t s = 0; s < block.steps; ++s) {
    LoadStreamedTile<6>(block.w[2 * s]);
    LoadStreamedTile<7>(block.w[2 * s + 1]);
    LoadTile<4>(block.x[2 * s]);
    MultiplyTiles<0, 4, 6>();
    MultiplyTiles<1, 4, 7>();
    if constexpr (kRowTiles == 2) {
      LoadTile<5>(block.x[2 * s + 1]);
      MultiplyTiles<2, 5, 6>();
      MultiplyTiles<3, 5, 7>();
    }
    for (int64_t i = 0; i < kAhead; i += kTileBytes) {
      _mm_prefetch(block.next_sums + i, _MM_HINT_T0);
      _mm_prefetch(block.next_x + i, _MM_HINT_T1);
    }
    block.next_sums += kAhead;
    block.next_x += kAhead;
  }
}

void ZeroSums() {
  ZeroTile<0>();
  ZeroTile<1>();
  ZeroTile<2>();
  ZeroTile<3>();
}

void LoadSums(const BlockSums& sums) {
  LoadTile<0>(sums.tiles[0]);
  LoadTile<1>(sums.tiles[1]);
  LoadTile<2>(sums.tiles[2]);
  LoadTile<3>(sums.tiles[3]);
}

void StoreSums(BlockSums& sums) {
  StoreTile<0>(sums.tiles[0]);
  StoreTile<1>(sums.tiles[1]);
  StoreTile<2>(sums.tiles[2]);
  StoreTile<3>(sums.tiles[3]);
}

// ROWS by COLUMNS of Y, as far as those are the block's.
void StoreResult(int64_t rows, int64_t columns, float* y, int64_t stride,
                 BlockSums& edge) {
  if (rows >= kBlock && columns >= kBlock) {
    const int64_t bytes = stride * int64_t{sizeof(float)};
    float* lower = y + kTileRows * stride;
    StoreTile<0>(y, bytes);
    StoreTile<1>(y + kTileRows, bytes);
    StoreTile<2>(lower, bytes);
    StoreTile<3>(lower + kTileRows, bytes);
    return;
  }
  StoreSums(edge);
  for (int64_t m = 0; m < Least(rows, kBlock); ++m) {
    const Tile* tiles = edge.tiles + m / kTileRows * 2;
    for (int64_t n = 0; n < Least(columns, kBlock); n += kTileRows) {
      Vector::StoreFirst(y + m * stride + n,
                         Vector::Bits(Vector::LoadI(
                             tiles[n / kTileRows].lanes[m % kTileRows])),
                         static_cast<int>(Least(columns - n, kTileRows)));
    }
  }
}

// Rows [begin, end) of the input, at most kMostRows, times a panel.
[[gnu::noinline]] void MultiplyPanel(const LinearInput& input, int64_t begin,
                                     int64_t end, const TilePanel& panel,
                                     const OutputRange& out, Scratch& scratch) {
  const int64_t row_tiles = Ceil(input.columns, kTileColumns) * 2;
  const bool last = panel.first + panel.columns == input.columns;
  const auto* x = static_cast<const Tile*>(input.prepared) +
                  begin / kBlock * row_tiles + panel.first / kTileColumns * 2;
  for (int64_t m = begin; m < end; m += kBlock, x += row_tiles) {
    BlockFactors block = {.x = x,
                          .w = scratch.weights,
                          .steps = panel.steps(),
                          .next_sums = nullptr,
                          .next_x = reinterpret_cast<const char*>(
                              x + (m + kBlock < end ? row_tiles : 0))};
    BlockSums* sums = scratch.sums[(m - begin) / kBlock];
    for (int64_t n = panel.begin; n < panel.end; n += kBlock, ++sums) {
      block.next_sums = reinterpret_cast<const char*>(sums + 1);
      if (panel.first == 0) {
        ZeroSums();
      } else {
        LoadSums(*sums);
      }
      if (end - m > kTileRows) {
        MultiplyBlock<2>(block);
      } else {
        MultiplyBlock<1>(block);
      }
      if (last) {
        StoreResult(end - m, panel.end - n, out.y + m * out.stride + n,
                    out.stride, scratch.edge);
      } else {
        StoreSums(*sums);
      }
      block.w += 2 * block.steps;
      block.next_x += block.steps * 4 * kTileBytes;
    }
  }
}

// Panel by panel; unpack(panel, tiles) writes a panel's tiles.
template <typename Unpack>
void MultiplyPanels(const LinearInput& input, const OutputRange& out,
                    void* memory, Unpack unpack) {
  const FullTiles full_tiles;
  auto& scratch = *static_cast<Scratch*>(memory);
  for (int64_t m = 0; m < input.rows; m += kMostRows) {
    const int64_t end = Least(input.rows, m + kMostRows);
    for (int64_t n = out.begin; n < out.end; n += kPanelRows) {
      TilePanel panel = {.begin = n,
                         .end = Least(out.end, n + kPanelRows),
                         .first = 0,
                         .columns = 0};
      for (; panel.first < input.columns; panel.first += panel.columns) {
        const int64_t left = input.columns - panel.first;
        panel.columns = left <= kMostColumns ? left : kPanelColumns;
        unpack(panel, scratch.weights);
        MultiplyPanel(input, m, end, panel, out, scratch);
      }
    }
  }
}

struct TilePrefill {
  template <class Reader>
  static void Run(const LinearInput& input, const PackedRows& w,
                  const OutputRange& out, void* scratch) {
    MultiplyPanels(input, out, scratch,
                   [&](const TilePanel& panel, Tile* tiles) {
                     UnpackPanel<Reader>(w, panel, input.columns, tiles);
                   });
  }
  template <class Type>
  static void RunStrips(const LinearInput& input, const PackedRows& w,
                        const OutputRange& out, void* scratch) {
    MultiplyPanels(input, out, scratch,
                   [&](const TilePanel& panel, Tile* tiles) {
                     UnpackStrips<Type>(w, panel, tiles);
                   });
  }
};

double MultiplyInRegisters(int64_t times) {
  constexpr double kOperations =
      kBlockTiles * 2 * kTileRows * kTileRows * kTileColumns;
  const FullTiles full_tiles;
  ZeroSums();
  ZeroTile<4>();
  ZeroTile<5>();
  ZeroTile<6>();
  ZeroTile<7>();
  for (int64_t i = 0; i < times; ++i) {
    MultiplyTiles<0, 4, 6>();
    MultiplyTiles<1, 4, 7>();
    MultiplyTiles<2, 5, 6>();
    MultiplyTiles<3, 5, 7>();
  }
  return static_cast<double>(times) * kOperations;
}

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
    .grain = kBlock,
    .width = kPanelRows,
    .functions = vector::FunctionsOfReaders<Vector, TilePrefill>(PrefillF32),
    .strips = avx512::FunctionsOfStrips<TilePrefill>(),
    .multiply_in_registers = MultiplyInRegisters,
};

}  // namespace fullstop::kernels::amx
