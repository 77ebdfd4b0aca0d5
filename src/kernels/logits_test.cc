#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "kernels/kernels.h"
#include "kernels/test_data.h"

namespace fullstop::kernels {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

std::string PathName(const testing::TestParamInfo<CpuPath>& info) {
  return std::string(CpuPathName(info.param));
}

class LogitsTest : public testing::TestWithParam<CpuPath> {
 protected:
  std::vector<float> Logits(int64_t n) {
    std::vector<float> x = RandomFloats(static_cast<size_t>(n), random_);
    for (float& v : x) v *= 8;
    return x;
  }

  std::vector<IndexedValue> Top(const std::vector<float>& x, int64_t k) {
    std::vector<IndexedValue> out(static_cast<size_t>(k));
    out.resize(static_cast<size_t>(kernels_.TopK(
        x.data(), static_cast<int64_t>(x.size()), k, out.data())));
    return out;
  }

  std::mt19937_64 random_{11};
  const Kernels kernels_ = Kernels::Select(GetParam());
};

double ExactLogSumExp(const std::vector<float>& x) {
  const double largest = *std::max_element(x.begin(), x.end());
  double sum = 0;
  for (const float v : x) sum += std::exp(v - largest);
  return largest + std::log(sum);
}

// The exponential is within 2^-22 relative to itself (two units), the
// difference from the maximum is rounded once to 2^-24 of at most 100.
TEST_P(LogitsTest, LogSumExpAndSoftmaxAreWithinTheirBounds) {
  for (const int64_t n : {1, 2, 7, 8, 9, 15, 16, 17, 31, 33, 1000, 49153}) {
    std::vector<float> x = Logits(n);
    const double want = ExactLogSumExp(x);
    EXPECT_NEAR(kernels_.LogSumExp(x.data(), n), want, 1e-5);
    std::vector<float> out(x.size() + 1, -5.0f);
    kernels_.Softmax(x.data(), n, out.data());
    for (int64_t i = 0; i < n; ++i) {
      const double p = std::exp(x[i] - want);
      ASSERT_NEAR(out[i], p, 8e-6 * p + 1e-44) << i;
    }
    EXPECT_EQ(out[n], -5.0f);
    kernels_.Softmax(x.data(), n, x.data());
    out.pop_back();
    EXPECT_EQ(x, out);
  }
}

TEST_P(LogitsTest, ExponentialsHoldFromSubnormalToOne) {
  std::vector<float> x = {0};
  for (float v = -110; v < 0; v += 0.013f) x.push_back(v);
  std::vector<float> out(x.size());
  kernels_.Softmax(x.data(), static_cast<int64_t>(x.size()), out.data());
  double sum = 0;
  for (const float v : x) sum += std::exp(static_cast<double>(v));
  for (size_t i = 0; i < x.size(); ++i) {
    const double want = std::exp(static_cast<double>(x[i])) / sum;
    // Five roundings; a result below the normal floats is off by units of the
    // least one, times the factor by which softmax scales.
    ASSERT_NEAR(out[i], want, 5 * 0x1p-24 * want + 2 * 1.5e-45) << x[i];
  }
}

TEST_P(LogitsTest, SpecialValuesReachTheResult) {
  for (const int64_t n : {3, 40}) {
    std::vector<float> x(static_cast<size_t>(n), -kInfinity);
    EXPECT_EQ(kernels_.LogSumExp(x.data(), n), -kInfinity);
    x[1] = 2;
    EXPECT_NEAR(kernels_.LogSumExp(x.data(), n), 2, 1e-7);
    x[2] = kInfinity;
    EXPECT_EQ(kernels_.LogSumExp(x.data(), n), kInfinity);
    x[0] = kNan;
    EXPECT_TRUE(std::isnan(kernels_.LogSumExp(x.data(), n)));
    std::vector<float> out(x.size());
    kernels_.Softmax(x.data(), n, out.data());
    EXPECT_TRUE(std::isnan(out[1]));
  }
}

TEST_P(LogitsTest, TopKEqualsASort) {
  for (const int64_t n : {1, 5, 16, 17, 100, 5000}) {
    std::vector<float> x = Logits(n);
    for (float& v : x) v = std::round(v);  // many ties
    std::vector<IndexedValue> want;
    for (int64_t i = 0; i < n; ++i) {
      want.push_back({static_cast<int32_t>(i), x[i]});
    }
    std::sort(want.begin(), want.end(),
              [](const IndexedValue& a, const IndexedValue& b) {
                return a.value != b.value ? a.value > b.value
                                          : a.index < b.index;
              });
    for (const int64_t k : {int64_t{1}, int64_t{3}, int64_t{40}, n, n + 7}) {
      const std::vector<IndexedValue> top = Top(x, k);
      ASSERT_EQ(static_cast<int64_t>(top.size()), std::min(k, n));
      for (size_t i = 0; i < top.size(); ++i) {
        ASSERT_EQ(top[i].index, want[i].index) << "n " << n << " k " << k;
        ASSERT_EQ(top[i].value, want[i].value);
      }
    }
  }
}

TEST_P(LogitsTest, TopKPutsNansLast) {
  std::vector<float> x(70, -kInfinity);
  x[0] = kNan;
  x[3] = kNan;
  x[50] = 1;
  x[69] = 4;
  const std::vector<IndexedValue> top = Top(x, 3);
  EXPECT_EQ(top[0].index, 69);
  EXPECT_EQ(top[1].index, 50);
  EXPECT_EQ(top[2].index, 1);
  const std::vector<IndexedValue> all = Top(x, 70);
  EXPECT_EQ(all[68].index, 0);
  EXPECT_EQ(all[69].index, 3);
  EXPECT_TRUE(Top(x, 0).empty());
}

INSTANTIATE_TEST_SUITE_P(All, LogitsTest,
                         testing::ValuesIn(Kernels::AvailablePaths()),
                         PathName);

}  // namespace
}  // namespace fullstop::kernels
