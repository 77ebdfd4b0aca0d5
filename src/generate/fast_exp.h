// The exponential for loops over whole vocabularies.
#ifndef FULLSTOP_GENERATE_FAST_EXP_H_
#define FULLSTOP_GENERATE_FAST_EXP_H_

#include <bit>
#include <cstdint>

namespace fullstop {

// Where ExpNonPositive ends: exp(-87) is 1.6e-38.
inline constexpr float kExpFloor = -87.0f;

// The greater of x and kExpFloor, for x <= 0 and -infinity. On integers, since
// compilers that mind floating-point traps don't vectorise the comparison of
// floats.
inline float ClampNonPositive(float x) {
  constexpr int32_t kGreatest = std::bit_cast<int32_t>(-kExpFloor);
  const int32_t magnitude = std::bit_cast<int32_t>(x) & 0x7fffffff;
  return -std::bit_cast<float>(magnitude < kGreatest ? magnitude : kGreatest);
}

// exp(x) for x <= 0, to a relative error of 2e-7; exp(kExpFloor) below that,
// and so never 0. No branch and no call, so that compilers vectorise loops over
// it. The same bits everywhere as long as no multiply and add are fused.
inline float ExpNonPositive(float x) {
  constexpr float kLog2E = 1.44269504088896341f;
  // ln 2 in two parts, the first with zeros at its end, so that its product
  // with a small integer is exact.
  constexpr float kLn2High = 0.693359375f;
  constexpr float kLn2Low = -2.12194440e-4f;
  // Adding it rounds to an integer, which then stands in the lowest bits.
  constexpr float kRound = 12582912.0f;
  x = ClampNonPositive(x);
  const float shifted = x * kLog2E + kRound;
  const float n = shifted - kRound;
  const float r = (x - n * kLn2High) - n * kLn2Low;
  // Taylor's series; |r| <= 0.35, so the next term is below 6e-9.
  float p = 1.0f / 5040;
  p = p * r + 1.0f / 720;
  p = p * r + 1.0f / 120;
  p = p * r + 1.0f / 24;
  p = p * r + 1.0f / 6;
  p = p * r + 0.5f;
  p = p * r + 1.0f;
  p = p * r + 1.0f;
  const int32_t exponent =
      static_cast<int32_t>(std::bit_cast<uint32_t>(shifted) << 23);
  return std::bit_cast<float>(std::bit_cast<int32_t>(p) + exponent);
}

}  // namespace fullstop

#endif  // FULLSTOP_GENERATE_FAST_EXP_H_
