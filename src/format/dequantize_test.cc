#include "format/dequantize.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "format/half.h"

namespace fullstop {
namespace {

uint32_t NextNumber(std::span<const std::byte>* bytes) {
  uint32_t number;
  std::memcpy(&number, bytes->data(), sizeof(number));
  *bytes = bytes->subspan(sizeof(number));
  return number;
}

// The fixture is described in tests/oracles/make_dequantize_cases.py.
TEST(DequantizeTest, EveryTypeEqualsThePythonPackageBitForBit) {
  const MappedFile fixture = MappedFile::Open(
      FULLSTOP_SOURCE_DIR "/tests/fixtures/dequantize_cases.bin");
  std::span<const std::byte> rest = fixture.bytes();
  size_t types = 0;
  while (!rest.empty()) {
    const auto type = static_cast<TensorType>(NextNumber(&rest));
    const uint32_t weights = NextNumber(&rest);
    const uint32_t bytes = NextNumber(&rest);
    std::vector<float> got(weights);
    Dequantize(type, rest.data(), got.data(), weights);
    const std::byte* expected = rest.data() + bytes;
    for (uint32_t i = 0; i < weights; ++i) {
      uint32_t wanted;
      std::memcpy(&wanted, expected + 4 * i, sizeof(wanted));
      ASSERT_EQ(std::bit_cast<uint32_t>(got[i]), wanted)
          << TensorTypeName(type) << ", weight " << i;
    }
    rest = rest.subspan(bytes + 4 * weights);
    ++types;
  }
  EXPECT_EQ(types, 26u);
}

TEST(DequantizeTest, TraitsAndBlocksAgree) {
  EXPECT_EQ(Traits(TensorType::kQ4_1).block_bytes, sizeof(BlockQ4_1));
  EXPECT_EQ(Traits(TensorType::kQ3_K).block_bytes, sizeof(BlockQ3_K));
  EXPECT_EQ(Traits(TensorType::kIQ4_XS).block_bytes, sizeof(BlockIQ4_XS));
  EXPECT_EQ(Traits(TensorType::kMXFP4).block_bytes, sizeof(BlockMXFP4));
}

TEST(DequantizeTest, RowNeedsNoAlignment) {
  std::vector<std::byte> bytes(3 + 8);
  const float numbers[] = {1.5f, -2.0f};
  std::memcpy(bytes.data() + 3, numbers, sizeof(numbers));
  float out[2];
  Dequantize(TensorType::kF32, bytes.data() + 3, out, 2);
  EXPECT_EQ(out[0], 1.5f);
  EXPECT_EQ(out[1], -2.0f);
}

TEST(DequantizeTest, EmptyRowWritesNothing) {
  for (uint32_t i = 0; i < 43; ++i) {
    if (FindTensorTraits(i)->supported) {
      Dequantize(static_cast<TensorType>(i), nullptr, nullptr, 0);
    }
  }
}

TEST(DequantizeTest, UnsupportedTypesAreNamed) {
  for (uint32_t i = 0; i < 43; ++i) {
    if (FindTensorTraits(i)->supported) continue;
    try {
      Dequantize(static_cast<TensorType>(i), nullptr, nullptr, 0);
      FAIL() << i;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), Error::Kind::kUnsupported);
      EXPECT_THAT(error.message(),
                  ::testing::HasSubstr(FindTensorTraits(i)->name));
    }
  }
}

TEST(Mxfp4ScaleTest, IsAPowerOfTwo) {
  for (int e = 0; e < 256; ++e) {
    EXPECT_EQ(Mxfp4Scale(static_cast<uint8_t>(e)), std::ldexp(1.0f, e - 128));
  }
}

TEST(UnpackScaleTest, EachScaleAndMinimumHasSixBitsOfItsOwn) {
  // Every bit of the 12 bytes belongs to one scale or one minimum.
  for (size_t bit = 0; bit < 96; ++bit) {
    uint8_t packed[12] = {};
    packed[bit / 8] = static_cast<uint8_t>(1 << bit % 8);
    int set = 0;
    for (size_t group = 0; group < 8; ++group) {
      const ScaleAndMin unpacked = UnpackScaleAndMin(packed, group);
      set += std::popcount(unpacked.scale) + std::popcount(unpacked.min);
    }
    EXPECT_EQ(set, 1) << bit;
  }
}

}  // namespace
}  // namespace fullstop
