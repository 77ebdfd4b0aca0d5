// Half precision (IEEE binary16) and bfloat16, to float and back, bit for bit
// the same on every processor.
#ifndef FULLSTOP_FORMAT_HALF_H_
#define FULLSTOP_FORMAT_HALF_H_

#include <bit>
#include <cstdint>

namespace fullstop {

// Exact. A NaN keeps its payload and stays signalling if it was.
constexpr float HalfToFloat(uint16_t half) {
  const uint32_t sign = static_cast<uint32_t>(half & 0x8000) << 16;
  const uint32_t exponent = half >> 10 & 0x1F;
  uint32_t mantissa = half & 0x3FF;
  if (exponent == 0x1F) {
    return std::bit_cast<float>(sign | 0x7F800000 | mantissa << 13);
  }
  if (exponent != 0) {
    return std::bit_cast<float>(sign | (exponent + 112) << 23 | mantissa << 13);
  }
  if (mantissa == 0) return std::bit_cast<float>(sign);
  // A subnormal half is a normal float: the leading one goes to bit 10.
  const uint32_t shift = static_cast<uint32_t>(std::countl_zero(mantissa)) - 21;
  mantissa = mantissa << shift & 0x3FF;
  return std::bit_cast<float>(sign | (113 - shift) << 23 | mantissa << 13);
}

// Rounds to nearest, ties to even; past the range to infinity. A NaN keeps the
// upper bits of its payload and never becomes infinity.
constexpr uint16_t FloatToHalf(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  const uint32_t sign = bits >> 16 & 0x8000;
  const uint32_t magnitude = bits & 0x7FFFFFFF;
  if (magnitude > 0x7F800000) {
    const uint32_t payload = magnitude >> 13 & 0x3FF;
    return static_cast<uint16_t>(sign | 0x7C00 | (payload == 0 ? 1 : payload));
  }
  if (magnitude >= 0x47800000) return static_cast<uint16_t>(sign | 0x7C00);
  uint32_t mantissa = magnitude;
  uint32_t shift = 13;
  uint32_t base = 112u << 10;  // the difference of the exponents' biases
  if (magnitude < 0x38800000) {
    // A subnormal half: the leading one is written out and shifted further.
    const uint32_t exponent = magnitude >> 23;
    if (exponent < 102) return static_cast<uint16_t>(sign);
    mantissa = (magnitude & 0x7FFFFF) | 0x800000;
    shift = 126 - exponent;
    base = 0;
  }
  const uint32_t odd = mantissa >> shift & 1;
  const uint32_t rounded = (mantissa + (1u << (shift - 1)) - 1 + odd) >> shift;
  return static_cast<uint16_t>(sign | (rounded - base));
}

// Exact, NaN payloads too.
constexpr float Bfloat16ToFloat(uint16_t value) {
  return std::bit_cast<float>(static_cast<uint32_t>(value) << 16);
}

// Rounds to nearest, ties to even; a NaN becomes quiet and keeps the upper bits
// of its payload.
constexpr uint16_t FloatToBfloat16(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  if ((bits & 0x7FFFFFFF) > 0x7F800000) {
    return static_cast<uint16_t>(bits >> 16 | 0x40);
  }
  return static_cast<uint16_t>((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
}

}  // namespace fullstop

#endif  // FULLSTOP_FORMAT_HALF_H_
