#include "format/tensor_type.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

namespace fullstop {
namespace {

constexpr uint64_t kHuge = uint64_t{1} << 62;

TEST(TensorTypeTest, NumbersNamesAndSizesAgree) {
  EXPECT_EQ(TensorTypeName(TensorType::kF32), "F32");
  EXPECT_EQ(TensorTypeName(TensorType::kQ8_0), "Q8_0");
  EXPECT_EQ(TensorTypeName(TensorType::kQ6_K), "Q6_K");
  EXPECT_EQ(TensorTypeName(TensorType::kIQ4_NL), "IQ4_NL");
  EXPECT_EQ(TensorTypeName(TensorType::kIQ4_XS), "IQ4_XS");
  EXPECT_EQ(TensorTypeName(TensorType::kBF16), "BF16");
  EXPECT_EQ(TensorTypeName(TensorType::kMXFP4), "MXFP4");
  EXPECT_EQ(TensorTypeName(TensorType::kQ2_0), "Q2_0");
  EXPECT_EQ(Traits(TensorType::kQ4_K).block_length, 256u);
  EXPECT_EQ(Traits(TensorType::kQ4_K).block_bytes, 144u);
}

TEST(TensorTypeTest, TwentySixTypesAreSupported) {
  size_t supported = 0;
  for (uint32_t i = 0; i < 100; ++i) {
    const TensorTraits* traits = FindTensorTraits(i);
    if (traits != nullptr && traits->supported) ++supported;
  }
  EXPECT_EQ(supported, 26u);
}

TEST(TensorTypeTest, NumberThatNeverWasIsNull) {
  EXPECT_EQ(FindTensorTraits(43), nullptr);
  EXPECT_EQ(FindTensorTraits(~0u), nullptr);
  EXPECT_EQ(FindTensorTraits(31)->block_length, 0u);
  EXPECT_EQ(Traits(static_cast<TensorType>(99)).name, "?");
}

TEST(RowBytesTest, OnlyWholeBlocksHaveASize) {
  EXPECT_EQ(RowBytes(TensorType::kQ4_0, 64), 36u);
  EXPECT_EQ(RowBytes(TensorType::kQ4_0, 0), 0u);
  EXPECT_EQ(RowBytes(TensorType::kQ4_0, 65), std::nullopt);
  EXPECT_EQ(RowBytes(TensorType::kQ6_K, 128), std::nullopt);
  EXPECT_EQ(RowBytes(TensorType::kF32, kHuge), std::nullopt);
  EXPECT_EQ(RowBytes(TensorType::kI8, ~uint64_t{0}), ~uint64_t{0});
  EXPECT_EQ(RowBytes(static_cast<TensorType>(31), 32), std::nullopt);
}

TEST(TensorBytesTest, IsTheProductOfRowAndRows) {
  const auto bytes = [](TensorType type, std::vector<uint64_t> shape) {
    return TensorBytes(type, shape);
  };
  EXPECT_EQ(bytes(TensorType::kQ8_0, {64, 3, 2}), 408u);
  EXPECT_EQ(bytes(TensorType::kF16, {}), 2u);
  EXPECT_EQ(bytes(TensorType::kQ8_0, {}), std::nullopt);
  EXPECT_EQ(bytes(TensorType::kF32, {0, 5}), 0u);
  EXPECT_EQ(bytes(TensorType::kF32, {5, 0, 7}), 0u);
  EXPECT_EQ(bytes(TensorType::kF32, {1, 1, 1, 1, 1}), std::nullopt);
}

TEST(TensorBytesTest, OverflowIsRefusedBesideZeroToo) {
  const auto bytes = [](TensorType type, std::vector<uint64_t> shape) {
    return TensorBytes(type, shape);
  };
  EXPECT_EQ(bytes(TensorType::kI8, {kHuge, 1}), kHuge);
  EXPECT_EQ(bytes(TensorType::kI8, {kHuge, 2}), std::nullopt);
  EXPECT_EQ(bytes(TensorType::kI8, {kHuge * 2}), std::nullopt);
  EXPECT_EQ(bytes(TensorType::kF32, {kHuge / 2}), std::nullopt);
  EXPECT_EQ(bytes(TensorType::kF32, {kHuge / 4, 2}), std::nullopt);
  // Few bytes, but more elements than can be counted.
  EXPECT_EQ(bytes(TensorType::kTQ2_0, {kHuge, 2}), std::nullopt);
  EXPECT_EQ(bytes(TensorType::kI8, {0, kHuge, 4}), std::nullopt);
  EXPECT_EQ(bytes(TensorType::kI8, {kHuge, 0, 4}), std::nullopt);
}

}  // namespace
}  // namespace fullstop
