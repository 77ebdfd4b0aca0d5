#include "model/folder_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <vector>

namespace fullstop {
namespace {

using ::testing::ElementsAre;
using ::testing::Pointwise;

// What PLACE takes of a matrix of 0, 1, 2, …, and that it goes back.
std::vector<float> Taken(const TensorPlace& place, MatrixSize folder) {
  std::vector<float> from(folder.rows * folder.columns);
  std::iota(from.begin(), from.end(), 0.0f);
  const MatrixSize size = PlacedSize(place, folder);
  std::vector<float> taken(size.rows * size.columns);
  CopyPlaced(place, folder, sizeof(float), TensorDirection::kToGguf,
             std::as_bytes(std::span(from)).data(),
             std::as_writable_bytes(std::span(taken)).data());
  std::vector<float> back(from.size(), -1);
  CopyPlaced(place, folder, sizeof(float), TensorDirection::kToFolder,
             std::as_bytes(std::span(taken)).data(),
             std::as_writable_bytes(std::span(back)).data());
  size_t filled = 0;
  for (size_t i = 0; i < back.size(); ++i) {
    if (back[i] == -1) continue;
    EXPECT_EQ(back[i], from[i]);
    ++filled;
  }
  EXPECT_EQ(filled, taken.size());
  return taken;
}

TEST(TensorPlaceTest, NothingSaidIsTheSame) {
  EXPECT_THAT(Taken({}, {3, 2}), ElementsAre(0, 1, 2, 3, 4, 5));
}

TEST(TensorPlaceTest, RowsAreTakenInTheirOrder) {
  EXPECT_THAT(Taken({.rows = {{2, 1}, {0, 1}}}, {2, 3}),
              ElementsAre(4, 5, 0, 1));
  EXPECT_THAT(Taken({.rows = {{1, 2, 2}}}, {2, 4}), ElementsAre(2, 3, 6, 7));
}

TEST(TensorPlaceTest, ColumnsToo) {
  EXPECT_THAT(Taken({.columns = {{1, 2, 2}}}, {4, 2}), ElementsAre(1, 3, 5, 7));
  EXPECT_THAT(Taken({.columns = {{2, 2}, {0, 2}}}, {4, 1}),
              ElementsAre(2, 3, 0, 1));
}

TEST(TensorPlaceTest, WhatIsTakenIsTurnedOver) {
  EXPECT_THAT(Taken({.transposed = true}, {3, 2}),
              ElementsAre(0, 3, 1, 4, 2, 5));
  EXPECT_THAT(Taken({.columns = {{1, 2, 2}}, .transposed = true}, {4, 2}),
              ElementsAre(1, 5, 3, 7));
  EXPECT_THAT(Taken({.rows = {{1, 1}}, .transposed = true}, {2, 2}),
              ElementsAre(2, 3));
}

TEST(TensorPlaceTest, SizeOfTheFoldersMatrixReachesToTheLastRange) {
  EXPECT_EQ(FolderSize({.rows = {{4, 3}}}, {5, 3}), (MatrixSize{5, 7}));
  EXPECT_EQ(FolderSize({.columns = {{1, 4, 2}}, .transposed = true}, {6, 4}),
            (MatrixSize{8, 6}));
  EXPECT_EQ(FolderSize({}, {5, 3}), (MatrixSize{5, 3}));
}

TEST(NumberChangeTest, GoesThereAndBack) {
  for (const NumberChange change :
       {NumberChange::kNone, NumberChange::kPlusOne, NumberChange::kMinusExp}) {
    const std::vector<float> before = {-1.5, 0, 0.25};
    std::vector<float> numbers = before;
    ChangeNumbers(change, TensorDirection::kToGguf, numbers);
    if (change == NumberChange::kPlusOne) {
      EXPECT_THAT(numbers, ElementsAre(-0.5, 1, 1.25));
    }
    if (change == NumberChange::kMinusExp) {
      EXPECT_FLOAT_EQ(numbers[0], -std::exp(-1.5f));
    }
    ChangeNumbers(change, TensorDirection::kToFolder, numbers);
    EXPECT_THAT(numbers, Pointwise(::testing::FloatNear(1e-6f), before));
  }
}

}  // namespace
}  // namespace fullstop
