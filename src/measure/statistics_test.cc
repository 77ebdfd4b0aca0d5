#include "measure/statistics.h"

#include <gtest/gtest.h>

#include <random>

namespace fullstop {
namespace {

TEST(StatisticsTest, MedianOfEvenNumbersIsBetweenTheMiddleOnes) {
  EXPECT_EQ(Median({}), 0);
  EXPECT_EQ(Median({3}), 3);
  EXPECT_EQ(Median({4, 1, 3}), 3);
  EXPECT_EQ(Median({4, 1, 3, 2}), 2.5);
}

// By the formula in Python's decimals.
TEST(StatisticsTest, SharesAreWilsons) {
  const Estimate some = Share(8, 10);
  EXPECT_DOUBLE_EQ(some.value, 0.8);
  EXPECT_NEAR(some.low, 0.4901625, 1e-6);
  EXPECT_NEAR(some.high, 0.9433178, 1e-6);
  EXPECT_EQ(Share(0, 10).low, 0);
  EXPECT_NEAR(Share(0, 10).high, 0.2775328, 1e-6);
  EXPECT_NEAR(Share(10, 10).low, 0.7224672, 1e-6);
  EXPECT_EQ(Share(0, 0).high, 1);
}

// Of samples of a known median the interval holds it in about 95 of 100.
TEST(StatisticsTest, IntervalsOfTheMedianHoldIt) {
  std::mt19937_64 random(7);
  std::normal_distribution<double> normal;
  int held = 0;
  for (uint64_t trial = 0; trial < 200; ++trial) {
    std::vector<double> values(30);
    for (double& value : values) value = normal(random);
    const Estimate median = MedianOf(values, trial);
    held += median.low <= 0 && 0 <= median.high ? 1 : 0;
    EXPECT_LE(median.low, median.value);
    EXPECT_GE(median.high, median.value);
  }
  EXPECT_GE(held, 176);
  EXPECT_LE(held, 200);
}

TEST(StatisticsTest, TheSameSeedGivesTheSameInterval) {
  const std::vector<double> values = {5, 1, 4, 2, 9, 7};
  const Estimate one = MedianOf(values, 3);
  const Estimate two = MedianOf(values, 3);
  EXPECT_EQ(one.low, two.low);
  EXPECT_EQ(one.high, two.high);
}

TEST(StatisticsTest, SeparationIsTheShareOfPairsWon) {
  std::mt19937_64 random(5);
  std::vector<EndAndInside> replies(6);
  for (EndAndInside& reply : replies) {
    reply.end = static_cast<double>(random() % 5);
    reply.inside.resize(random() % 7);
    for (double& value : reply.inside) {
      value = static_cast<double>(random() % 5);
    }
  }
  double won = 0;
  double pairs = 0;
  for (const EndAndInside& a : replies) {
    for (const EndAndInside& b : replies) {
      for (const double inside : b.inside) {
        won += a.end > inside ? 1 : a.end == inside ? 0.5 : 0;
        ++pairs;
      }
    }
  }
  EXPECT_DOUBLE_EQ(Separation(replies, 1).value, won / pairs);
}

TEST(StatisticsTest, SeparationWithoutPairsIsEven) {
  EXPECT_EQ(Separation(std::vector<EndAndInside>{{1, {}}}, 1).value, 0.5);
}

TEST(StatisticsTest, NumbersAreShort) {
  EXPECT_EQ(Describe(0.62345), "0.623");
  EXPECT_EQ(Describe(0.000312), "0.000312");
  EXPECT_EQ(Describe(12345.6), "12346");
  EXPECT_EQ(Describe(Estimate{0.5, 0.25, 0.75}), "0.5 (0.25 to 0.75)");
}

}  // namespace
}  // namespace fullstop
