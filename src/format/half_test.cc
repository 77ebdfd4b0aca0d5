#include "format/half.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>

namespace fullstop {
namespace {

float FromBits(uint32_t bits) { return std::bit_cast<float>(bits); }
uint32_t Bits(float value) { return std::bit_cast<uint32_t>(value); }

// The definition of binary16, in double.
double HalfByDefinition(uint16_t half) {
  const int exponent = half >> 10 & 31;
  const int mantissa = half & 1023;
  const double magnitude = exponent == 0
                               ? std::ldexp(mantissa, -24)
                               : std::ldexp(1024 + mantissa, exponent - 25);
  return half & 0x8000 ? -magnitude : magnitude;
}

TEST(HalfTest, EveryFiniteHalfIsWhatTheDefinitionSays) {
  for (uint32_t i = 0; i < 0x10000; ++i) {
    const auto half = static_cast<uint16_t>(i);
    if ((half & 0x7C00) == 0x7C00) continue;
    ASSERT_EQ(static_cast<double>(HalfToFloat(half)), HalfByDefinition(half));
    ASSERT_EQ(std::signbit(HalfToFloat(half)), (half & 0x8000) != 0);
  }
}

TEST(HalfTest, InfinityAndNanKeepSignAndPayload) {
  EXPECT_EQ(Bits(HalfToFloat(0x7C00)), 0x7F800000u);
  EXPECT_EQ(Bits(HalfToFloat(0xFC00)), 0xFF800000u);
  EXPECT_EQ(Bits(HalfToFloat(0x7C01)), 0x7F802000u);
  EXPECT_EQ(Bits(HalfToFloat(0xFE01)), 0xFFC02000u);
}

TEST(HalfTest, EveryHalfSurvivesARoundTrip) {
  for (uint32_t i = 0; i < 0x10000; ++i) {
    const auto half = static_cast<uint16_t>(i);
    ASSERT_EQ(FloatToHalf(HalfToFloat(half)), half);
  }
}

// Between two neighbours the nearer one is taken, in the middle the even one.
TEST(HalfTest, RoundingIsToNearestEven) {
  for (uint16_t half = 0; half < 0x7BFF; ++half) {
    const auto next = static_cast<uint16_t>(half + 1);
    const float low = HalfToFloat(half);
    const float high = HalfToFloat(next);
    const float middle = (low + high) / 2;  // exact in float
    ASSERT_EQ(FloatToHalf(std::nextafter(middle, low)), half);
    ASSERT_EQ(FloatToHalf(std::nextafter(middle, high)), next);
    ASSERT_EQ(FloatToHalf(middle), half % 2 == 0 ? half : next);
    ASSERT_EQ(FloatToHalf(-middle), (half % 2 == 0 ? half : next) | 0x8000);
  }
}

TEST(HalfTest, EndsOfTheRange) {
  EXPECT_EQ(FloatToHalf(65504), 0x7BFF);
  EXPECT_EQ(FloatToHalf(std::nextafter(65520.0f, 0.0f)), 0x7BFF);
  EXPECT_EQ(FloatToHalf(65520), 0x7C00);
  EXPECT_EQ(FloatToHalf(-1e30f), 0xFC00);
  EXPECT_EQ(FloatToHalf(std::ldexp(1.0f, -25)), 0);
  EXPECT_EQ(FloatToHalf(std::nextafter(std::ldexp(1.0f, -25), 1.0f)), 1);
  EXPECT_EQ(FloatToHalf(std::numeric_limits<float>::denorm_min()), 0);
  EXPECT_EQ(FloatToHalf(-0.0f), 0x8000);
  EXPECT_EQ(FloatToHalf(FromBits(0x7F800001)), 0x7C01);
  EXPECT_EQ(FloatToHalf(FromBits(0xFFC02000)), 0xFE01);
}

TEST(Bfloat16Test, EveryValueButSignallingNanSurvivesARoundTrip) {
  for (uint32_t i = 0; i < 0x10000; ++i) {
    const auto value = static_cast<uint16_t>(i);
    const float number = Bfloat16ToFloat(value);
    ASSERT_EQ(Bits(number), i << 16);
    ASSERT_EQ(FloatToBfloat16(number),
              std::isnan(number) ? value | 0x40 : value);
  }
}

TEST(Bfloat16Test, RoundingIsToNearestEven) {
  std::mt19937 random(1);
  for (int i = 0; i < 100000; ++i) {
    const uint32_t upper = static_cast<uint32_t>(random() & 0x7F7F);
    const float middle = FromBits(upper << 16 | 0x8000);
    ASSERT_EQ(FloatToBfloat16(middle), upper + upper % 2);
    ASSERT_EQ(FloatToBfloat16(FromBits(upper << 16 | 0x7FFF)), upper);
    ASSERT_EQ(FloatToBfloat16(FromBits(upper << 16 | 0x8001)), upper + 1);
  }
  EXPECT_EQ(FloatToBfloat16(FromBits(0x7F7FFFFF)), 0x7F80);
  EXPECT_EQ(FloatToBfloat16(FromBits(0x7F800001)), 0x7FC0);
}

}  // namespace
}  // namespace fullstop
