#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "format/dequantize.h"
#include "kernels/kernels.h"
#include "kernels/strips.h"
#include "kernels/test_data.h"

namespace fullstop::kernels {
namespace {

constexpr int64_t kBlock = 256;

struct Case {
  CpuPath path;
  Phase phase;
  TensorType type;
  Layout layout = Layout::kRows;
};

struct Product {
  double value;
  double bound;  // of |computed - value|
};

// Half of the largest step by which a block is rounded to integers of at most
// LARGEST, with a sum of magnitudes of at most SUM.
double HalfStep(const float* x, int64_t count, double largest, double sum) {
  double max = 0;
  double total = 0;
  for (int64_t i = 0; i < count; ++i) {
    max = std::max(max, std::abs(static_cast<double>(x[i])));
    total += std::abs(static_cast<double>(x[i]));
  }
  return 0.5 * std::max(max / largest, total / sum);
}

// The product in double, and the bound of the fast paths: per block of 256,
// with w and x the block's vectors and h their half steps,
//   h_x |w|_1 + h_w |x|_1 + 256 h_x h_w      (rounding to integers)
// and (K + 64) 2^-24 sum |w x|, |w| taken as the block's largest since weights
// with an offset cancel (float32 sums). Where both are rounded to bfloat16, by
// 2^-8 of themselves each: (2^-7 + 2^-16) sum |w x|.
Product Multiply(const float* w, const float* x, int64_t k, const Case& c) {
  const double infinity = std::numeric_limits<double>::infinity();
  Product p = {0, 1e-30};
  const bool floats = Traits(c.type).block_length == 1;
  const bool prefill = c.phase == Phase::kPrefill && c.type != TensorType::kF32;
  const bool bfloats = prefill && c.path == CpuPath::kAmx;
  for (int64_t b = 0; b < k; b += kBlock) {
    const int64_t count = std::min(kBlock, k - b);
    double w_sum = 0;
    double x_sum = 0;
    double w_max = 0;
    for (int64_t i = b; i < b + count; ++i) {
      p.value += static_cast<double>(w[i]) * x[i];
      w_sum += std::abs(static_cast<double>(w[i]));
      x_sum += std::abs(static_cast<double>(x[i]));
      w_max = std::max(w_max, std::abs(static_cast<double>(w[i])));
      if (bfloats) {
        p.bound +=
            (0x1p-7 + 0x1p-16) * std::abs(static_cast<double>(w[i]) * x[i]);
      }
    }
    double h_x = 0;
    double h_w = 0;
    if (prefill && !bfloats) {
      h_x = HalfStep(x + b, count, 32766, 262000);
      h_w = HalfStep(w + b, count, 8191, infinity);
    } else if (!prefill && !floats) {
      h_x = HalfStep(x + b, count, 16383, infinity);
    }
    p.bound += h_x * w_sum + h_w * x_sum + kBlock * h_x * h_w;
    p.bound += static_cast<double>(k + 64) * 0x1p-24 * 4 * w_max * x_sum;
  }
  return p;
}

std::vector<Case> Cases() {
  std::vector<Case> cases;
  for (const CpuPath path : Kernels::AvailablePaths()) {
    for (const Phase phase : {Phase::kPrefill, Phase::kDecode}) {
      for (const TensorType type : AllTypes()) {
        cases.push_back({path, phase, type});
        if (Kernels::Select(path).ReadsStrips(type)) {
          cases.push_back({path, phase, type, Layout::kStrips});
        }
      }
    }
  }
  return cases;
}

// Those of types that are no floats.
std::vector<Case> PackedCases() {
  std::vector<Case> cases = Cases();
  std::erase_if(cases, [](const Case& each) {
    return Traits(each.type).block_length == 1;
  });
  return cases;
}

std::string CaseName(const testing::TestParamInfo<Case>& info) {
  return std::string(CpuPathName(info.param.path)) +
         (info.param.phase == Phase::kPrefill ? "_prefill_" : "_decode_") +
         std::string(TensorTypeName(info.param.type)) +
         (info.param.layout == Layout::kStrips ? "_strips" : "");
}

constexpr float kUntouched = -12345.5f;

class LinearTest : public testing::TestWithParam<Case> {
 protected:
  // Y[M,N] of [n_begin, n_end) at a stride of N + 3, the rest untouched.
  std::vector<float> Run(const float* x, int64_t stride, int64_t rows,
                         const Matrix& w, int64_t n_begin,
                         int64_t n_end) const {
    if (w.layout != GetParam().layout) {
      const RandomMatrix strips = StripsOf(w);
      return Run(x, stride, rows, strips.matrix, n_begin, n_end);
    }
    const Phase phase = GetParam().phase;
    LinearInput input = {x, stride, rows, w.columns, nullptr};
    AlignedBytes prepared(kernels_.PreparedBytes(phase, rows, w.columns));
    const int64_t grain = kernels_.PrepareGrain(phase);
    for (int64_t row = 0; row < rows; row += grain) {
      kernels_.PrepareLinear(phase, input, row, std::min(rows, row + grain),
                             prepared.data());
    }
    input.prepared = prepared.data();
    AlignedBytes scratch(kernels_.LinearScratchBytes(phase, w.columns));
    std::vector<float> y(static_cast<size_t>(rows * (w.rows + 3)), kUntouched);
    kernels_.Linear(phase, input, w, n_begin, n_end, y.data(), w.rows + 3,
                    scratch.data());
    return y;
  }

  void Check(int64_t m, int64_t n, int64_t k) {
    SCOPED_TRACE("M " + std::to_string(m) + " N " + std::to_string(n) + " K " +
                 std::to_string(k));
    const RandomMatrix w = MakeRandomMatrix(GetParam().type, n, k, random_);
    const int64_t stride = k + 5;
    const std::vector<float> values =
        RandomFloats(static_cast<size_t>((m - 1) * stride + k), random_);
    GuardedBytes x(values.size() * sizeof(float));
    std::memcpy(x.data(), values.data(), x.size());
    const std::vector<float> y = Run(x.as<float>(), stride, m, w.matrix, 0, n);
    std::vector<float> row(static_cast<size_t>(k));
    for (int64_t j = 0; j < n; ++j) {
      Dequantize(w.matrix.type, w.matrix.data + j * w.matrix.row_bytes,
                 row.data(), row.size());
      for (int64_t i = 0; i < m; ++i) {
        const Product want =
            Multiply(row.data(), &values[i * stride], k, GetParam());
        const double bound = GetParam().path == CpuPath::kReference
                                 ? 0x1p-24 * std::abs(want.value) + 1e-30
                                 : want.bound;
        ASSERT_NEAR(y[i * (n + 3) + j], want.value, bound)
            << "row " << i << " column " << j;
      }
    }
    for (int64_t i = 0; i < m; ++i) {
      for (int64_t j = n; j < n + 3; ++j) {
        ASSERT_EQ(y[i * (n + 3) + j], kUntouched);
      }
    }
  }

  std::mt19937_64 random_{20240901};
  const Kernels kernels_ = Kernels::Select(GetParam().path);
};

TEST_P(LinearTest, EqualsTheProductOfDequantizedWeights) {
  const auto block = static_cast<int64_t>(Traits(GetParam().type).block_length);
  std::vector<int64_t> columns = {block, 2 * block, 3 * block};
  if (block == 1) {
    for (int64_t k = 1; k <= 67; k += 3) columns.push_back(k);
    for (const int64_t k : {255, 256, 257, 512, 515, 2051}) {
      columns.push_back(k);
    }
  } else if (block == 32) {
    for (const int64_t k : {7, 8, 9, 15, 16, 17, 18, 33}) {
      columns.push_back(k * block);
    }
  }
  for (const int64_t k : columns) Check(3, 5, k);
}

TEST_P(LinearTest, HoldsForAllRemaindersOfRowsAndOutputs) {
  const auto block = static_cast<int64_t>(Traits(GetParam().type).block_length);
  const int64_t k = block == 1 ? 37 : block == 32 ? 96 : 256;
  for (int64_t m = 1; m <= 14; ++m) Check(m, 3, k);
  for (const int64_t m : {16, 17, 23, 24, 25, 31, 32, 33, 48, 49}) {
    Check(m, 2, k);
  }
  for (int64_t n = 1; n <= 34; ++n) Check(2, n, k);
  for (const int64_t n : {63, 64, 65, 127, 128, 129, 161, 256, 257, 289}) {
    Check(1, n, k);
  }
}

TEST_P(LinearTest, HoldsForLongRows) {
  const auto block = static_cast<int64_t>(Traits(GetParam().type).block_length);
  const int64_t k = block == 256 ? 1536 : 1344;
  Check(13, 3, k);
  Check(5, 2, block >= 64 ? 5120 : 4128);
}

// More than a path takes at once.
TEST_P(LinearTest, HoldsForManyRowsOfActivations) {
  const auto block = static_cast<int64_t>(Traits(GetParam().type).block_length);
  Check(550, 1, block >= 64 ? 768 : 672);
}

TEST_P(LinearTest, ARowsResultIsTheSameInAnyBatchAndRange) {
  const int64_t m = 53;
  const int64_t n = 270;
  const int64_t k = Traits(GetParam().type).block_length >= 64 ? 768 : 736;
  const RandomMatrix w = MakeRandomMatrix(GetParam().type, n, k, random_);
  const std::vector<float> x =
      RandomFloats(static_cast<size_t>(m * k), random_);
  const std::vector<float> whole = Run(x.data(), k, m, w.matrix, 0, n);
  for (const int64_t rows : {1, 2, 13, 16, 17, 33}) {
    for (const int64_t first : {int64_t{0}, int64_t{7}, m - rows}) {
      int64_t begin = static_cast<int64_t>(random_() % 100);
      if (GetParam().layout == Layout::kStrips) begin -= begin % kStripRows;
      const int64_t end = begin + 1 + static_cast<int64_t>(random_() % 170);
      const std::vector<float> part =
          Run(x.data() + first * k, k, rows, w.matrix, begin, end);
      for (int64_t i = 0; i < rows; ++i) {
        for (int64_t j = 0; j < n; ++j) {
          const float want = j < begin || j >= end
                                 ? kUntouched
                                 : whole[(first + i) * (n + 3) + j];
          ASSERT_EQ(part[i * (n + 3) + j], want)
              << "row " << first + i << " column " << j;
        }
      }
    }
  }
}

TEST_P(LinearTest, ANanOrInfinityStaysInItsRow) {
  const int64_t k = 512;
  const RandomMatrix w = MakeRandomMatrix(GetParam().type, 40, k, random_);
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(),
                          std::numeric_limits<float>::infinity(),
                          -std::numeric_limits<float>::infinity()}) {
    std::vector<float> x = RandomFloats(3 * k, random_);
    x[k + 300] = bad;
    const std::vector<float> y = Run(x.data(), k, 3, w.matrix, 0, 40);
    std::vector<float> row(k);
    for (int64_t j = 0; j < 40; ++j) {
      Dequantize(w.matrix.type, w.matrix.data + j * w.matrix.row_bytes,
                 row.data(), row.size());
      EXPECT_TRUE(std::isfinite(y[j]));
      EXPECT_FALSE(std::isfinite(y[43 + j]));
      EXPECT_TRUE(std::isfinite(y[2 * 43 + j]));
    }
  }
}

TEST_P(LinearTest, ExtremeActivationsDoNotOverflow) {
  const int64_t k = 512;
  const RandomMatrix w = MakeRandomMatrix(GetParam().type, 33, k, random_);
  std::vector<float> row(k);
  Dequantize(w.matrix.type, w.matrix.data, row.data(), row.size());
  std::vector<float> x(4 * k);
  for (int64_t i = 0; i < k; ++i) {
    x[i] = row[i] > 0 ? 1e6f : -1e6f;        // all terms of one sign
    x[k + i] = i == 100 ? 3e4f : 1e-3f;      // one outlier
    x[2 * k + i] = 1e-20f * row[i];          // small numbers
    x[3 * k + i] = i < 256 ? 0.0f : row[i];  // a block of zeros
  }
  const std::vector<float> y = Run(x.data(), k, 4, w.matrix, 0, 33);
  for (int64_t j = 0; j < 33; ++j) {
    Dequantize(w.matrix.type, w.matrix.data + j * w.matrix.row_bytes,
               row.data(), row.size());
    for (int64_t i = 0; i < 4; ++i) {
      const Product want = Multiply(row.data(), &x[i * k], k, GetParam());
      ASSERT_NEAR(y[i * 36 + j], want.value, want.bound)
          << "row " << i << " column " << j;
    }
  }
}

class PackedLinearTest : public LinearTest {};

// Each block is bytes of one extreme, then of another, from every place on: the
// largest and least integers and scales of each type come together.
TEST_P(PackedLinearTest, ExtremeWeightsDoNotOverflow) {
  constexpr int64_t kColumns = 256;
  // A weight of zero is the difference of a product and a min.
  constexpr double kCancelled = 1e-4;
  constexpr std::byte kExtremes[] = {std::byte{0x00}, std::byte{0x7f},
                                     std::byte{0x80}, std::byte{0xff}};
  const TensorTraits& traits = Traits(GetParam().type);
  const auto places = static_cast<int64_t>(traits.block_bytes);
  const RandomMatrix w =
      MakeRandomMatrix(GetParam().type, 16 * places, kColumns, random_);
  for (int64_t n = 0; n < w.matrix.rows; ++n) {
    FillExtremeRow(GetParam().type, kExtremes[n % 4], kExtremes[n / 4 % 4],
                   static_cast<size_t>(n / 16),
                   w.bytes.data() + n * w.matrix.row_bytes, kColumns, random_);
  }
  std::vector<float> x(2 * kColumns, 1.0f);
  std::fill(x.begin() + kColumns, x.end(), -1.0f);
  const std::vector<float> y =
      Run(x.data(), kColumns, 2, w.matrix, 0, w.matrix.rows);
  std::vector<float> row(kColumns);
  for (int64_t n = 0; n < w.matrix.rows; ++n) {
    Dequantize(w.matrix.type, w.matrix.data + n * w.matrix.row_bytes,
               row.data(), row.size());
    for (int64_t i = 0; i < 2; ++i) {
      const Product want =
          Multiply(row.data(), &x[i * kColumns], kColumns, GetParam());
      ASSERT_NEAR(y[i * (w.matrix.rows + 3) + n], want.value,
                  want.bound + kCancelled)
          << "row " << i << " column " << n;
    }
  }
}

TEST_P(LinearTest, SubnormalActivationsCountAsTinyOrZero) {
  const int64_t k = 256;
  const RandomMatrix w = MakeRandomMatrix(GetParam().type, 2, k, random_);
  const std::vector<float> x(k, std::numeric_limits<float>::denorm_min());
  const std::vector<float> y = Run(x.data(), k, 1, w.matrix, 0, 2);
  EXPECT_LT(std::abs(y[0]), 1e-30f);
  EXPECT_LT(std::abs(y[1]), 1e-30f);
}

INSTANTIATE_TEST_SUITE_P(All, LinearTest, testing::ValuesIn(Cases()), CaseName);
INSTANTIATE_TEST_SUITE_P(All, PackedLinearTest,
                         testing::ValuesIn(PackedCases()), CaseName);

}  // namespace
}  // namespace fullstop::kernels
