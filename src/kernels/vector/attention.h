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
  float* sums;    // [queries][head]
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
  const int64_t head = PadHead<V>(input.head_dim);
  const int64_t queries = kBlockRows * (input.heads / input.kv_heads);
  AttentionScratch s;
  s.keys = static_cast<float*>(scratch);
  s.rows = s.keys + head * kTile;
  s.scores = s.rows + head * kTile;
  s.sums = s.scores + kMaxGroup * kTile;
  s.states = reinterpret_cast<QueryState*>(s.sums + queries * head);
  return s;
}

// The first COUNT positions of a tile as floats; zeros behind each head and for
// the other positions.
template <class V>
void ReadTile(const AttentionInput& input, const uint16_t* const* pages,
              int32_t kv_head, int64_t position, int64_t count, float* out) {
  const KvPages& cache = input.cache;
  const int64_t head = PadHead<V>(input.head_dim);
  const int64_t in_page = position % cache.page_positions;
  const uint16_t* from = pages[position / cache.page_positions] +
                         kv_head * cache.head_stride +
                         in_page * cache.position_stride;
  for (int64_t p = 0; p < kTile; ++p) {
    float* row = out + p * head;
    if (p < count) {
      F16ToF32<V>(from + p * cache.position_stride, input.head_dim, row);
      for (int64_t d = input.head_dim; d < head; ++d) row[d] = 0;
    } else {
      memset(row, 0, static_cast<size_t>(head) * sizeof(float));
    }
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

// Turns the first COUNT of 64 dot products into exponentials relative to the
// largest score seen, the others into zeros. Returns by how much that rescales
// the sums so far.
template <class V>
float UpdateState(float* scores, int count, float scale, QueryState& state) {
  typename V::F score[kTile / V::kLanes];
  typename V::F largest = V::Set(state.largest);
  for (int i = 0; i < kTile / V::kLanes; ++i) {
    int valid = count - i * V::kLanes;
    valid = valid < 0 ? 0 : valid < V::kLanes ? valid : V::kLanes;
    score[i] = V::SelectFirst(
        valid, V::Mul(V::Load(scores + i * V::kLanes), V::Set(scale)),
        V::Set(-__builtin_inff()));
    largest = V::Max(score[i], largest);
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

// Adds the first COUNT positions of the tile to kRows queries.
template <class V, int kRows>
void AttendTile(const AttentionInput& input, const AttentionScratch& s,
                const float* const* q, int64_t query, int count) {
  const int64_t head = PadHead<V>(input.head_dim);
  float factor[kRows] = {};
  const float* weights[kRows];
  memset(s.scores, 0, static_cast<size_t>(kRows * kTile) * sizeof(float));
  MultiplyAddAll<V, kRows>(q, s.keys, kTile, input.head_dim, factor, s.scores,
                           kTile);
  for (int m = 0; m < kRows; ++m) {
    weights[m] = s.scores + m * kTile;
    factor[m] = UpdateState<V>(s.scores + m * kTile, count, input.scale,
                               s.states[query + m]);
  }
  MultiplyAddAll<V, kRows>(weights, s.rows, head, count, factor,
                           s.sums + query * head, head);
}

template <class V>
void AttendTileGroup(const AttentionInput& input, const AttentionScratch& s,
                     const float* const* q, int64_t query, int rows,
                     int count) {
  switch (rows) {
    case 1:
      return AttendTile<V, 1>(input, s, q, query, count);
    case 2:
      return AttendTile<V, 2>(input, s, q, query, count);
    case 3:
      return AttendTile<V, 3>(input, s, q, query, count);
    default:
      return AttendTile<V, kMaxGroup>(input, s, q, query, count);
  }
}

// The rows [begin, end), at most kBlockRows, of the heads that read KV_HEAD.
struct AttentionBlock {
  int64_t begin;
  int64_t end;
  int32_t kv_head;
};

template <class V>
void AttendPositions(const AttentionInput& input, const AttentionBlock& block,
                     const AttentionScratch& s, int64_t tile) {
  const int64_t group = input.heads / input.kv_heads;
  const int64_t queries = (block.end - block.begin) * group;
  int64_t query = 0;
  while (query < queries) {
    const auto seen = [&](int64_t i) {
      const int64_t row = block.begin + i / group;
      const int64_t count = input.first_position + row + 1 - tile;
      return static_cast<int>(count < kTile ? count : kTile);
    };
    const int count = seen(query);
    const float* q[kMaxGroup];
    int rows = 0;
    while (rows < kMaxGroup && query + rows < queries &&
           seen(query + rows) == count) {
      const int64_t row = block.begin + (query + rows) / group;
      const int64_t head = block.kv_head * group + (query + rows) % group;
      q[rows++] = input.q + row * input.q_stride + head * input.head_dim;
    }
    if (count > 0) AttendTileGroup<V>(input, s, q, query, rows, count);
    query += rows;
  }
}

template <class V>
void AttendBlock(const AttentionInput& input, const AttentionBlock& block,
                 const AttentionScratch& s) {
  const int64_t group = input.heads / input.kv_heads;
  const int64_t head = PadHead<V>(input.head_dim);
  const int64_t queries = (block.end - block.begin) * group;
  memset(s.sums, 0, static_cast<size_t>(queries * head) * sizeof(float));
  for (int64_t i = 0; i < queries; ++i) {
    s.states[i] = {-__builtin_inff(), 0};
  }
  const int64_t positions = input.first_position + block.end;
  for (int64_t tile = 0; tile < positions; tile += kTile) {
    const int64_t count = positions - tile < kTile ? positions - tile : kTile;
    ReadTile<V>(input, input.cache.keys, block.kv_head, tile, count, s.rows);
    TransposeTile<V>(s.rows, head, s.keys);
    ReadTile<V>(input, input.cache.values, block.kv_head, tile, count, s.rows);
    AttendPositions<V>(input, block, s, tile);
  }
  for (int64_t i = 0; i < queries; ++i) {
    const int64_t row = block.begin + i / group;
    float* out = input.out + row * input.out_stride +
                 (block.kv_head * group + i % group) * input.head_dim;
    const typename V::F total = V::Set(s.states[i].total);
    ForVectors<V>(input.head_dim, [&](int64_t d, int count) {
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
constexpr AttentionOperations MakeAttentionOperations() {
  constexpr AttentionForm kForm = {.scratch_bytes = AttentionScratchBytes<V>,
                                   .run = Attend<V>,
                                   .grain = kBlockRows};
  return {.prefill = kForm, .decode = kForm};
}

}  // namespace fullstop::kernels::vector

#endif  // FULLSTOP_KERNELS_VECTOR_ATTENTION_H_
