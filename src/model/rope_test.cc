#include "model/rope.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <vector>

namespace fullstop {
namespace {

RopeSpec Plain() { return {.rotated = 64, .base = 10000}; }

TEST(RopeFrequenciesTest, PlainAreAGeometricSeries) {
  const std::vector<double> f = RopeFrequencies(Plain(), {}, 4096);
  ASSERT_EQ(f.size(), 32u);
  EXPECT_DOUBLE_EQ(f[0], 1.0);
  EXPECT_NEAR(f[16], 0.01, 1e-17);
  EXPECT_NEAR(f[31], std::pow(10000, -62.0 / 64), 1e-19);
}

TEST(RopeFrequenciesTest, LinearScalingDividesAll) {
  RopeSpec spec = Plain();
  spec.scaling = RopeSpec::Scaling::kLinear;
  spec.factor = 4;
  const std::vector<double> plain = RopeFrequencies(Plain(), {}, 4096);
  const std::vector<double> scaled = RopeFrequencies(spec, {}, 4096);
  for (size_t i = 0; i < plain.size(); ++i) {
    EXPECT_DOUBLE_EQ(scaled[i], plain[i] / 4);
  }
}

TEST(RopeFrequenciesTest, FactorsDivideEachPair) {
  std::vector<float> factors(32, 1.0f);
  factors[31] = 8;
  const std::vector<double> plain = RopeFrequencies(Plain(), {}, 4096);
  const std::vector<double> scaled = RopeFrequencies(Plain(), factors, 4096);
  EXPECT_DOUBLE_EQ(scaled[30], plain[30]);
  EXPECT_DOUBLE_EQ(scaled[31], plain[31] / 8);
}

// The bounds by hand: 64 ln(4096 / (2 pi 32)) / (2 ln 10000) = 10.47 and
// 64 ln(4096 / (2 pi)) / (2 ln 10000) = 22.51.
TEST(RopeFrequenciesTest, YarnKeepsFastPairsAndInterpolatesSlowOnes) {
  RopeSpec spec = Plain();
  spec.scaling = RopeSpec::Scaling::kYarn;
  spec.factor = 8;
  spec.original_context = 4096;
  const std::vector<double> plain = RopeFrequencies(Plain(), {}, 4096);
  const std::vector<double> scaled = RopeFrequencies(spec, {}, 4096);
  for (size_t i = 0; i <= 10; ++i) EXPECT_DOUBLE_EQ(scaled[i], plain[i]);
  for (size_t i = 23; i < 32; ++i) EXPECT_DOUBLE_EQ(scaled[i], plain[i] / 8);
  const double ramp = 6.0 / 13;
  EXPECT_NEAR(scaled[16], plain[16] / 8 * ramp + plain[16] * (1 - ramp), 1e-15);
}

// The same bounds, as they are: 10.47 and 22.51.
TEST(RopeFrequenciesTest, YarnMayRampBetweenPairs) {
  RopeSpec spec = Plain();
  spec.scaling = RopeSpec::Scaling::kYarn;
  spec.factor = 8;
  spec.original_context = 4096;
  spec.round_bounds = false;
  const double low =
      64 * std::log(4096 / (2 * std::numbers::pi * 32)) / (2 * std::log(10000));
  const double high =
      64 * std::log(4096 / (2 * std::numbers::pi)) / (2 * std::log(10000));
  const double ramp = (16 - low) / (high - low);
  const std::vector<double> plain = RopeFrequencies(Plain(), {}, 4096);
  const std::vector<double> scaled = RopeFrequencies(spec, {}, 4096);
  EXPECT_NEAR(scaled[16], plain[16] / 8 * ramp + plain[16] * (1 - ramp), 1e-15);
}

TEST(RopeFrequenciesTest, DynamicScalingRaisesTheBaseOfLongContextsAlone) {
  RopeSpec spec = Plain();
  spec.scaling = RopeSpec::Scaling::kDynamic;
  spec.factor = 2;
  spec.original_context = 4096;
  EXPECT_EQ(RopeFrequencies(spec, {}, 4096),
            RopeFrequencies(Plain(), {}, 4096));
  RopeSpec raised = Plain();
  raised.base = 10000 * std::pow(2 * 2.0 - 1, 64.0 / 62);
  EXPECT_EQ(RopeFrequencies(spec, {}, 8192), RopeFrequencies(raised, {}, 8192));
}

TEST(RopeFrequenciesTest, LongFactorsServeContextsPastTheOriginalOne) {
  RopeSpec spec = Plain();
  spec.original_context = 4096;
  EXPECT_FALSE(UsesLongFactors(spec, 8192)) << "there are none";
  spec.long_factors = TensorId{1};
  EXPECT_FALSE(UsesLongFactors(spec, 4096));
  EXPECT_TRUE(UsesLongFactors(spec, 4097));
}

TEST(RopeAnglesTest, FarPositionsKeepTheirPrecision) {
  const std::vector<double> frequencies = {1.0, 0.001};
  float cos[2];
  float sin[2];
  RopeAngles(frequencies, 1000000, 2.0, cos, sin);
  EXPECT_FLOAT_EQ(cos[0], static_cast<float>(2 * std::cos(1e6)));
  EXPECT_FLOAT_EQ(sin[1], static_cast<float>(2 * std::sin(1e3)));
}

}  // namespace
}  // namespace fullstop
