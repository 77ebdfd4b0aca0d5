// Attention with an online softmax: tiles of 64 positions are converted to
// float once for a block of rows and all heads that share them.
#ifndef FULLSTOP_KERNELS_VECTOR_ATTENTION_H_
#define FULLSTOP_KERNELS_VECTOR_ATTENTION_H_

#include "kernels/operations.h"
#include "kernels/vector/exp.h"
#include "kernels/vector/rows.h"

namespace fullstop::kernels::vector {

constexpr int64_t kTile = kAttentionTile;
constexpr int64_t kBlockRows = 16;
constexpr int kMaxGroup = 4;  // queries multiplied at once

template <class V>
constexpr int kVectorsAtOnce = V::kLanes == 16 ? 4 : 2;

template <class V>
int64_t PadHead(int64_t head_dim) {
  return (head_dim + V::kLanes - 1) / V::kLanes * V::kLanes;
}

// What a query has seen so far.
struct QueryState {
  float largest;  // score
  float total;    // sum of exponentials, relative to the largest
};

// The scratch of a call. A block's queries are numbered row by row, the heads
// that share a KV head one after the other.
struct AttentionScratch {
  float* keys;    // [head][64], transposed
  float* rows;    // [64][head]: keys as they come, then values
  float* scores;  // [kMaxGroup][64]
  float* sums;    // [queries][value head]
  QueryState* states;
};

template <class V>
size_t AttentionScratchBytes(int32_t heads, int32_t kv_heads,
                             int32_t head_dim) {
  const auto head = static_cast<size_t>(PadHead<V>(head_dim));
  const auto queries = static_cast<size_t>(kBlockRows * (heads / kv_heads));
  return (2 * head * kTile + kMaxGroup * kTile + queries * head) *
             sizeof(float) +
         queries * sizeof(QueryState);
}

template <class V>
AttentionScratch Divide(const AttentionInput& input, void* scratch) {
  const int64_t head = PadHead<V>(
      input.head_dim > input.value_dim ? input.head_dim : input.value_dim);
  const int64_t queries = kBlockRows * (input.heads / input.kv_heads);
  AttentionScratch s;
  s.keys = static_cast<float*>(scratch);
  s.rows = s.keys + head * kTile;
  s.scores = s.rows + head * kTile;
  s.sums = s.scores + kMaxGroup * kTile;
  s.states = reinterpret_cast<QueryState*>(s.sums + queries * head);
  return s;
}

// Where a tile's keys or values of one head stand.
struct TileSource {
  const void* page;
  CacheType type;
  int64_t first;   // element at which the tile begins
  int64_t stride;  // elements from position to position
  int64_t length;  // of the head
};

static inline TileSource SourceOf(const KvPages& cache,
                                  const void* const* pages,
                                  const KvStride& stride, int32_t kv_head,
                                  int64_t position, int64_t length) {
  const int64_t in_page = position % cache.page_positions;
  return {pages[position / cache.page_positions], cache.type,
          kv_head * stride.head + in_page * stride.position, stride.position,
          length};
}

// The first COUNT positions of a tile as floats; zeros behind each head and for
// the other positions.
template <class V>
void ReadTile(const TileSource& source, int64_t count, float* out) {
  const int64_t head = PadHead<V>(source.length);
  for (int64_t p = 0; p < kTile; ++p) {
    float* row = out + p * head;
    const int64_t at = source.first + p * source.stride;
    if (p >= count) {
      memset(row, 0, static_cast<size_t>(head) * sizeof(float));
      continue;
    }
    if (source.type == CacheType::kF32) {
      memcpy(row, static_cast<const float*>(source.page) + at,
             static_cast<size_t>(source.length) * sizeof(float));
    } else {
      F16ToF32<V>(static_cast<const uint16_t*>(source.page) + at, source.length,
                  row);
    }
    for (int64_t d = source.length; d < head; ++d) row[d] = 0;
  }
}

template <class V>
void TransposeTile(const float* rows, int64_t head, float* out) {
  for (int64_t p = 0; p < kTile; p += V::kLanes) {
    for (int64_t d = 0; d < head; d += V::kLanes) {
      typename V::I block[V::kLanes];
      for (int i = 0; i < V::kLanes; ++i) {
        block[i] = V::LoadI(rows + (p + i) * head + d);
      }
      V::Transpose(block);
      for (int i = 0; i < V::kLanes; ++i) {
        V::StoreI(out + (d + i) * kTile + p, block[i]);
      }
    }
  }
}

// c[m][j] = c[m][j] * factor[m] + sum_k a[m][k] * b[k * stride + j], for
// kVectors vectors of j.
template <class V, int kRows, int kVectors>
static inline void MultiplyAdd(const float* const* a, const float* b,
                               int64_t stride, int64_t length,
                               const float* factor, float* const* c) {
  typename V::F acc[kRows][kVectors];
  for (int m = 0; m < kRows; ++m) {
    for (int v = 0; v < kVectors; ++v) {
      acc[m][v] = V::Mul(V::Load(c[m] + v * V::kLanes), V::Set(factor[m]));
    }
  }
  for (int64_t k = 0; k < length; ++k) {
    typename V::F row[kVectors];
    for (int v = 0; v < kVectors; ++v) {
      row[v] = V::Load(b + k * stride + v * V::kLanes);
    }
    for (int m = 0; m < kRows; ++m) {
      const typename V::F weight = V::Set(a[m][k]);
      for (int v = 0; v < kVectors; ++v) {
        acc[m][v] = V::Keep(V::Fma(weight, row[v], acc[m][v]));
      }
    }
  }
  for (int m = 0; m < kRows; ++m) {
    for (int v = 0; v < kVectors; ++v) {
      V::Store(c[m] + v * V::kLanes, acc[m][v]);
    }
  }
}

// The same for WIDTH columns, a multiple of V::kLanes.
template <class V, int kRows>
void MultiplyAddAll(const float* const* a, const float* b, int64_t width,
                    int64_t length, const float* factor, const float* c_first,
                    int64_t c_stride) {
  constexpr int kMany = kVectorsAtOnce<V>;
  int64_t j = 0;
  float* c[kRows];
  for (; j + kMany * V::kLanes <= width; j += kMany * V::kLanes) {
    for (int m = 0; m < kRows; ++m) {
      c[m] = const_cast<float*>(c_first) + m * c_stride + j;
    }
    MultiplyAdd<V, kRows, kMany>(a, b + j, width, length, factor, c);
  }
  for (; j < width; j += V::kLanes) {
    for (int m = 0; m < kRows; ++m) {
      c[m] = const_cast<float*>(c_first) + m * c_stride + j;
    }
    MultiplyAdd<V, kRows, 1>(a, b + j, width, length, factor, c);
  }
}

// The positions of a tile that a query sees.
struct Seen {
  int begin;
  int end;
};

static inline int Clamp(int64_t x, int64_t most) {
  return static_cast<int>(x < 0 ? 0 : x < most ? x : most);
}

// Turns the 64 dot products of a tile into exponentials relative to the largest
// score seen, those of positions not SEEN into zeros. Returns by how much that
// rescales the sums so far.
template <class V>
float UpdateState(float* scores, const Seen& seen, const AttentionInput& input,
                  QueryState& state) {
  const typename V::F none = V::Set(-__builtin_inff());
  typename V::F score[kTile / V::kLanes];
  typename V::F largest = V::Set(state.largest);
  for (int i = 0; i < kTile / V::kLanes; ++i) {
    typename V::F x =
        V::Mul(V::Load(scores + i * V::kLanes), V::Set(input.scale));
    if (input.soft_cap != 0) {
      const typename V::F cap = V::Set(input.soft_cap);
      x = V::Mul(Tanh<V>(V::Div(x, cap)), cap);
    }
    x = V::SelectFirst(Clamp(seen.end - i * V::kLanes, V::kLanes), x, none);
    if (seen.begin > 0) {
      x = V::SelectFirst(Clamp(seen.begin - i * V::kLanes, V::kLanes), none, x);
    }
    score[i] = x;
    largest = V::Max(x, largest);
  }
  const float now = V::MaxLane(largest);
  typename V::F total = V::Zero();
  for (int i = 0; i < kTile / V::kLanes; ++i) {
    const typename V::F e = Exp<V>(V::Sub(score[i], V::Set(now)));
    V::Store(scores + i * V::kLanes, e);
    total = V::Add(total, e);
  }
  float lanes[V::kLanes];
  V::Store(lanes, Exp<V>(V::Set(state.largest - now)));
  state.largest = now;
  state.total = state.total * lanes[0] + V::Sum(total);
  return lanes[0];
}

// Adds the positions SEEN of the tile to kRows queries.
template <class V, int kRows>
void AttendTile(const AttentionInput& input, const AttentionScratch& s,
                const float* const* q, int64_t query, const Seen& seen) {
  const int64_t head = PadHead<V>(input.value_dim);
  float factor[kRows] = {};
  const float* weights[kRows];
  memset(s.scores, 0, static_cast<size_t>(kRows * kTile) * sizeof(float));
  MultiplyAddAll<V, kRows>(q, s.keys, kTile, input.head_dim, factor, s.scores,
                           kTile);
  for (int m = 0; m < kRows; ++m) {
    weights[m] = s.scores + m * kTile + seen.begin;
    factor[m] =
        UpdateState<V>(s.scores + m * kTile, seen, input, s.states[query + m]);
  }
  MultiplyAddAll<V, kRows>(weights, s.rows + seen.begin * head, head,
                           seen.end - seen.begin, factor, s.sums + query * head,
                           head);
}

template <class V>
void AttendTileGroup(const AttentionInput& input, const AttentionScratch& s,
                     const float* const* q, int64_t query, int rows,
                     const Seen& seen) {
  switch (rows) {
    case 1:
      return AttendTile<V, 1>(input, s, q, query, seen);
    case 2:
      return AttendTile<V, 2>(input, s, q, query, seen);
    case 3:
      return AttendTile<V, 3>(input, s, q, query, seen);
    default:
      return AttendTile<V, kMaxGroup>(input, s, q, query, seen);
  }
}

// The rows [begin, end), at most kBlockRows, of the heads that read KV_HEAD.
struct AttentionBlock {
  int64_t begin;
  int64_t end;
  int32_t kv_head;
};

// The first position that a row at POSITION sees.
static inline int64_t FirstSeen(const AttentionInput& input, int64_t position) {
  int64_t first = input.window > 0 ? position - input.window + 1 : 0;
  if (input.chunk > 0 && first < position - position % input.chunk) {
    first = position - position % input.chunk;
  }
  return first < 0 ? 0 : first;
}

template <class V>
void AttendPositions(const AttentionInput& input, const AttentionBlock& block,
                     const AttentionScratch& s, int64_t tile) {
  const int64_t group = input.heads / input.kv_heads;
  const int64_t queries = (block.end - block.begin) * group;
  int64_t query = 0;
  while (query < queries) {
    const auto seen_by = [&](int64_t i) {
      const int64_t position = input.first_position + block.begin + i / group;
      return Seen{Clamp(FirstSeen(input, position) - tile, kTile),
                  Clamp(position + 1 - tile, kTile)};
    };
    const Seen seen = seen_by(query);
    const float* q[kMaxGroup];
    int rows = 0;
    while (rows < kMaxGroup && query + rows < queries) {
      const Seen other = seen_by(query + rows);
      if (other.begin != seen.begin || other.end != seen.end) break;
      const int64_t row = block.begin + (query + rows) / group;
      const int64_t head = block.kv_head * group + (query + rows) % group;
      q[rows++] = input.q + row * input.q_stride + head * input.head_dim;
    }
    if (seen.begin < seen.end) {
      AttendTileGroup<V>(input, s, q, query, rows, seen);
    }
    query += rows;
  }
}

// An entry without a value for each query that has a sink, else nothing.
static inline void BeginStates(const AttentionInput& input,
                               const AttentionBlock& block,
                               QueryState* states) {
  const int64_t group = input.heads / input.kv_heads;
  const int64_t queries = (block.end - block.begin) * group;
  for (int64_t i = 0; i < queries; ++i) {
    states[i] = {-__builtin_inff(), 0};
    if (input.sinks != nullptr) {
      states[i] = {input.sinks[block.kv_head * group + i % group], 1};
    }
  }
}

template <class V>
void AttendBlock(const AttentionInput& input, const AttentionBlock& block,
                 const AttentionScratch& s) {
  const int64_t group = input.heads / input.kv_heads;
  const int64_t head = PadHead<V>(input.value_dim);
  const int64_t queries = (block.end - block.begin) * group;
  const KvPages& cache = input.cache;
  memset(s.sums, 0, static_cast<size_t>(queries * head) * sizeof(float));
  BeginStates(input, block, s.states);
  const int64_t first = FirstSeen(input, input.first_position + block.begin);
  const int64_t positions = input.first_position + block.end;
  for (int64_t tile = first / kTile * kTile; tile < positions; tile += kTile) {
    const int count = Clamp(positions - tile, kTile);
    ReadTile<V>(SourceOf(cache, cache.keys, cache.key_stride, block.kv_head,
                         tile, input.head_dim),
                count, s.rows);
    TransposeTile<V>(s.rows, PadHead<V>(input.head_dim), s.keys);
    ReadTile<V>(SourceOf(cache, cache.values, cache.value_stride, block.kv_head,
                         tile, input.value_dim),
                count, s.rows);
    AttendPositions<V>(input, block, s, tile);
  }
  for (int64_t i = 0; i < queries; ++i) {
    const int64_t row = block.begin + i / group;
    float* out = input.out + row * input.out_stride +
                 (block.kv_head * group + i % group) * input.value_dim;
    const typename V::F total = V::Set(s.states[i].total);
    ForVectors<V>(input.value_dim, [&](int64_t d, int count) {
      StoreSome<V>(out + d, V::Div(V::Load(s.sums + i * head + d), total),
                   count);
    });
  }
}

template <class V>
void Attend(const AttentionInput& input, const AttentionRange& range,
            void* scratch) {
  const AttentionScratch s = Divide<V>(input, scratch);
  for (int64_t row = range.row_begin; row < range.row_end; row += kBlockRows) {
    const int64_t end =
        range.row_end - row < kBlockRows ? range.row_end : row + kBlockRows;
    for (int32_t kv = range.kv_begin; kv < range.kv_end; ++kv) {
      AttendBlock<V>(input, {row, end, kv}, s);
    }
  }
}

template <class V>
constexpr AttentionForm MakeAttentionForm() {
  return {.scratch_bytes = AttentionScratchBytes<V>,
          .run = Attend<V>,
          .grain = kBlockRows};
}

}  // namespace fullstop::kernels::vector

#endif  // FULLSTOP_KERNELS_VECTOR_ATTENTION_H_
