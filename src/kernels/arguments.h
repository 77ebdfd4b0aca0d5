// Arguments of the numeric operations: plain data without inline code, since
// files compiled for one instruction set include this header too.
#ifndef FULLSTOP_KERNELS_ARGUMENTS_H_
#define FULLSTOP_KERNELS_ARGUMENTS_H_

#include <stddef.h>
#include <stdint.h>

namespace fullstop::kernels {

// Rows of activations with the form that Kernels::PrepareLinear made of them.
// Both arrays must live as long as the calls that read them.
struct LinearInput {
  const float* x;        // [rows][columns], row r begins at x + r * stride
  int64_t stride;        // in floats, >= columns
  int64_t rows;          // M
  int64_t columns;       // K
  const void* prepared;  // of the same phase; 64-byte aligned
};

// What a cache's keys and values are.
enum class CacheType { kF16, kF32 };

// The keys and values of one sequence in one layer, as pages. Position p of KV
// head h begins, in page p / page_positions, at element
//   h * stride.head + (p % page_positions) * stride.position
// of the page and is head_dim (of values: value_dim) elements long. A cache
// without pages is one page.
struct KvStride {
  int64_t head;      // in elements
  int64_t position;  // in elements
};
struct KvPages {
  CacheType type;
  const void* const* keys;    // one pointer a page
  const void* const* values;  // one pointer a page
  int32_t page_positions;     // a multiple of kAttentionTile
  KvStride key_stride;
  KvStride value_stride;
};

// Pages hold a multiple of this many positions.
inline constexpr int32_t kAttentionTile = 64;

// Consecutive rows of one sequence: row r stands at position
// first_position + r and sees the positions up to its own, which the cache must
// hold already.
struct AttentionInput {
  const float* q;      // [rows][heads][head_dim], rows q_stride floats apart
  int64_t q_stride;    // in floats
  float* out;          // [rows][heads][value_dim]; may be q where those agree
  int64_t out_stride;  // in floats
  int64_t rows;        //
  int64_t first_position;
  int32_t heads;      // a multiple of kv_heads; head h reads KV head
  int32_t kv_heads;   //   h / (heads / kv_heads)
  int32_t head_dim;   // at most kMaxHeadDim
  int32_t value_dim;  // likewise
  float scale;        // of the scores, usually head_dim^-1/2
  KvPages cache;
  // If not 0: a score s becomes soft_cap * tanh(s / soft_cap).
  float soft_cap = 0;
  // If not 0: a row sees the last WINDOW positions only, its own included.
  int64_t window = 0;
  // If not 0: a row sees only positions of its own CHUNK of so many, counted
  // from position 0.
  int64_t chunk = 0;
  // [heads] scores that take part in each softmax and have no value; or null.
  const float* sinks = nullptr;
};

inline constexpr int32_t kMaxHeadDim =
    576;  // DeepSeek's latent and rotary parts

// How rotary embedding pairs the dimensions of a head: kAdjacent (2i, 2i+1), as
// GGUF files of the Llama line are permuted for; kHalves (i, i + rotated/2).
enum class RopePairs { kAdjacent, kHalves };

// f(g) * u for a gate g and a factor u; where no factor is given it is 1.
enum class Activation {
  kIdentity,     // g * u
  kSilu,         // g / (1 + exp(-g)) * u
  kSigmoid,      // 1 / (1 + exp(-g)) * u
  kGeluTanh,     // g * (1 + tanh(sqrt(2 / pi) * (g + 0.044715 g^3))) / 2 * u
  kGeluErf,      // g * (1 + erf(g / sqrt(2))) / 2 * u
  kRelu,         // max(g, 0) * u
  kReluSquared,  // max(g, 0)^2 * u
  // gpt-oss: with G = min(g, limit) and U = u within [-limit, limit],
  //   G / (1 + exp(-alpha * G)) * (U + 1)
  kClampedSwiGlu,
  // xIELU (arXiv:2411.13010):
  //   (alpha * g^2 + beta * g) * u where g > 0, else
  //   ((expm1(min(g, epsilon)) - g) * alpha_negative + beta * g) * u
  kXielu,
};
inline constexpr int kActivations = 9;

struct ActivationParameters {
  float limit = 0;
  float alpha = 1;
  float alpha_negative = 0;
  float beta = 0;
  float epsilon = 0;
};

// One position of the gated delta rule in one head.
struct DeltaRuleInput {
  const float* q;  // [key_length]
  const float* k;  // [key_length]
  const float* v;  // [value_length]
  int64_t key_length;
  int64_t value_length;
  float decay;  // of the state
  float beta;   // how much of the new value is written
};

// A logit with its index.
struct IndexedValue {
  int32_t index;
  float value;
};

}  // namespace fullstop::kernels

#endif  // FULLSTOP_KERNELS_ARGUMENTS_H_
