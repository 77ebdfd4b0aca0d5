#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <string>
#include <vector>

#include "kernels/kernels.h"
#include "kernels/test_data.h"

namespace fullstop::kernels {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr double kEpsilon = 0x1p-24;
constexpr float kUntouched = -12345.5f;

// The value of f(g), with the argument of the exponential in it: an argument is
// rounded some times, and the exponential feels that as a relative error.
struct Exact {
  double value;
  double exponent = 0;
};

struct Case {
  Activation activation;
  const char* name;
  Exact (*function)(double g, const ActivationParameters& p);
};

Exact Silu(double g) { return {g / (1 + std::exp(-g)), g}; }

Exact GeluTanh(double g) {
  const double y = std::sqrt(2 / std::numbers::pi) * (g + 0.044715 * g * g * g);
  // 1 + tanh(y) without its cancellation.
  return {g / (1 + std::exp(-2 * y)), 2 * y};
}

Exact Xielu(double g, const ActivationParameters& p) {
  const double line = static_cast<double>(p.beta) * g;
  if (g > 0) return {p.alpha * g * g + line};
  const double low = std::min(g, static_cast<double>(p.epsilon));
  return {(std::expm1(low) - g) * p.alpha_negative + line};
}

using P = ActivationParameters;
const Case kCases[] = {
    {Activation::kIdentity, "identity",
     [](double g, const P&) { return Exact{g}; }},
    {Activation::kSilu, "silu", [](double g, const P&) { return Silu(g); }},
    {Activation::kSigmoid, "sigmoid",
     [](double g, const P&) { return Exact{1 / (1 + std::exp(-g)), g}; }},
    {Activation::kGeluTanh, "gelu_tanh",
     [](double g, const P&) { return GeluTanh(g); }},
    {Activation::kGeluErf, "gelu_erf",
     [](double g, const P&) {
       return Exact{g * (1 + std::erf(g / std::sqrt(2.0))) / 2};
     }},
    {Activation::kRelu, "relu",
     [](double g, const P&) { return Exact{std::max(g, 0.0)}; }},
    {Activation::kReluSquared, "relu_squared",
     [](double g, const P&) {
       return Exact{std::max(g, 0.0) * std::max(g, 0.0)};
     }},
    {Activation::kClampedSwiGlu, "clamped_swiglu",
     [](double g, const P& p) {
       const double low = std::min<double>(g, p.limit);
       return Exact{low / (1 + std::exp(-p.alpha * low)), p.alpha * low};
     }},
    {Activation::kXielu, "xielu", Xielu},
};

const P kParameters = {.limit = 7,
                       .alpha = 1.702f,
                       .alpha_negative = 1.3f,
                       .beta = 0.5f,
                       .epsilon = -1e-6f};

// What the factor U makes of f(g).
double Times(const Case& c, double value, double u) {
  if (c.activation != Activation::kClampedSwiGlu) return value * u;
  return value *
         (std::clamp<double>(u, -kParameters.limit, kParameters.limit) + 1);
}

std::vector<float> Gates() {
  std::vector<float> gates;
  for (float g = -120; g < 120; g += 0.37f) gates.push_back(g);
  for (float g = -1; g < 1; g += 0.0113f) gates.push_back(g);
  for (const float g : {0.0f, -0.0f, 1e-30f, -1e-6f, 88.8f, -88.8f}) {
    gates.push_back(g);
  }
  return gates;
}

class ActivationTest : public testing::TestWithParam<CpuPath> {
 protected:
  std::mt19937_64 random_{7};
  const Kernels kernels_ = Kernels::Select(GetParam());
};

TEST_P(ActivationTest, EachIsItsFormulaAloneAndTimesAFactor) {
  const std::vector<float> gate = Gates();
  const auto n = static_cast<int64_t>(gate.size());
  const std::vector<float> up = RandomFloats(gate.size(), random_);
  for (const Case& c : kCases) {
    for (const float* u : {up.data(), static_cast<const float*>(nullptr)}) {
      std::vector<float> out(gate.size());
      kernels_.Activate(c.activation, kParameters, gate.data(), u, n,
                        out.data());
      for (int64_t i = 0; i < n; ++i) {
        const Exact exact = c.function(gate[i], kParameters);
        const double want = Times(c, exact.value, u == nullptr ? 1 : u[i]);
        // Two units of the exponential and four of its argument, and the
        // roundings of +, / and *. Past 88.7 the exponential is past the floats
        // and the result zero.
        const double bound =
            (8 + 4 * std::abs(exact.exponent)) * kEpsilon * std::abs(want) +
            1e-36;
        ASSERT_NEAR(out[i], want, bound) << c.name << " of " << gate[i];
      }
    }
  }
}

TEST_P(ActivationTest, AllRemaindersInPlaceAndNothingBehind) {
  for (const Case& c : kCases) {
    for (int64_t n = 1; n <= 50; ++n) {
      const std::vector<float> gate =
          RandomFloats(static_cast<size_t>(n), random_);
      std::vector<float> up = RandomFloats(static_cast<size_t>(n), random_);
      std::vector<float> out(static_cast<size_t>(n + 1), kUntouched);
      kernels_.Activate(c.activation, kParameters, gate.data(), up.data(), n,
                        out.data());
      EXPECT_EQ(out[n], kUntouched);
      out.pop_back();
      kernels_.Activate(c.activation, kParameters, gate.data(), up.data(), n,
                        up.data());
      EXPECT_EQ(up, out) << c.name << " of " << n;
      for (int64_t i = 0; i < n; ++i) {
        float alone = 0;
        kernels_.Activate(c.activation, kParameters, &gate[i], nullptr, 1,
                          &alone);
        float one = 1;
        float first = 0;
        kernels_.Activate(c.activation, kParameters, &gate[i], &one, 1, &first);
        ASSERT_EQ(alone, first) << c.name;
      }
    }
  }
}

TEST_P(ActivationTest, NanStaysAndInfinityGoesWhereItShould) {
  const float gate[] = {kNan, kInfinity};
  for (const Case& c : kCases) {
    float out[2];
    kernels_.Activate(c.activation, kParameters, gate, nullptr, 2, out);
    EXPECT_TRUE(std::isnan(out[0])) << c.name;
    if (c.activation == Activation::kSigmoid) {
      EXPECT_EQ(out[1], 1);
    } else if (c.activation == Activation::kClampedSwiGlu) {
      EXPECT_NEAR(out[1], 14, 1e-4);
    } else {
      EXPECT_EQ(out[1], kInfinity) << c.name;
    }
  }
}

TEST_P(ActivationTest, SoftCapIsItsFormula) {
  for (const float cap : {1.0f, 30.0f, 50.0f}) {
    std::vector<float> x;
    for (float y = -12; y < 12; y += 0.0037f) x.push_back(y * cap);
    for (const float y : {0.0f, 1e-30f, -1e-8f, 0.55f, -0.55f, 3e30f}) {
      x.push_back(y * cap);
    }
    std::vector<float> out = x;
    kernels_.SoftCap(out.data(), static_cast<int64_t>(out.size()), cap);
    for (size_t i = 0; i < x.size(); ++i) {
      const double want = cap * std::tanh(x[i] / static_cast<double>(cap));
      ASSERT_NEAR(out[i], want, 8 * kEpsilon * std::abs(want)) << x[i];
    }
  }
  float special[] = {kNan, kInfinity, -kInfinity};
  kernels_.SoftCap(special, 3, 30);
  EXPECT_TRUE(std::isnan(special[0]));
  EXPECT_EQ(special[1], 30);
  EXPECT_EQ(special[2], -30);
}

INSTANTIATE_TEST_SUITE_P(All, ActivationTest,
                         testing::ValuesIn(Kernels::AvailablePaths()),
                         [](const auto& path) {
                           return std::string(CpuPathName(path.param));
                         });

}  // namespace
}  // namespace fullstop::kernels
