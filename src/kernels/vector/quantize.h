// Blocks of 256 floats as 16-bit integers with one scale.
#ifndef FULLSTOP_KERNELS_VECTOR_QUANTIZE_H_
#define FULLSTOP_KERNELS_VECTOR_QUANTIZE_H_

#include <stdint.h>
#include <string.h>

namespace fullstop::kernels::vector {

constexpr int64_t kSuper = 256;
constexpr int64_t kSmall = 32;

// Bounds on the integers of a block: on the largest magnitude, and on the sum
// of all magnitudes before rounding.
struct QuantizeLimits {
  float largest;
  float sum;
};

constexpr float kNoLimit = 3e38f;

// The 256 floats of ROW that begin at K, zeros behind its end.
static inline void CopyPadded(const float* row, int64_t k, int64_t columns,
                              float (&out)[kSuper]) {
  int64_t count = columns - k;
  count = count < 0 ? 0 : count < kSuper ? count : kSuper;
  memset(out, 0, sizeof(out));
  if (count != 0) {
    memcpy(out, row + k, static_cast<size_t>(count) * sizeof(float));
  }
}

// Writes out[i] = round(x[i] / scale) with the least scale that keeps LIMITS,
// and returns it. A block whose largest magnitude is below 2^-100 becomes zero;
// one that holds an infinity or a NaN becomes zeros with a scale of NaN.
template <class V>
float Quantize(const float (&x)[kSuper], const QuantizeLimits& limits,
               int16_t* out) {
  using F = typename V::F;
  using I = typename V::I;
  constexpr int32_t kInfinity = 0x7f800000;
  constexpr int32_t kTiny = (127 - 100) << 23;
  const I magnitude = V::SetI(0x7fffffff);
  I largest_bits = V::ZeroI();
  F sums = V::Zero();
  for (int64_t i = 0; i < kSuper; i += V::kLanes) {
    const I bits = V::AndI(V::Bits(V::Load(x + i)), magnitude);
    largest_bits = V::MaxI(largest_bits, bits);
    sums = V::Add(sums, V::Bits(bits));
  }
  const int32_t bits = V::MaxLane(largest_bits);
  if (bits < kTiny || bits >= kInfinity) {
    memset(out, 0, kSuper * sizeof(int16_t));
    return bits < kTiny ? 0.0f : __builtin_nanf("");
  }
  float largest;
  memcpy(&largest, &bits, sizeof(largest));
  const float by_largest = largest / limits.largest;
  const float by_sum = V::Sum(sums) / limits.sum;
  const float scale = by_largest > by_sum ? by_largest : by_sum;
  const F inverse = V::Set(1.0f / scale);
  for (int64_t i = 0; i < kSuper; i += V::kLanes) {
    V::ToInt16(out + i, V::ToInt(V::Mul(V::Load(x + i), inverse)));
  }
  return scale;
}

// Prefill: 8191 * 262144 fits an int32, and rounding 256 numbers adds at most
// 128 to the sum of their magnitudes.
constexpr QuantizeLimits kPanelLimits = {8191.0f, kNoLimit};
constexpr QuantizeLimits kTileLimits = {32766.0f, 262000.0f};

}  // namespace fullstop::kernels::vector

#endif  // FULLSTOP_KERNELS_VECTOR_QUANTIZE_H_
