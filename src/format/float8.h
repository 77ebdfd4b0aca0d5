// The eight-bit floats of safetensors files, to float, bit for bit as torch
// converts them.
#ifndef FULLSTOP_FORMAT_FLOAT8_H_
#define FULLSTOP_FORMAT_FLOAT8_H_

#include <bit>
#include <cstdint>

#include "format/half.h"

namespace fullstop {

// Four bits of exponent, three of mantissa, no infinity; the magnitude 0x7F is
// NaN. Exact.
constexpr float Float8E4m3ToFloat(uint8_t bits) {
  const uint32_t sign = static_cast<uint32_t>(bits & 0x80) << 24;
  const uint32_t exponent = bits >> 3 & 0xF;
  uint32_t mantissa = bits & 7;
  if ((bits & 0x7F) == 0x7F) return std::bit_cast<float>(sign | 0x7FF00000);
  if (exponent != 0) {
    return std::bit_cast<float>(sign | (exponent + 120) << 23 | mantissa << 20);
  }
  if (mantissa == 0) return std::bit_cast<float>(sign);
  // A subnormal is a normal float: the leading one goes to bit 3.
  const uint32_t shift = static_cast<uint32_t>(std::countl_zero(mantissa)) - 28;
  mantissa = mantissa << shift & 7;
  return std::bit_cast<float>(sign | (121 - shift) << 23 | mantissa << 20);
}

// The upper byte of a half. Exact; a NaN becomes quiet.
constexpr float Float8E5m2ToFloat(uint8_t bits) {
  const float value = HalfToFloat(static_cast<uint16_t>(bits << 8));
  const bool nan = (bits & 0x7F) > 0x7C;
  return nan ? std::bit_cast<float>(std::bit_cast<uint32_t>(value) | 0x400000)
             : value;
}

// 2^(bits - 127); 0xFF is NaN.
constexpr float Float8E8m0ToFloat(uint8_t bits) {
  if (bits == 0xFF) return std::bit_cast<float>(0x7F800001u);
  return std::bit_cast<float>(bits == 0 ? 0x00400000u
                                        : static_cast<uint32_t>(bits) << 23);
}

}  // namespace fullstop

#endif  // FULLSTOP_FORMAT_FLOAT8_H_
