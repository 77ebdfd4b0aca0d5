#include "data/length_counts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fullstop {
namespace {

using ::testing::ElementsAre;
using ::testing::FieldsAre;
using ::testing::IsEmpty;

TEST(LengthCountsTest, QuantilesAreLengthsThatAreThere) {
  LengthCounts counts;
  for (size_t i = 1; i <= 100; ++i) counts.Add(10 * i);
  EXPECT_EQ(counts.Quantile(0.5), 500U);
  EXPECT_EQ(counts.Quantile(0.99), 990U);
  EXPECT_EQ(counts.Quantile(1), 1000U);
  EXPECT_EQ(counts.longest(), 1000U);
  EXPECT_EQ(counts.RowsAbove(990), 1U);
  EXPECT_EQ(counts.RowsAbove(989), 2U);
  EXPECT_EQ(counts.rows(), 100U);
}

TEST(LengthCountsTest, ClassesAreGapless) {
  LengthCounts counts;
  for (const size_t length : {3, 4, 5, 40}) counts.Add(length);
  EXPECT_THAT(counts.Classes(),
              ElementsAre(FieldsAre(4, 2), FieldsAre(8, 1), FieldsAre(16, 0),
                          FieldsAre(32, 0), FieldsAre(64, 1)));
}

TEST(LengthCountsTest, PartsAddUp) {
  LengthCounts a;
  LengthCounts b;
  a.Add(1);
  b.Add(1);
  b.Add(0);
  a.Add(b);
  EXPECT_EQ(a.rows(), 3U);
  EXPECT_THAT(a.Classes(), ElementsAre(FieldsAre(1, 3)));
}

TEST(LengthCountsTest, NoRowsHaveNoLengths) {
  const LengthCounts none;
  EXPECT_EQ(none.Quantile(0.5), 0U);
  EXPECT_EQ(none.longest(), 0U);
  EXPECT_THAT(none.Classes(), IsEmpty());
}

}  // namespace
}  // namespace fullstop
