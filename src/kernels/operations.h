// The operations that a path offers, in groups of function pointers. A path
// fills a group whole; Kernels picks one filling of each. Kernels.h says what
// each operation computes.
//
// Plain data without inline code: files compiled for one instruction set
// include this.
#ifndef FULLSTOP_KERNELS_OPERATIONS_H_
#define FULLSTOP_KERNELS_OPERATIONS_H_

#include "kernels/arguments.h"

namespace fullstop::kernels {

// Packed weights of a type and a layout that are known from the function
// called.
struct PackedRows {
  const uint8_t* data;
  int64_t row_bytes;
};

struct OutputRange {
  int64_t begin;
  int64_t end;
  float* y;
  int64_t stride;
};

using LinearFunction = void (*)(const LinearInput& input, const PackedRows& w,
                                const OutputRange& out, void* scratch);

// One function for each type of weights.
struct LinearFunctions {
  LinearFunction f32, f16, bf16;
  LinearFunction q4_0, q4_1, q5_0, q5_1, q8_0, iq4_nl, mxfp4;
  LinearFunction q2_k, q3_k, q4_k, q5_k, q6_k, iq4_xs;
  LinearFunction iq2_xxs, iq2_xs, iq2_s, iq3_xxs, iq3_s, iq1_s, iq1_m;
  LinearFunction tq1_0, tq2_0, nvfp4;
};

struct LinearForm {
  size_t (*prepared_bytes)(int64_t rows, int64_t columns);
  void (*prepare)(const LinearInput& input, int64_t row_begin, int64_t row_end,
                  void* prepared);
  size_t (*scratch_bytes)(int64_t columns);
  int64_t prepare_grain;
  int64_t grain;
  int64_t width;  // see Kernels::LinearWidth
  LinearFunctions functions;
  // For weights in strips (kernels/strips.h); null where a type is read in rows
  // only.
  LinearFunctions strips = {};
  // Of prefill; decode is bound by memory.
  double (*multiply_in_registers)(int64_t times) = nullptr;
};

struct RowOperations {
  void (*rms_norm)(const float* x, const float* weight, int64_t n,
                   float epsilon, float* out);
  void (*layer_norm)(const float* x, const float* weight, const float* bias,
                     int64_t n, float epsilon, float* out);
  void (*add)(float* x, const float* y, int64_t n);
  void (*scale)(float* x, int64_t n, float factor);
  void (*multiply_add)(const float* x, const float* y, int64_t n, float* out);
  void (*delta_rule)(const DeltaRuleInput& input, float* state, float* out);
  // One head; the pairs are (i, i + 1) and (i, i + rotated / 2).
  void (*rope_adjacent)(float* x, int64_t rotated, const float* cos,
                        const float* sin);
  void (*rope_halves)(float* x, int64_t rotated, const float* cos,
                      const float* sin);
  void (*f32_to_f16)(const float* x, int64_t n, uint16_t* out);
  void (*f16_to_f32)(const uint16_t* x, int64_t n, float* out);
  void (*f32_to_bf16)(const float* x, int64_t n, uint16_t* out);
  void (*bf16_to_f32)(const uint16_t* x, int64_t n, float* out);
  uint32_t (*read_memory)(const void* memory, size_t bytes);
};

// UP may be null.
using ActivationFunction = void (*)(const float* gate, const float* up,
                                    int64_t n,
                                    const ActivationParameters& parameters,
                                    float* out);

struct ActivationOperations {
  ActivationFunction functions[kActivations];  // by Activation
  void (*soft_cap)(float* x, int64_t n, float cap);
};

struct AttentionRange {
  int64_t row_begin;
  int64_t row_end;
  int32_t kv_begin;
  int32_t kv_end;
};

struct AttentionForm {
  size_t (*scratch_bytes)(int32_t heads, int32_t kv_heads, int32_t head_dim);
  void (*run)(const AttentionInput& input, const AttentionRange& range,
              void* scratch);
  int64_t grain;
};

struct LogitOperations {
  void (*softmax)(const float* x, int64_t n, float* out);
  double (*log_sum_exp)(const float* x, int64_t n);
  // The least i in [begin, n) for which x[i] <= threshold is false; else n.
  int64_t (*next_above)(const float* x, int64_t begin, int64_t n,
                        float threshold);
};

namespace reference {
extern const LinearForm kLinear;
extern const RowOperations kRows;
extern const ActivationOperations kActivationTable;
extern const AttentionForm kAttention;
extern const LogitOperations kLogits;
}  // namespace reference

namespace avx2 {
extern const LinearForm kPrefill;
extern const LinearForm kDecode;
extern const RowOperations kRows;
extern const ActivationOperations kActivationTable;
extern const AttentionForm kAttention;
extern const LogitOperations kLogits;
}  // namespace avx2

namespace amx {
extern const LinearForm kPrefill;
extern const AttentionForm kAttention;
}  // namespace amx

namespace avx512 {
extern const LinearForm kPrefill;
extern const LinearForm kDecode;
extern const RowOperations kRows;
extern const ActivationOperations kActivationTable;
extern const AttentionForm kAttention;
extern const LogitOperations kLogits;
}  // namespace avx512

}  // namespace fullstop::kernels

#endif  // FULLSTOP_KERNELS_OPERATIONS_H_
