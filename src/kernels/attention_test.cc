#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "format/half.h"
#include "kernels/kernels.h"
#include "kernels/test_data.h"

namespace fullstop::kernels {
namespace {

struct Case {
  CpuPath path;
  Phase phase;
};

std::vector<Case> Cases() {
  std::vector<Case> cases;
  for (const CpuPath path : Kernels::AvailablePaths()) {
    cases.push_back({path, Phase::kPrefill});
    cases.push_back({path, Phase::kDecode});
  }
  return cases;
}

std::string CaseName(const testing::TestParamInfo<Case>& info) {
  return std::string(CpuPathName(info.param.path)) +
         (info.param.phase == Phase::kPrefill ? "_prefill" : "_decode");
}

struct Shape {
  int32_t heads;
  int32_t kv_heads;
  int32_t head_dim;
  int32_t page_positions;
};

// A cache of POSITIONS positions in pages, the last of which ends where
// readable memory ends.
class Cache {
 public:
  Cache(const Shape& shape, int64_t positions, std::mt19937_64& random)
      : shape_(shape) {
    const int64_t per_page = shape.page_positions;
    const auto elements =
        static_cast<size_t>(shape.kv_heads * per_page * shape.head_dim);
    for (int64_t p = 0; p < positions; p += per_page) {
      for (auto* pages : {&keys_, &values_}) {
        pages->emplace_back(elements * sizeof(uint16_t));
        const std::vector<float> floats = RandomFloats(elements, random);
        for (size_t i = 0; i < elements; ++i) {
          pages->back().as<uint16_t>()[i] = FloatToHalf(floats[i]);
        }
      }
      key_pointers_.push_back(keys_.back().as<uint16_t>());
      value_pointers_.push_back(values_.back().as<uint16_t>());
    }
  }

  KvPages pages() const {
    return {key_pointers_.data(), value_pointers_.data(), shape_.page_positions,
            static_cast<int64_t>(shape_.page_positions) * shape_.head_dim,
            shape_.head_dim};
  }
  uint16_t* At(bool value, int64_t position, int32_t kv_head) {
    const auto& page =
        (value ? values_ : keys_)[position / shape_.page_positions];
    return page.as<uint16_t>() + (kv_head * shape_.page_positions +
                                  position % shape_.page_positions) *
                                     shape_.head_dim;
  }

 private:
  Shape shape_;
  std::vector<GuardedBytes> keys_;
  std::vector<GuardedBytes> values_;
  std::vector<const uint16_t*> key_pointers_;
  std::vector<const uint16_t*> value_pointers_;
};

class AttentionTest : public testing::TestWithParam<Case> {
 protected:
  std::vector<float> Run(const Shape& shape, const Cache& cache, const float* q,
                         int64_t rows, int64_t position) {
    const int64_t width = shape.heads * shape.head_dim;
    std::vector<float> out(static_cast<size_t>(rows * width));
    const AttentionInput input = {q,
                                  width,
                                  out.data(),
                                  width,
                                  rows,
                                  position,
                                  shape.heads,
                                  shape.kv_heads,
                                  shape.head_dim,
                                  Scale(shape),
                                  cache.pages()};
    const Phase phase = GetParam().phase;
    AlignedBytes scratch(kernels_.AttentionScratchBytes(
        phase, shape.heads, shape.kv_heads, shape.head_dim));
    kernels_.Attention(phase, input, 0, rows, 0, shape.kv_heads,
                       scratch.data());
    return out;
  }

  static float Scale(const Shape& shape) {
    return 1 / std::sqrt(static_cast<float>(shape.head_dim));
  }

  std::vector<float> Queries(const Shape& shape, int64_t rows) {
    return RandomFloats(
        static_cast<size_t>(rows * shape.heads * shape.head_dim), random_);
  }

  std::mt19937_64 random_{5};
  const Kernels kernels_ = Kernels::Select(GetParam().path);
};

struct HeadResult {
  std::vector<double> out;
  double bound;
};

// One head in double. The bound: a score is off by (d + 2) 2^-24 |q||k| scale,
// which a weight feels as a relative error, twice (above and below); the
// exponential by 2^-22, and the sums by one rounding a position. All relative
// to the largest value.
HeadResult Exact(const Shape& shape, Cache& cache, const float* q, int32_t head,
                 int64_t positions, float scale) {
  const int32_t kv_head = head / (shape.heads / shape.kv_heads);
  const auto dim = static_cast<size_t>(shape.head_dim);
  std::vector<double> scores;
  double norm_product = 0;
  for (int64_t p = 0; p < positions; ++p) {
    const uint16_t* key = cache.At(false, p, kv_head);
    double dot = 0;
    double magnitude = 0;
    for (size_t d = 0; d < dim; ++d) {
      const double product =
          static_cast<double>(q[d]) * HalfToFloat(key[d]) * scale;
      dot += product;
      magnitude += std::abs(product);
    }
    norm_product = std::max(norm_product, magnitude);
    scores.push_back(dot);
  }
  const double largest = *std::max_element(scores.begin(), scores.end());
  double total = 0;
  double largest_value = 0;
  std::vector<double> out(dim);
  for (int64_t p = 0; p < positions; ++p) {
    const double weight = std::exp(scores[p] - largest);
    const uint16_t* value = cache.At(true, p, kv_head);
    total += weight;
    for (size_t d = 0; d < dim; ++d) {
      const double v = HalfToFloat(value[d]);
      out[d] += weight * v;
      largest_value = std::max(largest_value, std::abs(v));
    }
  }
  for (double& v : out) v /= total;
  const double relative =
      0x1p-24 * (2 * (static_cast<double>(dim) + 4) * norm_product +
                 static_cast<double>(positions) + 16);
  return {out, 2 * relative * largest_value};
}

TEST_P(AttentionTest, EqualsTheFormulaInDouble) {
  const Shape shapes[] = {{3, 1, 64, 64},  {4, 4, 64, 256},  {8, 2, 128, 128},
                          {2, 1, 80, 64},  {5, 1, 8, 64},    {6, 3, 24, 192},
                          {7, 7, 40, 64},  {32, 8, 64, 512}, {9, 3, 64, 64},
                          {1, 1, 256, 64}, {2, 2, 512, 64}};
  for (const Shape& shape : shapes) {
    for (const int64_t past : {0, 15, 63, 64, 100}) {
      const int64_t rows = past == 100 ? 37 : 1 + past % 4;
      Cache cache(shape, past + rows, random_);
      const std::vector<float> q = Queries(shape, rows);
      const std::vector<float> out = Run(shape, cache, q.data(), rows, past);
      for (int64_t r = 0; r < rows; r += rows > 8 ? 5 : 1) {
        for (int32_t h = 0; h < shape.heads; ++h) {
          const int64_t at = (r * shape.heads + h) * shape.head_dim;
          const HeadResult want =
              Exact(shape, cache, &q[at], h, past + r + 1, Scale(shape));
          for (int32_t d = 0; d < shape.head_dim; ++d) {
            ASSERT_NEAR(out[at + d], want.out[d], want.bound)
                << "heads " << shape.heads << " head_dim " << shape.head_dim
                << " past " << past << " row " << r << " head " << h;
          }
        }
      }
    }
  }
}

TEST_P(AttentionTest, ARowsResultIsTheSameInAnyBatch) {
  const Shape shape = {6, 2, 64, 128};
  const int64_t rows = 150;
  const int64_t width = shape.heads * shape.head_dim;
  Cache cache(shape, rows, random_);
  const std::vector<float> q = Queries(shape, rows);
  const std::vector<float> whole = Run(shape, cache, q.data(), rows, 0);
  for (const int64_t first : {0, 1, 63, 64, 70, 127, 149}) {
    for (const int64_t count : {1, 2, 3, 17, 80}) {
      const int64_t some = std::min(count, rows - first);
      const std::vector<float> part =
          Run(shape, cache, &q[first * width], some, first);
      for (int64_t i = 0; i < some * width; ++i) {
        ASSERT_EQ(part[i], whole[first * width + i]) << first << " " << count;
      }
    }
  }
}

TEST_P(AttentionTest, RangesOfRowsAndHeadsComputeTheirPartAlone) {
  const Shape shape = {6, 3, 32, 64};
  const int64_t rows = 40;
  const int64_t width = shape.heads * shape.head_dim;
  Cache cache(shape, rows + 30, random_);
  const std::vector<float> q = Queries(shape, rows);
  const std::vector<float> whole = Run(shape, cache, q.data(), rows, 30);
  // In place, in pieces.
  std::vector<float> out = q;
  const AttentionInput input = {out.data(),   width,          out.data(),
                                width,        rows,           30,
                                shape.heads,  shape.kv_heads, shape.head_dim,
                                Scale(shape), cache.pages()};
  AlignedBytes scratch(kernels_.AttentionScratchBytes(
      GetParam().phase, shape.heads, shape.kv_heads, shape.head_dim));
  kernels_.Attention(GetParam().phase, input, 5, 33, 1, 2, scratch.data());
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t i = 0; i < width; ++i) {
      const bool inside = r >= 5 && r < 33 && i >= 64 && i < 128;
      ASSERT_EQ(out[r * width + i], (inside ? whole : q)[r * width + i]);
    }
  }
}

TEST_P(AttentionTest, LaterPositionsDoNotReachEarlierRows) {
  const Shape shape = {4, 2, 64, 64};
  const int64_t width = shape.heads * shape.head_dim;
  Cache cache(shape, 20, random_);
  const std::vector<float> q = Queries(shape, 20);
  const std::vector<float> clean = Run(shape, cache, q.data(), 20, 0);
  for (const uint16_t bad : {0x7e00, 0x7c00, 0xfc00}) {
    for (int32_t kv = 0; kv < 2; ++kv) {
      for (int32_t d = 0; d < 64; ++d) {
        cache.At(false, 12, kv)[d] = bad;
        cache.At(true, 12, kv)[d] = bad;
      }
    }
    const std::vector<float> out = Run(shape, cache, q.data(), 20, 0);
    for (int64_t i = 0; i < 12 * width; ++i) ASSERT_EQ(out[i], clean[i]);
    for (int64_t i = 12 * width; i < 20 * width; ++i) {
      ASSERT_TRUE(std::isnan(out[i]));
    }
  }
}

TEST_P(AttentionTest, LargeScoresDoNotOverflow) {
  const Shape shape = {2, 1, 64, 64};
  Cache cache(shape, 100, random_);
  std::vector<float> q = Queries(shape, 1);
  for (float& v : q) v *= 1e6f;
  const std::vector<float> out = Run(shape, cache, q.data(), 1, 99);
  for (const float v : out) EXPECT_TRUE(std::isfinite(v));
}

INSTANTIATE_TEST_SUITE_P(All, AttentionTest, testing::ValuesIn(Cases()),
                         CaseName);

}  // namespace
}  // namespace fullstop::kernels
