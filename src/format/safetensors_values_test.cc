#include "format/safetensors_values.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "base/error.h"
#include "format/dequantize.h"
#include "format/float8.h"

namespace fullstop {
namespace {

using ::testing::ElementsAre;

TEST(Float8Test, E4m3IsWhatItsBitsSay) {
  for (unsigned bits = 0; bits < 256; ++bits) {
    const float value = Float8E4m3ToFloat(static_cast<uint8_t>(bits));
    const int exponent = bits >> 3 & 0xF;
    const int mantissa = bits & 7;
    if ((bits & 0x7F) == 0x7F) {
      EXPECT_TRUE(std::isnan(value));
      continue;
    }
    const float magnitude =
        exponent == 0
            ? std::ldexp(static_cast<float>(mantissa), -9)
            : std::ldexp(static_cast<float>(8 + mantissa), exponent - 10);
    EXPECT_EQ(value, bits < 128 ? magnitude : -magnitude) << bits;
    EXPECT_EQ(std::signbit(value), bits >= 128);
  }
  EXPECT_EQ(Float8E4m3ToFloat(0x7E), 448.0f);
}

TEST(Float8Test, E5m2IsWhatItsBitsSay) {
  for (unsigned bits = 0; bits < 256; ++bits) {
    const float value = Float8E5m2ToFloat(static_cast<uint8_t>(bits));
    const int exponent = bits >> 2 & 0x1F;
    const int mantissa = bits & 3;
    EXPECT_EQ(std::signbit(value), bits >= 128);
    if (exponent == 31) {
      EXPECT_EQ(std::isnan(value), mantissa != 0);
      EXPECT_EQ(std::isinf(value), mantissa == 0);
      continue;
    }
    const float magnitude =
        exponent == 0
            ? std::ldexp(static_cast<float>(mantissa), -16)
            : std::ldexp(static_cast<float>(4 + mantissa), exponent - 17);
    EXPECT_EQ(std::abs(value), magnitude) << bits;
  }
}

TEST(Float8Test, E8m0IsAPowerOfTwo) {
  for (unsigned bits = 0; bits < 255; ++bits) {
    EXPECT_EQ(Float8E8m0ToFloat(static_cast<uint8_t>(bits)),
              std::ldexp(1.0f, static_cast<int>(bits) - 127));
  }
  EXPECT_TRUE(std::isnan(Float8E8m0ToFloat(0xFF)));
}

TEST(SafetensorsValuesTest, NumbersNeedNoAlignment) {
  const double numbers[] = {1.5, 0.1};
  std::vector<std::byte> bytes(1 + sizeof(numbers));
  std::memcpy(bytes.data() + 1, numbers, sizeof(numbers));
  float out[2];
  SafetensorsToFloat(SafetensorsType::kF64, bytes.data() + 1, out, 2);
  EXPECT_EQ(out[0], 1.5f);
  EXPECT_EQ(out[1], 0.1f);
  EXPECT_THROW(SafetensorsToFloat(SafetensorsType::kU8, bytes.data(), out, 1),
               Error);
}

TEST(SafetensorsValuesTest, GgufHoldsWhatHasItsBytes) {
  EXPECT_EQ(TensorTypeOf(SafetensorsType::kBF16), TensorType::kBF16);
  EXPECT_EQ(TensorTypeOf(SafetensorsType::kF8E4M3), std::nullopt);
  for (int i = 0; i <= static_cast<int>(SafetensorsType::kU64); ++i) {
    const auto type = static_cast<SafetensorsType>(i);
    const auto gguf = TensorTypeOf(type);
    if (!gguf) continue;
    EXPECT_EQ(TensorTypeName(*gguf), SafetensorsTypeName(type));
    const uint64_t shape[] = {8};
    EXPECT_EQ(TensorBytes(*gguf, shape), SafetensorsBytes(type, shape));
  }
}

// A weight of ones and a scale of 1, 2, 3, …
class Fp8Test : public ::testing::Test {
 protected:
  Fp8Weight Make(std::vector<uint64_t> shape, std::vector<uint64_t> scale_shape,
                 std::pair<uint64_t, uint64_t> block = {0, 0}) {
    ones_.assign(*SafetensorsBytes(SafetensorsType::kF8E4M3, shape),
                 std::byte{0x38});
    scales_.resize(*SafetensorsBytes(SafetensorsType::kF32, scale_shape) / 4);
    for (size_t i = 0; i < scales_.size(); ++i) {
      scales_[i] = static_cast<float>(i + 1);
    }
    return MakeFp8Weight({"w", SafetensorsType::kF8E4M3, shape, ones_, 0, 0},
                         {"w_scale_inv", SafetensorsType::kF32, scale_shape,
                          std::as_bytes(std::span(scales_)), 0, 0},
                         block);
  }
  static std::vector<float> Values(const Fp8Weight& weight) {
    std::vector<float> out(weight.matrices * weight.rows * weight.columns);
    DequantizeFp8(weight, 0, weight.matrices * weight.rows, out.data());
    return out;
  }

  std::vector<std::byte> ones_;
  std::vector<float> scales_;
};

TEST_F(Fp8Test, LastBlocksMayBeShorter) {
  const Fp8Weight weight = Make({3, 5}, {2, 3}, {2, 2});
  EXPECT_THAT(Values(weight), ElementsAre(1, 1, 2, 2, 3,  //
                                          1, 1, 2, 2, 3,  //
                                          4, 4, 5, 5, 6));
  std::vector<float> row(5);
  DequantizeFp8(weight, 2, 3, row.data());
  EXPECT_THAT(row, ElementsAre(4, 4, 5, 5, 6));
}

TEST_F(Fp8Test, EachExpertHasItsBlocks) {
  EXPECT_THAT(Values(Make({2, 3, 2}, {2, 2, 1}, {2, 2})),
              ElementsAre(1, 1, 1, 1, 2, 2, 3, 3, 3, 3, 4, 4));
}

TEST_F(Fp8Test, OneScaleForAllOrForEachRowOrExpert) {
  EXPECT_THAT(Values(Make({2, 2}, {})), ElementsAre(1, 1, 1, 1));
  EXPECT_THAT(Values(Make({2, 2}, {1})), ElementsAre(1, 1, 1, 1));
  EXPECT_THAT(Values(Make({2, 1, 2}, {})), ElementsAre(1, 1, 1, 1));
  EXPECT_THAT(Values(Make({2, 2}, {2, 1})), ElementsAre(1, 1, 2, 2));
  EXPECT_THAT(Values(Make({2, 2}, {2})), ElementsAre(1, 1, 2, 2));
  EXPECT_THAT(Values(Make({2, 2, 1}, {2, 1, 1})), ElementsAre(1, 1, 2, 2));
  EXPECT_THAT(Values(Make({0, 2}, {0, 1}, {2, 2})), ElementsAre());
}

TEST_F(Fp8Test, ShapesThatDoNotFitAreRefused) {
  EXPECT_THROW(Make({3, 5}, {2, 3}), Error);
  EXPECT_THROW(Make({3, 5}, {2, 2}, {2, 2}), Error);
  EXPECT_THROW(Make({3, 5}, {3, 2}, {2, 2}), Error);
  EXPECT_THROW(Make({3, 5}, {6}, {2, 2}), Error);
  EXPECT_THROW(Make({}, {}), Error);
  EXPECT_THROW(Make({2, 3, 2}, {4, 1}, {2, 2}), Error);
}

TEST(Mxfp4Test, LayoutOfGptOssBecomesGgufs) {
  // Weight i of the first block has value i % 16, of the second 15 - i % 16.
  std::vector<std::byte> blocks(32);
  for (size_t i = 0; i < 32; ++i) {
    const size_t even = 2 * i % 16;
    const size_t low = i < 16 ? even : 15 - even;
    const size_t high = i < 16 ? even + 1 : 14 - even;
    blocks[i] = static_cast<std::byte>(low | high << 4);
  }
  const std::byte scales[] = {std::byte{127}, std::byte{128}};
  BlockMXFP4 packed[2];
  RepackMxfp4(blocks, scales, packed);
  float values[64];
  Dequantize(TensorType::kMXFP4, reinterpret_cast<const std::byte*>(packed),
             values, 64);
  constexpr float kE2m1[] = {0,   .5,  1,  1.5,  2,  3,  4,  6,
                             -0., -.5, -1, -1.5, -2, -3, -4, -6};
  for (size_t i = 0; i < 32; ++i) {
    EXPECT_EQ(values[i], kE2m1[i % 16]) << i;
    EXPECT_EQ(values[32 + i], 2 * kE2m1[15 - i % 16]) << i;
  }
  std::vector<std::byte> blocks_back(32);
  std::vector<std::byte> scales_back(2);
  UnpackMxfp4(packed, blocks_back.data(), scales_back.data());
  EXPECT_EQ(blocks_back, blocks);
  EXPECT_THAT(scales_back, ElementsAre(scales[0], scales[1]));
}

}  // namespace
}  // namespace fullstop
