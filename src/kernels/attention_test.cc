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
  int32_t value_dim = 0;  // 0: as head_dim
  CacheType type = CacheType::kF16;
  float soft_cap = 0;
  int64_t window = 0;
  int64_t chunk = 0;
  bool sinks = false;

  int32_t ValueDim() const { return value_dim == 0 ? head_dim : value_dim; }
  int64_t FirstSeen(int64_t position) const {
    int64_t first = 0;
    if (window > 0) first = std::max(first, position - window + 1);
    if (chunk > 0) first = std::max(first, position / chunk * chunk);
    return first;
  }
};

// One of keys or values, in pages, the last of which ends where readable memory
// ends.
class Pages {
 public:
  Pages(const Shape& shape, int32_t length, int64_t positions,
        std::mt19937_64& random)
      : shape_(shape), length_(length) {
    const int64_t per_page = shape.page_positions;
    const auto elements =
        static_cast<size_t>(shape.kv_heads * per_page * length);
    for (int64_t p = 0; p < positions; p += per_page) {
      pages_.emplace_back(elements * Bytes());
      pointers_.push_back(pages_.back().data());
      const std::vector<float> floats = RandomFloats(elements, random);
      for (size_t i = 0; i < elements; ++i) {
        Put(pages_.back().data() + i * Bytes(), floats[i]);
      }
    }
  }

  const void* const* pointers() const { return pointers_.data(); }
  KvStride stride() const {
    return {static_cast<int64_t>(shape_.page_positions) * length_, length_};
  }
  float Get(int64_t position, int32_t kv_head, int32_t d) const {
    const std::byte* at = At(position, kv_head, d);
    if (shape_.type == CacheType::kF32) {
      return *reinterpret_cast<const float*>(at);
    }
    return HalfToFloat(*reinterpret_cast<const uint16_t*>(at));
  }
  void Fill(int64_t position, int32_t kv_head, float value) {
    for (int32_t d = 0; d < length_; ++d) Put(At(position, kv_head, d), value);
  }

 private:
  size_t Bytes() const { return shape_.type == CacheType::kF32 ? 4 : 2; }
  std::byte* At(int64_t position, int32_t kv_head, int32_t d) const {
    const int64_t element =
        (kv_head * shape_.page_positions + position % shape_.page_positions) *
            length_ +
        d;
    return pages_[static_cast<size_t>(position / shape_.page_positions)]
               .data() +
           static_cast<size_t>(element) * Bytes();
  }
  void Put(std::byte* at, float value) {
    if (shape_.type == CacheType::kF32) {
      std::memcpy(at, &value, sizeof(value));
    } else {
      PutHalf(at, value);
    }
  }

  Shape shape_;
  int32_t length_;
  std::vector<GuardedBytes> pages_;
  std::vector<const void*> pointers_;
};

// A cache of POSITIONS positions, and sinks for those that want some.
struct Cache {
  Cache(const Shape& shape, int64_t positions, std::mt19937_64& random)
      : keys(shape, shape.head_dim, positions, random),
        values(shape, shape.ValueDim(), positions, random),
        sinks(RandomFloats(static_cast<size_t>(shape.heads), random)) {}

  Pages keys;
  Pages values;
  std::vector<float> sinks;
};

class AttentionTest : public testing::TestWithParam<Case> {
 protected:
  static AttentionInput Input(const Shape& shape, const Cache& cache,
                              const float* q, int64_t rows, int64_t position,
                              float* out) {
    return {.q = q,
            .q_stride = shape.heads * shape.head_dim,
            .out = out,
            .out_stride = shape.heads * shape.ValueDim(),
            .rows = rows,
            .first_position = position,
            .heads = shape.heads,
            .kv_heads = shape.kv_heads,
            .head_dim = shape.head_dim,
            .value_dim = shape.ValueDim(),
            .scale = Scale(shape),
            .cache = {shape.type, cache.keys.pointers(),
                      cache.values.pointers(), shape.page_positions,
                      cache.keys.stride(), cache.values.stride()},
            .soft_cap = shape.soft_cap,
            .window = shape.window,
            .chunk = shape.chunk,
            .sinks = shape.sinks ? cache.sinks.data() : nullptr};
  }

  AlignedBytes Scratch(const Shape& shape) const {
    return AlignedBytes(kernels_.AttentionScratchBytes(
        GetParam().phase, shape.heads, shape.kv_heads,
        std::max(shape.head_dim, shape.ValueDim())));
  }

  std::vector<float> Run(const Shape& shape, const Cache& cache, const float* q,
                         int64_t rows, int64_t position) {
    std::vector<float> out(
        static_cast<size_t>(rows * shape.heads * shape.ValueDim()));
    AlignedBytes scratch = Scratch(shape);
    kernels_.Attention(GetParam().phase,
                       Input(shape, cache, q, rows, position, out.data()), 0,
                       rows, 0, shape.kv_heads, scratch.data());
    return out;
  }

  static float Scale(const Shape& shape) {
    return 1 / std::sqrt(static_cast<float>(shape.head_dim));
  }

  std::vector<float> Queries(const Shape& shape, int64_t rows) {
    return RandomFloats(
        static_cast<size_t>(rows * shape.heads * shape.head_dim), random_);
  }

  // Of a number, where the path multiplies two bfloat16 for each: either
  // factor's 16 bits, and the product of remainders, which is left out.
  static double NumberError() {
    return GetParam().path == CpuPath::kAmx &&
                   GetParam().phase == Phase::kPrefill
               ? 3 * 0x1p-18
               : 0;
  }

  std::mt19937_64 random_{5};
  const Kernels kernels_ = Kernels::Select(GetParam().path);
};

struct HeadResult {
  std::vector<double> out;
  double bound;
};

// One head of the row at POSITION in double. The bound: a score is off by
// (d + 2) 2^-24 |q||k| scale, and by 8 units of itself where it is capped,
// which a weight feels as a relative error, twice (above and below); the
// exponential by 2^-22, and the sums by one rounding a position; products by
// NUMBER_ERROR each. All relative to the largest value.
HeadResult Exact(const Shape& shape, const Cache& cache, const float* q,
                 int32_t head, int64_t position, float scale,
                 double number_error) {
  const int32_t kv_head = head / (shape.heads / shape.kv_heads);
  const int64_t first = shape.FirstSeen(position);
  std::vector<double> scores;
  double norm_product = 0;
  for (int64_t p = first; p <= position; ++p) {
    double dot = 0;
    double magnitude = 0;
    for (int32_t d = 0; d < shape.head_dim; ++d) {
      const double product =
          static_cast<double>(q[d]) * cache.keys.Get(p, kv_head, d) * scale;
      dot += product;
      magnitude += std::abs(product);
    }
    const double cap = shape.soft_cap;
    norm_product = std::max(norm_product, magnitude);
    scores.push_back(cap == 0 ? dot : cap * std::tanh(dot / cap));
  }
  double largest = *std::max_element(scores.begin(), scores.end());
  double total = 0;
  if (shape.sinks) {
    largest = std::max<double>(largest, cache.sinks[head]);
    total = std::exp(cache.sinks[head] - largest);
  }
  double largest_value = 0;
  std::vector<double> out(shape.ValueDim());
  for (int64_t p = first; p <= position; ++p) {
    const double weight = std::exp(scores[p - first] - largest);
    total += weight;
    for (int32_t d = 0; d < shape.ValueDim(); ++d) {
      const double v = cache.values.Get(p, kv_head, d);
      out[d] += weight * v;
      largest_value = std::max(largest_value, std::abs(v));
    }
  }
  for (double& v : out) v /= total;
  const double relative =
      0x1p-24 * (2 * (shape.head_dim + 12.0) * norm_product +
                 static_cast<double>(position) + 16) +
      number_error * (norm_product + 1);
  return {out, 2 * relative * largest_value};
}

std::vector<Shape> Shapes() {
  std::vector<Shape> shapes = {
      {3, 1, 64, 64}, {4, 4, 64, 256}, {8, 2, 128, 128}, {2, 1, 80, 64},
      {5, 1, 8, 64},  {6, 3, 24, 192}, {7, 7, 40, 64},   {32, 8, 64, 512},
      {9, 3, 64, 64}, {1, 1, 256, 64}, {2, 2, 512, 64}};
  // Values longer and shorter than keys, floats, caps, windows, chunks, sinks.
  const int32_t others[][3] = {{4, 2, 24}, {3, 1, 64}, {5, 5, 8}};
  for (const auto& [heads, kv_heads, head_dim] : others) {
    const Shape plain = {heads, kv_heads, head_dim, 64};
    for (const int32_t value_dim : {8, 40, 64}) {
      shapes.push_back(plain);
      shapes.back().value_dim = value_dim;
    }
    shapes.push_back(plain);
    shapes.back().type = CacheType::kF32;
    for (const float cap : {0.5f, 20.0f}) {
      shapes.push_back(plain);
      shapes.back().soft_cap = cap;
    }
    for (const int64_t window : {1, 2, 5, 63, 64, 65, 100, 1000}) {
      shapes.push_back(plain);
      shapes.back().window = window;
      shapes.push_back(plain);
      shapes.back().chunk = window;
    }
    shapes.push_back(plain);
    shapes.back().sinks = true;
  }
  shapes.push_back({4, 1, 576, 64, 512});
  shapes.push_back({4, 2, 64, 64, 32, CacheType::kF32, 10.0f, 50, 70, true});
  return shapes;
}

TEST_P(AttentionTest, EqualsTheFormulaInDouble) {
  for (const Shape& shape : Shapes()) {
    for (const int64_t past : {0, 15, 63, 64, 100, 250}) {
      const int64_t rows = past < 100 ? 1 + past % 4 : 37;
      Cache cache(shape, past + rows, random_);
      const std::vector<float> q = Queries(shape, rows);
      const std::vector<float> out = Run(shape, cache, q.data(), rows, past);
      for (int64_t r = 0; r < rows; r += rows > 8 ? 5 : 1) {
        for (int32_t h = 0; h < shape.heads; ++h) {
          const int64_t row_head = r * shape.heads + h;
          const HeadResult want =
              Exact(shape, cache, &q[row_head * shape.head_dim], h, past + r,
                    Scale(shape), NumberError());
          for (int32_t d = 0; d < shape.ValueDim(); ++d) {
            ASSERT_NEAR(out[row_head * shape.ValueDim() + d], want.out[d],
                        want.bound)
                << "heads " << shape.heads << " head_dim " << shape.head_dim
                << " value_dim " << shape.value_dim << " window "
                << shape.window << " chunk " << shape.chunk << " cap "
                << shape.soft_cap << " past " << past << " row " << r
                << " head " << h;
          }
        }
      }
    }
  }
}

// What a row must not feel: the rows beside it.
const Shape kBatchShapes[] = {
    {6, 2, 64, 128},
    {6, 2, 24, 64, 40, CacheType::kF32, 5.0f, 37, 0, true},
    {6, 2, 64, 64, 0, CacheType::kF16, 0, 0, 50, false},
};

TEST_P(AttentionTest, ARowsResultIsTheSameInAnyBatch) {
  for (const Shape& shape : kBatchShapes) {
    const int64_t rows = 300;
    const int64_t width = shape.heads * shape.ValueDim();
    const int64_t q_width = shape.heads * shape.head_dim;
    Cache cache(shape, rows, random_);
    const std::vector<float> q = Queries(shape, rows);
    const std::vector<float> whole = Run(shape, cache, q.data(), rows, 0);
    for (const int64_t first : {0, 1, 63, 64, 70, 127, 149, 255, 299}) {
      for (const int64_t count : {1, 2, 3, 17, 80}) {
        const int64_t some = std::min(count, rows - first);
        const std::vector<float> part =
            Run(shape, cache, &q[first * q_width], some, first);
        for (int64_t i = 0; i < some * width; ++i) {
          ASSERT_EQ(part[i], whole[first * width + i]) << first << " " << count;
        }
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
  const AttentionInput input =
      Input(shape, cache, out.data(), rows, 30, out.data());
  AlignedBytes scratch = Scratch(shape);
  kernels_.Attention(GetParam().phase, input, 5, 33, 1, 2, scratch.data());
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t i = 0; i < width; ++i) {
      const bool inside = r >= 5 && r < 33 && i >= 64 && i < 128;
      ASSERT_EQ(out[r * width + i], (inside ? whole : q)[r * width + i]);
    }
  }
}

TEST_P(AttentionTest, PositionsNotSeenDoNotReachARow) {
  Shape shape = {4, 2, 64, 64};
  shape.window = 5;
  const int64_t width = shape.heads * shape.head_dim;
  Cache cache(shape, 100, random_);
  const std::vector<float> q = Queries(shape, 100);
  const std::vector<float> clean = Run(shape, cache, q.data(), 100, 0);
  for (const int64_t bad : {12, 70}) {
    for (const float value : {NAN, INFINITY, -INFINITY}) {
      for (int32_t kv = 0; kv < 2; ++kv) {
        cache.keys.Fill(bad, kv, value);
        cache.values.Fill(bad, kv, value);
      }
      const std::vector<float> out = Run(shape, cache, q.data(), 100, 0);
      for (int64_t r = 0; r < 100; ++r) {
        const bool sees =
            (r >= 12 && r < 17) || (bad == 70 && r >= 70 && r < 75);
        for (int64_t i = r * width; i < (r + 1) * width; ++i) {
          if (sees) {
            ASSERT_TRUE(std::isnan(out[i])) << r;
          } else {
            ASSERT_EQ(out[i], clean[i]) << r;
          }
        }
      }
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
