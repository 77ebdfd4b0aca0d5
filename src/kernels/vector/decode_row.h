// The prepared form of decode's activations.
//
// For quantised types a row is integers up to V::kLargestInput with a scale for
// each 256 of them; types of floats take the row as it came.
#ifndef FULLSTOP_KERNELS_VECTOR_DECODE_ROW_H_
#define FULLSTOP_KERNELS_VECTOR_DECODE_ROW_H_

#include "kernels/operations.h"
#include "kernels/vector/quantize.h"

namespace fullstop::kernels::vector {

// The prepared form of one row, padded with zeros to a multiple of 512.
struct DecodeRow {
  const int16_t* x;
  const int8_t* planes;     // x as h * 128 + l, in V::DotGroup's order
  const float* sums;        // of x times its scale, for each 16
  const float* small_sums;  // the same for each 32
  const float* scales;      // one for each 256
};

static inline int64_t PaddedColumns(int64_t columns) {
  return (columns + 511) / 512 * 512;
}

static inline size_t DecodeRowBytes(int64_t columns) {
  const size_t padded = static_cast<size_t>(PaddedColumns(columns));
  const size_t bytes =
      padded * 2 * sizeof(int16_t) + padded / 16 * sizeof(float) +
      padded / kSmall * sizeof(float) + padded / kSuper * sizeof(float);
  return (bytes + 63) / 64 * 64;
}

static inline DecodeRow DecodeRowAt(const void* prepared, int64_t row,
                                    int64_t columns) {
  const int64_t padded = PaddedColumns(columns);
  const auto* bytes = static_cast<const uint8_t*>(prepared) +
                      static_cast<size_t>(row) * DecodeRowBytes(columns);
  DecodeRow out;
  out.x = reinterpret_cast<const int16_t*>(bytes);
  out.planes = reinterpret_cast<const int8_t*>(out.x + padded);
  out.sums = reinterpret_cast<const float*>(out.planes + 2 * padded);
  out.small_sums = out.sums + padded / 16;
  out.scales = out.small_sums + padded / kSmall;
  return out;
}

static inline size_t DecodePreparedBytes(int64_t rows, int64_t columns) {
  return static_cast<size_t>(rows) * DecodeRowBytes(columns);
}

// The integers of V::kGroup blocks as h * 128 + l with l in [-64, 64): h of the
// first halves of all blocks, of the second halves, then l likewise.
template <class V>
static inline void SplitIntoPlanes(const int16_t* x, int8_t* planes) {
  constexpr int kHalves = 16 * V::kGroup;
  for (int b = 0; b < V::kGroup; ++b) {
    for (int half = 0; half < 2; ++half) {
      const int16_t* from = x + 32 * b + 16 * half;
      int8_t* high = planes + kHalves * half + 16 * b;
      int8_t* low = high + 2 * kHalves;
      for (int i = 0; i < 16; ++i) {
        const int16_t upper = static_cast<int16_t>((from[i] + 64) >> 7);
        high[i] = static_cast<int8_t>(upper);
        low[i] = static_cast<int8_t>(from[i] - upper * 128);
      }
    }
  }
}

template <class V>
void PrepareDecode(const LinearInput& input, int64_t row_begin, int64_t row_end,
                   void* prepared) {
  for (int64_t row = row_begin; row < row_end; ++row) {
    const DecodeRow out = DecodeRowAt(prepared, row, input.columns);
    auto* x = const_cast<int16_t*>(out.x);
    auto* planes = const_cast<int8_t*>(out.planes);
    auto* scales = const_cast<float*>(out.scales);
    auto* sums = const_cast<float*>(out.sums);
    auto* small_sums = const_cast<float*>(out.small_sums);
    const int64_t padded = PaddedColumns(input.columns);
    for (int64_t k = 0; k < padded; k += kSuper) {
      float block[kSuper];
      CopyPadded(input.x + row * input.stride, k, input.columns, block);
      scales[k / kSuper] =
          Quantize<V>(block, {V::kLargestInput, kNoLimit}, x + k);
    }
    for (int64_t g = 0; g < padded / 32; ++g) {
      int32_t halves[2] = {};
      for (int i = 0; i < 32; ++i) halves[i / 16] += x[32 * g + i];
      const float scale = scales[g / 8];
      sums[2 * g] = static_cast<float>(halves[0]) * scale;
      sums[2 * g + 1] = static_cast<float>(halves[1]) * scale;
      small_sums[g] = static_cast<float>(halves[0] + halves[1]) * scale;
    }
    for (int64_t k = 0; k < padded; k += kSmall * V::kGroup) {
      SplitIntoPlanes<V>(x + k, planes + 2 * k);
    }
  }
}

}  // namespace fullstop::kernels::vector

#endif  // FULLSTOP_KERNELS_VECTOR_DECODE_ROW_H_
