// Prefill of F32 weights: weights and activations as they come, summed in
// float32. Whoever keeps a matrix as F32, a mixture's router above all, wants
// it exact.
#ifndef FULLSTOP_KERNELS_VECTOR_PREFILL_FLOAT_H_
#define FULLSTOP_KERNELS_VECTOR_PREFILL_FLOAT_H_

#include "kernels/operations.h"
#include "kernels/vector/rows.h"

namespace fullstop::kernels::vector {

// A tile of the result: as many sums, each a vector along K, as the registers
// hold.
constexpr int kFloatRows = 4;
template <class V>
constexpr int kFloatColumns = V::kLanes == 16 ? 4 : 2;

// Weights that stay in the second-level cache while all rows pass: so many rows
// of W by so many columns, 512 KiB.
constexpr int64_t kFloatPanel = 128;
constexpr int64_t kFloatChunk = 1024;

// A part of both sides' columns.
struct FloatChunk {
  int64_t begin;
  int64_t end;
};

// y[m][n] = sum of x[m][k] * w[n][k] over the chunk, added to what the chunks
// before have left there.
template <class V, int kM, int kN>
static inline void MultiplyFloats(const LinearInput& input, const float* x,
                                  const PackedRows& w, int64_t n,
                                  const FloatChunk& chunk, float* y,
                                  int64_t y_stride) {
  typename V::F acc[kM][kN];
  for (int i = 0; i < kM; ++i) {
    for (int j = 0; j < kN; ++j) acc[i][j] = V::Zero();
  }
  const float* weights[kN];
  for (int j = 0; j < kN; ++j) {
    weights[j] =
        reinterpret_cast<const float*>(w.data + (n + j) * w.row_bytes) +
        chunk.begin;
  }
  x += chunk.begin;
  ForVectors<V>(chunk.end - chunk.begin, [&](int64_t k, int count) {
    typename V::F column[kN];
    for (int j = 0; j < kN; ++j) column[j] = LoadSome<V>(weights[j] + k, count);
    for (int i = 0; i < kM; ++i) {
      const typename V::F row = LoadSome<V>(x + i * input.stride + k, count);
      for (int j = 0; j < kN; ++j) {
        acc[i][j] = V::Keep(V::Fma(row, column[j], acc[i][j]));
      }
    }
  });
  for (int i = 0; i < kM; ++i) {
    for (int j = 0; j < kN; ++j) {
      float& out = y[i * y_stride + n + j];
      const float sum = V::Sum(acc[i][j]);
      out = chunk.begin == 0 ? sum : out + sum;
    }
  }
}

// kM rows of the input with rows [n, end) of W.
template <class V, int kM>
static inline void MultiplyFloatRows(const LinearInput& input, const float* x,
                                     const PackedRows& w, int64_t n,
                                     int64_t end, const FloatChunk& chunk,
                                     float* y, int64_t y_stride) {
  constexpr int kN = kFloatColumns<V>;
  for (; n + kN <= end; n += kN) {
    MultiplyFloats<V, kM, kN>(input, x, w, n, chunk, y, y_stride);
  }
  for (; n < end; ++n) {
    MultiplyFloats<V, kM, 1>(input, x, w, n, chunk, y, y_stride);
  }
}

template <class V>
void PrefillF32(const LinearInput& input, const PackedRows& w,
                const OutputRange& out, void*) {
  for (int64_t n = out.begin; n < out.end; n += kFloatPanel) {
    const int64_t end = out.end - n < kFloatPanel ? out.end : n + kFloatPanel;
    for (int64_t k = 0; k < input.columns; k += kFloatChunk) {
      const int64_t left = input.columns - k;
      const FloatChunk chunk = {k,
                                k + (left < kFloatChunk ? left : kFloatChunk)};
      int64_t m = 0;
      for (; m + kFloatRows <= input.rows; m += kFloatRows) {
        MultiplyFloatRows<V, kFloatRows>(input, input.x + m * input.stride, w,
                                         n, end, chunk, out.y + m * out.stride,
                                         out.stride);
      }
      for (; m < input.rows; ++m) {
        MultiplyFloatRows<V, 1>(input, input.x + m * input.stride, w, n, end,
                                chunk, out.y + m * out.stride, out.stride);
      }
    }
  }
}

}  // namespace fullstop::kernels::vector

#endif  // FULLSTOP_KERNELS_VECTOR_PREFILL_FLOAT_H_
