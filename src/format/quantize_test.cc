#include "format/quantize.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "base/error.h"
#include "format/dequantize.h"

namespace fullstop {
namespace {

std::vector<float> ThereAndBack(TensorType type,
                                const std::vector<float>& weights) {
  std::vector<std::byte> packed(*RowBytes(type, weights.size()) + 1);
  Quantize(type, weights.data(), packed.data() + 1, weights.size());
  std::vector<float> out(weights.size());
  Dequantize(type, packed.data() + 1, out.data(), out.size());
  return out;
}

TEST(QuantizeTest, FloatsRoundToNearestEven) {
  const std::vector<float> weights = {1.0f, 0x1.002p0f, 0x1.006p0f, -0.0f,
                                      65520.0f};
  const auto half = ThereAndBack(TensorType::kF16, weights);
  EXPECT_EQ(half[1], 1.0f);
  EXPECT_EQ(half[2], 0x1.008p0f);
  EXPECT_TRUE(std::signbit(half[3]));
  EXPECT_TRUE(std::isinf(half[4]));
  EXPECT_EQ(ThereAndBack(TensorType::kF32, weights), weights);
  EXPECT_EQ(ThereAndBack(TensorType::kBF16, {0x1.01p0f, 0x1.03p0f}),
            (std::vector<float>{1.0f, 0x1.04p0f}));
}

TEST(QuantizeTest, EightBitsRoundHalvesAwayFromZero) {
  std::vector<float> weights(32, 0.0f);
  weights[0] = 127;
  weights[1] = 0.5f;
  weights[2] = -0.5f;
  weights[3] = 1.5f;
  weights[4] = -127;
  const auto out = ThereAndBack(TensorType::kQ8_0, weights);
  EXPECT_EQ(out[0], 127.0f);
  EXPECT_EQ(out[1], 1.0f);
  EXPECT_EQ(out[2], -1.0f);
  EXPECT_EQ(out[3], 2.0f);
  EXPECT_EQ(out[4], -127.0f);
  EXPECT_EQ(out[5], 0.0f);
}

TEST(QuantizeTest, EightBitsStayWithinHalfAStep) {
  std::mt19937_64 random(7);
  std::normal_distribution<float> normal(0, 3);
  std::vector<float> weights(32 * 100);
  for (float& weight : weights) weight = normal(random);
  const auto out = ThereAndBack(TensorType::kQ8_0, weights);
  for (size_t i = 0; i < weights.size(); i += 32) {
    float largest = 0;
    for (size_t j = i; j < i + 32; ++j) {
      largest = std::max(largest, std::abs(weights[j]));
    }
    // Half a step, and the rounding of the scale to a half.
    const float bound = largest / 127 * 0.5f + largest * 0x1p-11f;
    for (size_t j = i; j < i + 32; ++j) {
      EXPECT_NEAR(out[j], weights[j], bound * 1.001f);
    }
  }
}

TEST(QuantizeTest, OddNumbersAreNoAccident) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinity = std::numeric_limits<float>::infinity();
  std::vector<float> weights(96, 0.0f);
  weights[0] = nan;
  weights[32] = infinity;
  weights[33] = 1;
  weights[64] = std::numeric_limits<float>::denorm_min();
  const auto out = ThereAndBack(TensorType::kQ8_0, weights);
  EXPECT_TRUE(std::isnan(out[0]));
  EXPECT_FALSE(std::isfinite(out[32]));
  EXPECT_EQ(out[64], 0.0f);
  EXPECT_EQ(out[95], 0.0f);
}

TEST(QuantizeTest, OtherTypesAreRefused) {
  for (uint32_t i = 0; i < 43; ++i) {
    const auto type = static_cast<TensorType>(i);
    if (CanQuantize(type)) continue;
    EXPECT_THROW(Quantize(type, nullptr, nullptr, 0), Error) << i;
  }
}

}  // namespace
}  // namespace fullstop
