#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "format/dequantize.h"
#include "format/half.h"
#include "kernels/kernels.h"
#include "kernels/test_data.h"

namespace fullstop::kernels {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr double kEpsilon = 0x1p-24;
constexpr float kUntouched = -12345.5f;

std::string PathName(const testing::TestParamInfo<CpuPath>& info) {
  return std::string(CpuPathName(info.param));
}

class RowsTest : public testing::TestWithParam<CpuPath> {
 protected:
  std::vector<float> Floats(int64_t n) {
    return RandomFloats(static_cast<size_t>(n), random_);
  }

  std::mt19937_64 random_{7};
  const Kernels kernels_ = Kernels::Select(GetParam());
};

std::vector<int64_t> Lengths() {
  std::vector<int64_t> lengths;
  for (int64_t n = 1; n <= 50; ++n) lengths.push_back(n);
  lengths.insert(lengths.end(), {127, 128, 576, 2049});
  return lengths;
}

// Four roundings: the scale, two products and the result.
TEST_P(RowsTest, RmsNormIsWithinFourRoundings) {
  for (const int64_t n : Lengths()) {
    const std::vector<float> x = Floats(n);
    const std::vector<float> weight = Floats(n);
    double squares = 0;
    for (const float v : x) squares += static_cast<double>(v) * v;
    const double scale =
        1 / std::sqrt(squares / static_cast<double>(n) + 1e-5f);
    std::vector<float> out(static_cast<size_t>(n + 1), kUntouched);
    kernels_.RmsNorm(x.data(), weight.data(), n, 1e-5f, out.data());
    std::vector<float> in_place = x;
    kernels_.RmsNorm(in_place.data(), weight.data(), n, 1e-5f, in_place.data());
    for (int64_t i = 0; i < n; ++i) {
      const double want = x[i] * scale * weight[i];
      ASSERT_NEAR(out[i], want, 4 * kEpsilon * std::abs(want) + 1e-40);
      ASSERT_EQ(out[i], in_place[i]);
    }
    EXPECT_EQ(out[n], kUntouched);
  }
}

TEST_P(RowsTest, RmsNormWithoutWeightHasOnes) {
  for (const int64_t n : Lengths()) {
    const std::vector<float> x = Floats(n);
    const std::vector<float> ones(x.size(), 1.0f);
    std::vector<float> want(x.size());
    std::vector<float> out(x.size());
    kernels_.RmsNorm(x.data(), ones.data(), n, 1e-5f, want.data());
    kernels_.RmsNorm(x.data(), nullptr, n, 1e-5f, out.data());
    EXPECT_EQ(out, want);
  }
}

// The mean's rounding and the subtraction's, relative to what is subtracted;
// then four as in RmsNorm, and the sum with the bias.
TEST_P(RowsTest, LayerNormIsWithinItsRoundings) {
  for (const int64_t n : Lengths()) {
    std::vector<float> x = Floats(n);
    for (float& v : x) v += 3;
    const std::vector<float> weight = Floats(n);
    const std::vector<float> bias = Floats(n);
    const auto length = static_cast<double>(n);
    double mean = 0;
    for (const float v : x) mean += v / length;
    double variance = 0;
    for (const float v : x) variance += (v - mean) * (v - mean) / length;
    const double scale = 1 / std::sqrt(variance + 1e-3f);
    for (const float* w : {weight.data(), static_cast<const float*>(nullptr)}) {
      for (const float* b : {bias.data(), static_cast<const float*>(nullptr)}) {
        std::vector<float> out(static_cast<size_t>(n + 1), kUntouched);
        kernels_.LayerNorm(x.data(), w, b, n, 1e-3f, out.data());
        for (int64_t i = 0; i < n; ++i) {
          const double factor = scale * (w == nullptr ? 1 : w[i]);
          const double shift = b == nullptr ? 0 : b[i];
          const double scaled = (x[i] - mean) * factor;
          ASSERT_NEAR(out[i], scaled + shift,
                      kEpsilon * (2 * (std::abs(mean) + std::abs(x[i])) *
                                      std::abs(factor) +
                                  5 * std::abs(scaled) + std::abs(shift)))
              << n;
        }
        EXPECT_EQ(out[n], kUntouched);
      }
    }
  }
}

TEST_P(RowsTest, ScaleIsExactAndKeepsWhatIsBehind) {
  for (const int64_t n : Lengths()) {
    std::vector<float> x = Floats(n + 1);
    const std::vector<float> before = x;
    kernels_.Scale(x.data(), n, 0.3f);
    for (int64_t i = 0; i < n; ++i) ASSERT_EQ(x[i], before[i] * 0.3f);
    EXPECT_EQ(x[n], before[n]);
  }
}

TEST_P(RowsTest, MultiplyAddRoundsTwiceAtMost) {
  for (const int64_t n : Lengths()) {
    const std::vector<float> x = Floats(n);
    const std::vector<float> y = Floats(n);
    std::vector<float> out = Floats(n + 1);
    const std::vector<float> before = out;
    kernels_.MultiplyAdd(x.data(), y.data(), n, out.data());
    for (int64_t i = 0; i < n; ++i) {
      const double product = static_cast<double>(x[i]) * y[i];
      ASSERT_NEAR(out[i], before[i] + product,
                  kEpsilon * (std::abs(product) + std::abs(before[i]) +
                              std::abs(before[i] + product)));
    }
    EXPECT_EQ(out[n], before[n]);
  }
}

// Sums of key_length products: each is off by so many roundings of the sum of
// their sizes, at most; a state by the rounding of what is added to it.
TEST_P(RowsTest, DeltaRuleIsItsFormula) {
  for (const int64_t keys : {1, 3, 16, 40}) {
    for (int64_t values = 1; values <= 140; values += values < 20 ? 1 : 17) {
      const std::vector<float> q = Floats(keys);
      const std::vector<float> k = Floats(keys);
      std::vector<float> v = Floats(values);
      std::vector<float> state = Floats(keys * values);
      const std::vector<float> before = state;
      std::vector<float> out(static_cast<size_t>(values + 1), kUntouched);
      const DeltaRuleInput input = {q.data(), k.data(), v.data(), keys,
                                    values,   0.9f,     0.6f};
      kernels_.DeltaRule(input, state.data(), out.data());
      EXPECT_EQ(out[values], kUntouched);
      const double units = kEpsilon * (2 * static_cast<double>(keys) + 8);
      for (int64_t j = 0; j < values; ++j) {
        double read = 0;
        double size = std::abs(v[j]);
        for (int64_t i = 0; i < keys; ++i) {
          const double term =
              static_cast<double>(0.9f) * before[i * values + j] * k[i];
          read += term;
          size += std::abs(term);
        }
        const double delta = (v[j] - read) * 0.6f;
        double sum = 0;
        double out_bound = 0;
        for (int64_t i = 0; i < keys; ++i) {
          const double decayed =
              static_cast<double>(0.9f) * before[i * values + j];
          const double now = decayed + k[i] * delta;
          const double bound =
              units * (std::abs(decayed) + std::abs(k[i]) * size);
          ASSERT_NEAR(state[i * values + j], now, bound);
          sum += now * q[i];
          out_bound += std::abs(q[i]) * (bound + units * std::abs(now));
        }
        ASSERT_NEAR(out[j], sum, out_bound) << keys << " x " << values;
      }
      std::vector<float> again = before;
      const DeltaRuleInput in_place = {q.data(), k.data(), v.data(), keys,
                                       values,   0.9f,     0.6f};
      kernels_.DeltaRule(in_place, again.data(), v.data());
      out.pop_back();
      EXPECT_EQ(v, out);
      EXPECT_EQ(again, state);
    }
  }
}

TEST_P(RowsTest, RmsNormOfNanIsNan) {
  std::vector<float> x = Floats(40);
  x[33] = kNan;
  const std::vector<float> weight(40, 1.0f);
  std::vector<float> out(40);
  kernels_.RmsNorm(x.data(), weight.data(), 40, 1e-5f, out.data());
  for (const float v : out) EXPECT_TRUE(std::isnan(v));
}

TEST_P(RowsTest, RmsNormHoldsAcrossTheRangeOfFloats) {
  for (const float size : {1e-30f, 1e-20f, 1e18f, 1e37f}) {
    const std::vector<float> x(48, size);
    const std::vector<float> weight(48, 1.0f);
    std::vector<float> out(48);
    kernels_.RmsNorm(x.data(), weight.data(), 48, 0.0f, out.data());
    for (const float v : out) EXPECT_NEAR(v, 1.0f, 1e-6f) << size;
  }
}

TEST_P(RowsTest, AddIsExactAndKeepsWhatIsBehind) {
  for (const int64_t n : Lengths()) {
    std::vector<float> x = Floats(n + 1);
    const std::vector<float> before = x;
    const std::vector<float> y = Floats(n);
    kernels_.Add(x.data(), y.data(), n);
    for (int64_t i = 0; i < n; ++i) ASSERT_EQ(x[i], before[i] + y[i]);
    EXPECT_EQ(x[n], before[n]);
  }
}

TEST_P(RowsTest, RopeRotatesPairsAndLeavesTheRest) {
  for (const RopePairs pairs : {RopePairs::kAdjacent, RopePairs::kHalves}) {
    for (int64_t rotated = 2; rotated <= 70; rotated += 2) {
      const int64_t head_dim = rotated + 6;
      const int64_t half = rotated / 2;
      const std::vector<float> x = Floats(3 * head_dim);
      std::vector<float> cos(static_cast<size_t>(half));
      std::vector<float> sin(static_cast<size_t>(half));
      for (int64_t i = 0; i < half; ++i) {
        const double angle = 0.37 * static_cast<double>(i + 1);
        cos[i] = static_cast<float>(std::cos(angle));
        sin[i] = static_cast<float>(std::sin(angle));
      }
      std::vector<double> want(x.begin(), x.end());
      for (int64_t h = 0; h < 3; ++h) {
        for (int64_t i = 0; i < half; ++i) {
          const bool adjacent = pairs == RopePairs::kAdjacent;
          const int64_t a = h * head_dim + (adjacent ? 2 * i : i);
          const int64_t b = adjacent ? a + 1 : a + half;
          want[a] = static_cast<double>(x[a]) * cos[i] -
                    static_cast<double>(x[b]) * sin[i];
          want[b] = static_cast<double>(x[a]) * sin[i] +
                    static_cast<double>(x[b]) * cos[i];
        }
      }
      std::vector<float> out = x;
      kernels_.Rope(out.data(), 3, head_dim, rotated, pairs, cos.data(),
                    sin.data());
      for (size_t i = 0; i < out.size(); ++i) {
        ASSERT_NEAR(out[i], want[i], 3 * kEpsilon * 6) << rotated;
      }
    }
  }
}

TEST_P(RowsTest, EveryHalfAndBfloat16BecomesItsFloat) {
  std::vector<uint16_t> all(65536);
  for (size_t i = 0; i < all.size(); ++i) all[i] = static_cast<uint16_t>(i);
  std::vector<float> out(all.size());
  kernels_.F16ToF32(all.data(), 65536, out.data());
  for (size_t i = 0; i < all.size(); ++i) {
    const float want = HalfToFloat(all[i]);
    if (std::isnan(want)) {
      ASSERT_TRUE(std::isnan(out[i]));
    } else {
      ASSERT_EQ(std::bit_cast<uint32_t>(out[i]), std::bit_cast<uint32_t>(want));
    }
  }
  kernels_.Bf16ToF32(all.data(), 65536, out.data());
  for (size_t i = 0; i < all.size(); ++i) {
    ASSERT_EQ(std::bit_cast<uint32_t>(out[i]), static_cast<uint32_t>(i) << 16);
  }
}

TEST_P(RowsTest, FloatsRoundToNearestEven) {
  std::vector<float> x;
  for (uint64_t bits = 0; bits < 1ull << 32; bits += 40009) {
    x.push_back(std::bit_cast<float>(static_cast<uint32_t>(bits)));
  }
  for (uint32_t half = 0; half < 0x7c00; half += 7) {  // the ties
    const float a = HalfToFloat(static_cast<uint16_t>(half));
    const float b = HalfToFloat(static_cast<uint16_t>(half + 1));
    x.push_back(a / 2 + b / 2);
    x.push_back(std::bit_cast<float>((half << 16) | 0x8000));
  }
  const auto n = static_cast<int64_t>(x.size());
  std::vector<uint16_t> half(x.size());
  std::vector<uint16_t> bf16(x.size());
  kernels_.F32ToF16(x.data(), n, half.data());
  kernels_.F32ToBf16(x.data(), n, bf16.data());
  for (size_t i = 0; i < x.size(); ++i) {
    if (std::isnan(x[i])) {
      ASSERT_TRUE(std::isnan(HalfToFloat(half[i])));
      ASSERT_TRUE(std::isnan(Bfloat16ToFloat(bf16[i])));
    } else {
      ASSERT_EQ(half[i], FloatToHalf(x[i])) << x[i];
      ASSERT_EQ(bf16[i], FloatToBfloat16(x[i])) << x[i];
    }
  }
}

TEST_P(RowsTest, ConversionsHoldForAllRemainders) {
  for (const int64_t n : Lengths()) {
    const std::vector<float> x = Floats(n);
    std::vector<uint16_t> half(static_cast<size_t>(n + 1), 0x1234);
    kernels_.F32ToF16(x.data(), n, half.data());
    std::vector<float> back(static_cast<size_t>(n + 1), kUntouched);
    kernels_.F16ToF32(half.data(), n, back.data());
    for (int64_t i = 0; i < n; ++i) {
      ASSERT_EQ(back[i], HalfToFloat(FloatToHalf(x[i])));
    }
    EXPECT_EQ(half[n], 0x1234);
    EXPECT_EQ(back[n], kUntouched);
  }
}

TEST_P(RowsTest, DequantizeRowEqualsTheFormatsOwn) {
  for (const TensorType type : AllTypes()) {
    const RandomMatrix w = MakeRandomMatrix(type, 3, 512, random_);
    std::vector<float> want(512);
    std::vector<float> out(512);
    Dequantize(type, w.matrix.data + 2 * w.matrix.row_bytes, want.data(), 512);
    kernels_.DequantizeRow(w.matrix, 2, out.data());
    EXPECT_EQ(out, want) << TensorTypeName(type);
  }
}

INSTANTIATE_TEST_SUITE_P(All, RowsTest,
                         testing::ValuesIn(Kernels::AvailablePaths()),
                         PathName);

}  // namespace
}  // namespace fullstop::kernels
