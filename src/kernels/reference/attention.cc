#include <cmath>
#include <limits>

#include "format/half.h"
#include "kernels/operations.h"

namespace fullstop::kernels::reference {
namespace {

const uint16_t* Element(const KvPages& cache, const uint16_t* const* pages,
                        int32_t kv_head, int64_t position) {
  return pages[position / cache.page_positions] + kv_head * cache.head_stride +
         position % cache.page_positions * cache.position_stride;
}

double Score(const AttentionInput& input, const float* q, int32_t kv_head,
             int64_t position) {
  const uint16_t* key =
      Element(input.cache, input.cache.keys, kv_head, position);
  double sum = 0;
  for (int32_t d = 0; d < input.head_dim; ++d) {
    sum += static_cast<double>(q[d]) * HalfToFloat(key[d]);
  }
  return sum * input.scale;
}

// Two passes: the largest score first, then the sums.
void AttendHead(const AttentionInput& input, int64_t row, int32_t head) {
  const int32_t kv_head = head / (input.heads / input.kv_heads);
  const int64_t offset = static_cast<int64_t>(head) * input.head_dim;
  const float* q = input.q + row * input.q_stride + offset;
  const int64_t visible = input.first_position + row + 1;
  double largest = -std::numeric_limits<double>::infinity();
  for (int64_t p = 0; p < visible; ++p) {
    const double score = Score(input, q, kv_head, p);
    largest = score > largest || std::isnan(score) ? score : largest;
  }
  double sums[kMaxHeadDim] = {};
  double total = 0;
  for (int64_t p = 0; p < visible; ++p) {
    const double weight = std::exp(Score(input, q, kv_head, p) - largest);
    total += weight;
    const uint16_t* value =
        Element(input.cache, input.cache.values, kv_head, p);
    for (int32_t d = 0; d < input.head_dim; ++d) {
      sums[d] += weight * HalfToFloat(value[d]);
    }
  }
  float* out = input.out + row * input.out_stride + offset;
  for (int32_t d = 0; d < input.head_dim; ++d) {
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

constexpr AttentionForm kForm = {
    .scratch_bytes = NoScratch, .run = Run, .grain = 1};

}  // namespace

const AttentionOperations kAttention = {.prefill = kForm, .decode = kForm};

}  // namespace fullstop::kernels::reference
