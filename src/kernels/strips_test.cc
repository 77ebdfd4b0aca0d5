#include "kernels/strips.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "format/quant_blocks.h"
#include "kernels/kernels.h"
#include "kernels/test_data.h"

namespace fullstop::kernels {
namespace {

constexpr TensorType kTypesWithStrips[] = {
    TensorType::kQ4_0,   TensorType::kQ4_1, TensorType::kQ8_0,
    TensorType::kIQ4_NL, TensorType::kQ4_K, TensorType::kQ5_K,
    TensorType::kQ6_K};

class StripsTest : public testing::Test {
 protected:
  static void ReadRow(const Matrix& strips, int64_t row, std::byte* out) {
    const auto bytes = static_cast<int64_t>(Traits(strips.type).block_bytes);
    for (int64_t i = 0; i * bytes < strips.row_bytes; ++i) {
      ReadStripBlock(strips, row, i, out + i * bytes);
    }
  }

  std::mt19937_64 random_{7};
};

TEST_F(StripsTest, ABlockIsItsHalvesAndThenItsWordsOf16Rows) {
  const RandomMatrix w = MakeRandomMatrix(TensorType::kQ4_0, 16, 64, random_);
  const RandomMatrix strips = StripsOf(w.matrix);
  constexpr int64_t kBlock = sizeof(BlockQ4_0);
  for (int64_t row = 0; row < 16; ++row) {
    for (int64_t block = 0; block < 2; ++block) {
      const std::byte* from =
          w.matrix.data + row * w.matrix.row_bytes + block * kBlock;
      const std::byte* strip = strips.matrix.data + block * kBlock * 16;
      EXPECT_EQ(std::memcmp(strip + row * 2, from, 2), 0);
      for (int64_t word = 0; word < 4; ++word) {
        EXPECT_EQ(std::memcmp(strip + 32 + word * 64 + row * 4,
                              from + 2 + word * 4, 4),
                  0);
      }
    }
  }
}

TEST_F(StripsTest, EachRowCanBeReadAgain) {
  const Kernels kernels = Kernels::Select();
  for (const TensorType type : kTypesWithStrips) {
    for (const int64_t rows : {1, 15, 16, 17, 40}) {
      SCOPED_TRACE(std::string(TensorTypeName(type)) + " " +
                   std::to_string(rows));
      const RandomMatrix w = MakeRandomMatrix(type, rows, 512, random_);
      const RandomMatrix strips = StripsOf(w.matrix);
      std::vector<std::byte> row(static_cast<size_t>(w.matrix.row_bytes));
      std::vector<float> floats(512);
      std::vector<float> want(512);
      for (int64_t i = 0; i < rows; ++i) {
        ReadRow(strips.matrix, i, row.data());
        EXPECT_EQ(
            std::memcmp(row.data(), w.matrix.data + i * w.matrix.row_bytes,
                        row.size()),
            0);
        kernels.DequantizeRow(w.matrix, i, want.data());
        kernels.DequantizeRow(strips.matrix, i, floats.data());
        EXPECT_EQ(floats, want);
      }
    }
  }
}

TEST_F(StripsTest, ARowThatIsMissingIsZeros) {
  const RandomMatrix w = MakeRandomMatrix(TensorType::kQ8_0, 3, 32, random_);
  GuardedBytes bytes(StripBytes(w.matrix));
  std::memset(bytes.data(), 0x55, bytes.size());
  MakeStrips(w.matrix, 0, 3, bytes.data());
  Matrix strips = w.matrix;
  strips.data = bytes.data();
  strips.rows = 16;
  strips.layout = Layout::kStrips;
  std::vector<std::byte> row(static_cast<size_t>(w.matrix.row_bytes));
  for (int64_t i = 3; i < 16; ++i) {
    ReadRow(strips, i, row.data());
    EXPECT_EQ(row, std::vector<std::byte>(row.size()));
  }
}

TEST_F(StripsTest, PartsOfAMatrixMayBeMadeApart) {
  const RandomMatrix w = MakeRandomMatrix(TensorType::kQ4_K, 40, 256, random_);
  const RandomMatrix whole = StripsOf(w.matrix);
  GuardedBytes parts(StripBytes(w.matrix));
  MakeStrips(w.matrix, 16, 40, parts.data());
  MakeStrips(w.matrix, 0, 16, parts.data());
  EXPECT_EQ(std::memcmp(parts.data(), whole.bytes.data(), parts.size()), 0);
  const Matrix last = RowsOf(whole.matrix, 32, 8);
  std::vector<float> floats(256);
  std::vector<float> want(256);
  const Kernels kernels = Kernels::Select();
  kernels.DequantizeRow(last, 5, floats.data());
  kernels.DequantizeRow(w.matrix, 37, want.data());
  EXPECT_EQ(floats, want);
}

TEST_F(StripsTest, TheWidePathsReadThemAndTheOthersDoNot) {
  for (const CpuPath path : Kernels::AvailablePaths()) {
    const Kernels kernels = Kernels::Select(path);
    std::vector<TensorType> read;
    for (const TensorType type : AllTypes()) {
      if (kernels.ReadsStrips(type)) read.push_back(type);
    }
    if (path < CpuPath::kAvx512) {
      EXPECT_TRUE(read.empty());
    } else {
      EXPECT_THAT(read, testing::UnorderedElementsAreArray(kTypesWithStrips));
    }
  }
}

}  // namespace
}  // namespace fullstop::kernels
