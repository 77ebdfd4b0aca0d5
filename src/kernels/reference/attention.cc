#include <algorithm>
#include <cmath>
#include <limits>

#include "format/half.h"
#include "kernels/operations.h"

namespace fullstop::kernels::reference {
namespace {

// Element I of a head at POSITION.
double Element(const KvPages& cache, const void* const* pages,
               const KvStride& stride, int32_t kv_head, int64_t position,
               int32_t i) {
  const void* page = pages[position / cache.page_positions];
  const int64_t at = kv_head * stride.head +
                     position % cache.page_positions * stride.position + i;
  if (cache.type == CacheType::kF32) return static_cast<const float*>(page)[at];
  return HalfToFloat(static_cast<const uint16_t*>(page)[at]);
}

double Score(const AttentionInput& input, const float* q, int32_t kv_head,
             int64_t position) {
  const KvPages& cache = input.cache;
  double sum = 0;
  for (int32_t d = 0; d < input.head_dim; ++d) {
    sum += q[d] *
           Element(cache, cache.keys, cache.key_stride, kv_head, position, d);
  }
  const double score = sum * input.scale;
  const double cap = input.soft_cap;
  return cap == 0 ? score : cap * std::tanh(score / cap);
}

// The first position that a row at POSITION sees.
int64_t FirstSeen(const AttentionInput& input, int64_t position) {
  int64_t first = 0;
  if (input.window > 0) first = position - input.window + 1;
  if (input.chunk > 0)
    first = std::max(first, position - position % input.chunk);
  return std::max(first, int64_t{0});
}

// Two passes: the largest score first, then the sums.
void AttendHead(const AttentionInput& input, int64_t row, int32_t head) {
  const KvPages& cache = input.cache;
  const int32_t kv_head = head / (input.heads / input.kv_heads);
  const float* q = input.q + row * input.q_stride + head * input.head_dim;
  const int64_t position = input.first_position + row;
  const int64_t first = FirstSeen(input, position);
  const double sink = input.sinks == nullptr
                          ? -std::numeric_limits<double>::infinity()
                          : input.sinks[head];
  double largest = sink;
  for (int64_t p = first; p <= position; ++p) {
    const double score = Score(input, q, kv_head, p);
    largest = score > largest || std::isnan(score) ? score : largest;
  }
  double sums[kMaxHeadDim] = {};
  double total = input.sinks == nullptr ? 0 : std::exp(sink - largest);
  for (int64_t p = first; p <= position; ++p) {
    const double weight = std::exp(Score(input, q, kv_head, p) - largest);
    total += weight;
    for (int32_t d = 0; d < input.value_dim; ++d) {
      sums[d] += weight * Element(cache, cache.values, cache.value_stride,
                                  kv_head, p, d);
    }
  }
  float* out = input.out + row * input.out_stride + head * input.value_dim;
  for (int32_t d = 0; d < input.value_dim; ++d) {
    out[d] = static_cast<float>(sums[d] / total);
  }
}

void Run(const AttentionInput& input, const AttentionRange& range, void*) {
  const int32_t group = input.heads / input.kv_heads;
  for (int64_t row = range.row_begin; row < range.row_end; ++row) {
    for (int32_t head = range.kv_begin * group; head < range.kv_end * group;
         ++head) {
      AttendHead(input, row, head);
    }
  }
}

size_t NoScratch(int32_t, int32_t, int32_t) { return 0; }

}  // namespace

const AttentionForm kAttention = {
    .scratch_bytes = NoScratch, .run = Run, .grain = 1};

}  // namespace fullstop::kernels::reference
