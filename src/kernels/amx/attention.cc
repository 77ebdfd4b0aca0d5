// Prefill's attention on the bfloat16 tiles, with an online softmax over chunks
// of 256 positions. Keys and values of a chunk are unpacked once for a block of
// rows and all heads that share them. A number is two of bfloat16, itself and
// its remainder, and a product three: one alone would move the logits of a
// model with sharp attention by several per cent.
//
// Positions are the rows of scores and queries their columns, so that what a
// query has seen is a lane of a vector: maxima and sums need no lane of
// another, and the exponentials of two positions are a row of the next
// product's right side as they come.
#include "kernels/vector/attention.h"

#include <immintrin.h>
#include <stdint.h>

#include "kernels/amx/chunk.h"
#include "kernels/amx/pack.h"
#include "kernels/amx/tiles.h"
#include "kernels/operations.h"

namespace fullstop::kernels::amx {
namespace {

constexpr int64_t kChunkTiles = kChunk / kTileRows;
constexpr int64_t kBlockRows = 64;
constexpr int64_t kBlockQueries = 256;  // at least those of one row
constexpr int kColumns = 2;             // tiles of queries at once
// Below any score, and no infinity: those have no difference.
constexpr float kNoScore = -3e38F;

// A lane for each of 16 queries.
struct alignas(64) LaneStates {
  float largest[kTileRows];  // score
  float total[kTileRows];    // of exponentials, relative to the largest
  // The positions seen: from FIRST to before END, relative to the chunk.
  int32_t first[kTileRows];
  int32_t end[kTileRows];
};

// The tiles along a head, and what a block is.
struct BlockShape {
  int64_t rows;
  int64_t key_steps;    // of 32 numbers
  int64_t value_tiles;  // of 16 numbers
};

BlockShape ShapeOf(int32_t heads, int32_t kv_heads, int32_t key_length,
                   int32_t value_length) {
  const int64_t rows = kBlockQueries / (heads / kv_heads);
  return {.rows = rows > kBlockRows ? kBlockRows
                  : rows < 1        ? 1
                                    : rows,
          .key_steps = Ceil(key_length, kTileColumns),
          .value_tiles = Ceil(value_length, kTileRows)};
}

struct AttentionScratch {
  uint8_t* keys;  // [position], each a row of 2 * key_steps tiles
  // [value_tiles][2 * kChunkSteps], each [value][pair of positions]
  Tile* values;
  Tile* queries;  // [tile][2 * key_steps], each [pair][query]
  Tile* scores;   // [kColumns][kChunkTiles], each [position][query]
  Tile*
      weights;  // [kColumns][2 * kChunkSteps], each [pair of positions][query]
  Tile* products;      // [value tile of two][kColumns], each [value][query]
  Tile* sums;          // [tile][value_tiles], the same
  LaneStates* states;  // [tile]
};

// Where SCRATCH is null nothing but the size is meant, in bytes.
size_t Divide(const BlockShape& shape, int64_t group, void* scratch,
              AttentionScratch* s) {
  const int64_t tiles = Ceil(shape.rows * group, kTileRows);
  auto* next = static_cast<uint8_t*>(scratch);
  size_t size = 0;
  const auto take = [&](int64_t bytes) {
    uint8_t* taken = next == nullptr ? nullptr : next + size;
    size += static_cast<size_t>(bytes);
    return taken;
  };
  const auto take_tiles = [&](int64_t count) {
    return reinterpret_cast<Tile*>(take(count * int64_t{sizeof(Tile)}));
  };
  s->keys = take(kChunk * RowBytes(2 * shape.key_steps));
  s->values = take_tiles(shape.value_tiles * 2 * kChunkSteps);
  s->queries = take_tiles(tiles * 2 * shape.key_steps);
  s->scores = take_tiles(kColumns * kChunkTiles);
  s->weights = take_tiles(kColumns * 2 * kChunkSteps);
  s->products = take_tiles(2 * kColumns);
  s->sums = take_tiles(tiles * shape.value_tiles);
  s->states =
      reinterpret_cast<LaneStates*>(take(tiles * int64_t{sizeof(LaneStates)}));
  return size;
}

size_t ScratchBytes(int32_t heads, int32_t kv_heads, int32_t head_dim) {
  AttentionScratch none;
  return Divide(ShapeOf(heads, kv_heads, head_dim, head_dim), heads / kv_heads,
                nullptr, &none);
}

// Rows [begin, end) of the heads that read KV_HEAD, their queries numbered row
// by row.
struct Block {
  const AttentionInput& input;
  BlockShape shape;
  AttentionScratch s;
  int64_t begin;
  int64_t end;
  int32_t kv_head;

  int64_t group() const { return input.heads / input.kv_heads; }
  int64_t queries() const { return (end - begin) * group(); }
  int64_t tiles() const { return Ceil(queries(), kTileRows); }
  int64_t row(int64_t query) const { return begin + query / group(); }
  int64_t head(int64_t query) const {
    return kv_head * group() + query % group();
  }
};

// --- Queries

void PackQueries(const Block& block) {
  const AttentionInput& input = block.input;
  for (int64_t tile = 0; tile < block.tiles(); ++tile) {
    const float* rows[kTileRows];
    const int64_t first = tile * kTileRows;
    const int64_t count = Least(block.queries() - first, kTileRows);
    for (int64_t i = 0; i < count; ++i) {
      rows[i] = input.q + block.row(first + i) * input.q_stride +
                block.head(first + i) * input.head_dim;
    }
    const int64_t steps = block.shape.key_steps;
    Tile* packed = block.s.queries + tile * 2 * steps;
    PackRows(rows, count, input.head_dim, [](__m512 x) { return x; }, packed);
    PackRows(rows, count, input.head_dim, Remainder, packed + steps);
  }
}

void BeginStates(const Block& block) {
  const float* sinks = block.input.sinks;
  for (int64_t i = 0; i < block.tiles() * kTileRows; ++i) {
    LaneStates& states = block.s.states[i / kTileRows];
    const int64_t lane = i % kTileRows;
    const bool sink = sinks != nullptr && i < block.queries();
    states.largest[lane] = sink ? sinks[block.head(i)] : kNoScore;
    states.total[lane] = sink ? 1 : 0;
  }
  __builtin_memset(
      block.s.sums, 0,
      static_cast<size_t>(block.tiles() * block.shape.value_tiles) *
          sizeof(Tile));
}

// The positions that any query of a tile sees, and those that all see.
struct SeenRange {
  int64_t first;
  int64_t end;
  int64_t first_of_all;
  int64_t end_of_all;
};

// Lanes without a query see nothing.
SeenRange SetSeen(const Block& block, const ChunkPart& part, int64_t tile) {
  LaneStates& states = block.s.states[tile];
  SeenRange range = {kChunk, 0, 0, kChunk};
  for (int64_t lane = 0; lane < kTileRows; ++lane) {
    const int64_t query = tile * kTileRows + lane;
    int64_t first = kChunk;
    int64_t end = 0;
    if (query < block.queries()) {
      const int64_t position = block.input.first_position + block.row(query);
      first = vector::Clamp(
          vector::FirstSeen(block.input, position) - part.chunk, kChunk);
      end = vector::Clamp(position + 1 - part.chunk, kChunk);
      if (first < range.first) range.first = first;
      if (end > range.end) range.end = end;
    }
    if (first > range.first_of_all) range.first_of_all = first;
    if (end < range.end_of_all) range.end_of_all = end;
    states.first[lane] = static_cast<int32_t>(first);
    states.end[lane] = static_cast<int32_t>(end);
  }
  return range;
}

// --- The products

// The tiles 0 to 3 += keys of two tiles of positions times kColumnTiles of
// queries, along the head. KEYS and QUERIES are either's numbers or their
// remainders.
template <int kColumnTiles>
void MultiplyHead(const Block& block, const uint8_t* keys,
                  const Tile* queries) {
  const int64_t steps = block.shape.key_steps;
  const int64_t row_bytes = RowBytes(2 * steps);
  for (int64_t k = 0; k < steps; ++k) {
    LoadTile<4>(keys + k * kTileBytes, row_bytes);
    LoadTile<6>(queries[k]);
    MultiplyTiles<0, 4, 6>();
    LoadTile<5>(keys + kTileRows * row_bytes + k * kTileBytes, row_bytes);
    MultiplyTiles<1, 5, 6>();
    if constexpr (kColumnTiles == 2) {
      LoadTile<7>(queries[2 * steps + k]);
      MultiplyTiles<2, 4, 7>();
      MultiplyTiles<3, 5, 7>();
    }
  }
}

// scores[column][2 step + i] = keys of two tiles times kColumnTiles of queries,
// but for the product of the remainders.
template <int kColumnTiles>
void MultiplyKeys(const Block& block, int64_t tile, int64_t step) {
  const int64_t steps = block.shape.key_steps;
  const uint8_t* keys =
      block.s.keys + step * kTileColumns * RowBytes(2 * steps);
  const Tile* queries = block.s.queries + tile * 2 * steps;
  ZeroTile<0>();
  ZeroTile<1>();
  ZeroTile<2>();
  ZeroTile<3>();
  MultiplyHead<kColumnTiles>(block, keys + steps * kTileBytes, queries);
  MultiplyHead<kColumnTiles>(block, keys, queries + steps);
  MultiplyHead<kColumnTiles>(block, keys, queries);
  Tile* scores = block.s.scores + 2 * step;
  StoreTile<0>(scores[0]);
  StoreTile<1>(scores[1]);
  if constexpr (kColumnTiles == 2) {
    StoreTile<2>(scores[kChunkTiles]);
    StoreTile<3>(scores[kChunkTiles + 1]);
  }
}

// The tiles 0 to 3 += two tiles of values over steps [begin, end) times the
// weights of kColumnTiles; either's numbers or their remainders.
template <int kColumnTiles>
void MultiplySteps(const Tile* upper, const Tile* lower, const Tile* weights,
                   int64_t begin, int64_t end) {
  for (int64_t s = begin; s < end; ++s) {
    LoadTile<4>(upper[s]);
    LoadTile<6>(weights[s]);
    MultiplyTiles<0, 4, 6>();
    LoadTile<5>(lower[s]);
    MultiplyTiles<2, 5, 6>();
    if constexpr (kColumnTiles == 2) {
      LoadTile<7>(weights[2 * kChunkSteps + s]);
      MultiplyTiles<1, 4, 7>();
      MultiplyTiles<3, 5, 7>();
    }
  }
}

// products = two tiles of values times the weights of kColumnTiles, but for the
// product of the remainders. Where VALUE is the last, the second comes to
// nothing.
template <int kColumnTiles>
void MultiplyValues(const Block& block, int64_t value, int64_t begin,
                    int64_t end) {
  const Tile* upper = block.s.values + value * 2 * kChunkSteps;
  const Tile* lower =
      value + 1 < block.shape.value_tiles ? upper + 2 * kChunkSteps : upper;
  const Tile* weights = block.s.weights;
  ZeroTile<0>();
  ZeroTile<1>();
  ZeroTile<2>();
  ZeroTile<3>();
  MultiplySteps<kColumnTiles>(upper + kChunkSteps, lower + kChunkSteps, weights,
                              begin, end);
  MultiplySteps<kColumnTiles>(upper, lower, weights + kChunkSteps, begin, end);
  MultiplySteps<kColumnTiles>(upper, lower, weights, begin, end);
  Tile* products = block.s.products;
  StoreTile<0>(products[0]);
  StoreTile<2>(products[2]);
  if constexpr (kColumnTiles == 2) {
    StoreTile<1>(products[1]);
    StoreTile<3>(products[3]);
  }
}

// --- The softmax

const float* Lanes(const Tile& tile, int64_t row) {
  return reinterpret_cast<const float*>(tile.lanes[row]);
}
float* Lanes(Tile& tile, int64_t row) {
  return reinterpret_cast<float*>(tile.lanes[row]);
}

// The scores of positions [begin, end) in place, scaled, capped, and minus
// infinity where a lane does not see one. Returns the largest of each lane.
__m512 FinishScores(const Block& block, int64_t tile, const SeenRange& seen,
                    Tile* scores, int64_t begin, int64_t end) {
  const LaneStates& states = block.s.states[tile];
  const __m512 scale = Vector::Set(block.input.scale);
  const __m512 cap = Vector::Set(block.input.soft_cap);
  const __m512 none = Vector::Set(-__builtin_inff());
  const __m512i first = Vector::LoadI(states.first);
  const __m512i last = Vector::LoadI(states.end);
  __m512 largest = Vector::Load(states.largest);
  for (int64_t p = begin; p < end; ++p) {
    float* row = Lanes(scores[p / kTileRows], p % kTileRows);
    __m512 x = Vector::Mul(Vector::Load(row), scale);
    if (block.input.soft_cap != 0) {
      x = Vector::Mul(vector::Tanh<Vector>(Vector::Div(x, cap)), cap);
    }
    if (p < seen.first_of_all || p >= seen.end_of_all) {
      const __m512i here = Vector::SetI(static_cast<int32_t>(p));
      const __mmask16 sees = _mm512_cmple_epi32_mask(first, here) &
                             _mm512_cmpgt_epi32_mask(last, here);
      x = _mm512_mask_blend_ps(sees, none, x);
    }
    Vector::Store(row, x);
    largest = Vector::Max(x, largest);
  }
  return largest;
}

// Turns scores into weights over steps [begin, end). Returns by how much that
// rescales the sums so far.
__m512 UpdateStates(const Block& block, int64_t tile, const SeenRange& seen,
                    int64_t column, int64_t begin, int64_t end) {
  LaneStates& states = block.s.states[tile];
  Tile* scores = block.s.scores + column * kChunkTiles;
  Tile* weights = block.s.weights + column * 2 * kChunkSteps;
  const __m512 now = FinishScores(block, tile, seen, scores,
                                  begin * kTileColumns, end * kTileColumns);
  __m512 total = Vector::Zero();
  for (int64_t s = begin; s < end; ++s) {
    for (int64_t pair = 0; pair < kTileRows; ++pair) {
      const int64_t p = s * kTileColumns + 2 * pair;
      const Tile& from = scores[p / kTileRows];
      const __m512 low = vector::Exp<Vector>(
          Vector::Sub(Vector::Load(Lanes(from, p % kTileRows)), now));
      const __m512 high = vector::Exp<Vector>(
          Vector::Sub(Vector::Load(Lanes(from, p % kTileRows + 1)), now));
      total = Vector::Add(total, Vector::Add(low, high));
      Vector::StoreI(weights[s].lanes[pair], RoundLanes(low, high));
      Vector::StoreI(weights[kChunkSteps + s].lanes[pair],
                     RoundLanes(Remainder(low), Remainder(high)));
    }
  }
  const __m512 factor =
      vector::Exp<Vector>(Vector::Sub(Vector::Load(states.largest), now));
  Vector::Store(states.largest, now);
  Vector::Store(states.total,
                Vector::Fma(Vector::Load(states.total), factor, total));
  return factor;
}

// What sees a position that can't be used is no number.
void Spoil(const Unusable& unusable, LaneStates* states) {
  for (int64_t p = 0; p < kChunk; ++p) {
    if (!unusable.Has(p)) continue;
    for (int64_t lane = 0; lane < kTileRows; ++lane) {
      if (states->first[lane] <= p && p < states->end[lane]) {
        states->total[lane] = __builtin_nanf("");
      }
    }
  }
}

void AddProduct(const Tile& product, __m512 factor, Tile* sum) {
  for (int64_t i = 0; i < kTileRows; ++i) {
    float* row = Lanes(*sum, i);
    Vector::Store(row, Vector::Fma(Vector::Load(row), factor,
                                   Vector::Load(Lanes(product, i))));
  }
}

// --- A block

// Lets kColumnTiles of queries from TILE on see their part of a chunk.
template <int kColumnTiles>
void AttendTiles(const Block& block, const ChunkPart& part,
                 const Unusable& unusable, int64_t tile) {
  SeenRange seen[kColumnTiles];
  int64_t begin = part.end;
  int64_t end = part.begin;
  for (int c = 0; c < kColumnTiles; ++c) {
    seen[c] = SetSeen(block, part, tile + c);
    if (seen[c].first < begin) begin = seen[c].first;
    if (seen[c].end > end) end = seen[c].end;
  }
  if (begin >= end) return;
  begin /= kTileColumns;
  end = Ceil(end, kTileColumns);
  for (int64_t s = begin; s < end; ++s) {
    MultiplyKeys<kColumnTiles>(block, tile, s);
  }
  __m512 factor[kColumnTiles];
  for (int c = 0; c < kColumnTiles; ++c) {
    factor[c] = UpdateStates(block, tile + c, seen[c], c, begin, end);
    if (unusable.any) Spoil(unusable, &block.s.states[tile + c]);
  }
  for (int64_t v = 0; v < block.shape.value_tiles; v += 2) {
    MultiplyValues<kColumnTiles>(block, v, begin, end);
    for (int64_t i = 0; i < 2 && v + i < block.shape.value_tiles; ++i) {
      for (int c = 0; c < kColumnTiles; ++c) {
        AddProduct(block.s.products[2 * i + c], factor[c],
                   &block.s.sums[(tile + c) * block.shape.value_tiles + v + i]);
      }
    }
  }
}

// The sums, divided, of each query to its place.
void StoreBlock(const Block& block) {
  const AttentionInput& input = block.input;
  for (int64_t tile = 0; tile < block.tiles(); ++tile) {
    const __m512 total = Vector::Load(block.s.states[tile].total);
    const int64_t first = tile * kTileRows;
    for (int64_t v = 0; v < block.shape.value_tiles; ++v) {
      const Tile& sums = block.s.sums[tile * block.shape.value_tiles + v];
      __m512i rows[kTileRows];
      for (int64_t i = 0; i < kTileRows; ++i) {
        rows[i] =
            Vector::Bits(Vector::Div(Vector::Load(Lanes(sums, i)), total));
      }
      Vector::Transpose(rows);
      const int64_t left = input.value_dim - v * kTileRows;
      for (int64_t i = 0; i < Least(block.queries() - first, kTileRows); ++i) {
        float* out = input.out + block.row(first + i) * input.out_stride +
                     block.head(first + i) * input.value_dim + v * kTileRows;
        Vector::StoreFirst(out, Vector::Bits(rows[i]),
                           static_cast<int>(Least(left, kTileRows)));
      }
    }
  }
}

void AttendBlock(const Block& block) {
  const AttentionInput& input = block.input;
  PackQueries(block);
  BeginStates(block);
  const int64_t first =
      vector::FirstSeen(input, input.first_position + block.begin);
  const int64_t positions = input.first_position + block.end;
  for (int64_t chunk = first / kChunk * kChunk; chunk < positions;
       chunk += kChunk) {
    const int64_t count = Least(positions - chunk, kChunk);
    const ChunkPart part = {.chunk = chunk,
                            .begin = vector::Clamp(first - chunk, kChunk) /
                                     kTileColumns * kTileColumns,
                            .end = Ceil(count, kTileColumns) * kTileColumns,
                            .count = count};
    UnpackKeys(input, block.kv_head, part, block.shape.key_steps, block.s.keys);
    const Unusable unusable =
        UnpackValues(input, block.kv_head, part, block.s.values);
    int64_t tile = 0;
    for (; tile + 1 < block.tiles(); tile += 2) {
      AttendTiles<2>(block, part, unusable, tile);
    }
    if (tile < block.tiles()) AttendTiles<1>(block, part, unusable, tile);
  }
  StoreBlock(block);
}

void Attend(const AttentionInput& input, const AttentionRange& range,
            void* scratch) {
  const FullTiles full_tiles;
  Block block = {.input = input,
                 .shape = ShapeOf(input.heads, input.kv_heads, input.head_dim,
                                  input.value_dim),
                 .s = {},
                 .begin = 0,
                 .end = 0,
                 .kv_head = 0};
  Divide(block.shape, block.group(), scratch, &block.s);
  for (int64_t row = range.row_begin; row < range.row_end;
       row += block.shape.rows) {
    block.begin = row;
    block.end = Least(row + block.shape.rows, range.row_end);
    for (int32_t kv = range.kv_begin; kv < range.kv_end; ++kv) {
      block.kv_head = kv;
      AttendBlock(block);
    }
  }
}

}  // namespace

const AttentionForm kAttention = {
    .scratch_bytes = ScratchBytes, .run = Attend, .grain = kBlockRows};

}  // namespace fullstop::kernels::amx
