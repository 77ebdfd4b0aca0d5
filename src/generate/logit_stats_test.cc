#include "generate/logit_stats.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include "base/error.h"
#include "generate/fast_exp.h"
#include "gtest/gtest.h"

namespace fullstop {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

// Rows of many lengths and shapes, with -infinity, ties and long tails.
std::vector<std::vector<float>> Rows() {
  std::mt19937_64 random(1);
  std::vector<std::vector<float>> rows;
  for (const size_t size : {1, 2, 15, 16, 17, 1023, 1024, 1025, 5000}) {
    for (const double deviation : {0.0, 0.3, 3.0, 40.0}) {
      std::normal_distribution<double> normal(0, deviation);
      std::vector<float> row(size);
      for (float& x : row) {
        x = static_cast<float>(std::round(normal(random) * 8) / 8);
        if (random() % 5 == 0 && size > 2) x = -kInfinity;
      }
      row[random() % size] = 1.0f;
      rows.push_back(row);
    }
  }
  return rows;
}

double PlainLogSumExp(const std::vector<float>& row) {
  const double max = *std::max_element(row.begin(), row.end());
  double sum = 0;
  for (const double x : row) sum += std::exp(x - max);
  return max + std::log(sum);
}

std::vector<LogitEntry> PlainRanking(const std::vector<float>& row) {
  std::vector<LogitEntry> all;
  for (size_t i = 0; i < row.size(); ++i) {
    all.push_back({static_cast<TokenId>(i), row[i]});
  }
  std::sort(all.begin(), all.end(), RanksBefore);
  return all;
}

TEST(FastExpTest, IsWithinItsBoundOfExp) {
  double worst = 0;
  for (float x = 0.0f; x > -87.0f; x -= 0.0007f) {
    const double expected = std::exp(static_cast<double>(x));
    worst = std::max(worst, std::fabs(ExpNonPositive(x) / expected - 1));
  }
  EXPECT_LT(worst, 2e-7);
  EXPECT_EQ(ExpNonPositive(0.0f), 1.0f);
  EXPECT_LT(ExpNonPositive(-kInfinity), 2e-38f);
}

TEST(LogitStatsTest, SummaryEqualsTheTextbookSums) {
  for (const std::vector<float>& row : Rows()) {
    const LogitSummary summary = SummarizeLogits(row);
    const double expected = PlainLogSumExp(row);
    double entropy = 0;
    size_t possible = 0;
    for (const double x : row) {
      const double p = std::exp(x - expected);
      if (p > 0) entropy -= p * (x - expected);
      possible += x > -kInfinity ? 1 : 0;
    }
    EXPECT_NEAR(summary.log_sum_exp, expected, 2e-7);
    EXPECT_NEAR(summary.entropy, entropy, 2e-6);
    EXPECT_EQ(summary.possible, possible);
    EXPECT_EQ(summary.argmax, PlainRanking(row).front().id);
    EXPECT_EQ(summary.max, PlainRanking(row).front().logit);
  }
}

TEST(LogitStatsTest, SummaryCopiesEveryBit) {
  for (const std::vector<float>& row : Rows()) {
    std::vector<float> copy(row.size());
    SummarizeLogits(row, copy);
    EXPECT_EQ(copy, row);
  }
}

TEST(LogitStatsTest, RanksAndBestOnesFollowTheFullSort) {
  for (const std::vector<float>& row : Rows()) {
    const std::vector<LogitEntry> ranking = PlainRanking(row);
    for (size_t i = 0; i < ranking.size(); i += 1 + ranking.size() / 50) {
      EXPECT_EQ(LogitRank(row, ranking[i].id), i + 1);
    }
    for (const size_t k : {0, 1, 2, 40, 1024, 1025, 6000}) {
      const size_t count = std::min(k, row.size());
      EXPECT_EQ(TopLogits(row, k),
                std::vector<LogitEntry>(
                    ranking.begin(),
                    ranking.begin() + static_cast<ptrdiff_t>(count)));
    }
  }
}

TEST(LogitStatsTest, SetsSumTheirMembersAndIgnoreForeignIds) {
  const std::vector<float> row = {0.0f, 1.0f, -kInfinity, 2.0f};
  const LogitSummary summary = SummarizeLogits(row);
  const double total = 1 + std::exp(1.0) + std::exp(2.0);
  const std::vector<TokenId> ids = {-1, 1, 2, 3, 4};
  EXPECT_NEAR(ProbabilityOfSet(row, summary, ids),
              (std::exp(1.0) + std::exp(2.0)) / total, 1e-7);
  EXPECT_NEAR(LogProbability(row, summary, 3), 2 - std::log(total), 1e-7);
  EXPECT_EQ(LogProbability(row, summary, 2), -kInfinity);
}

TEST(LogitStatsTest, BrokenLogitsAreNamed) {
  std::vector<float> row(3000, 1.0f);
  const auto message = [&] {
    try {
      SummarizeLogits(row);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), Error::Kind::kFormat);
      return error.message();
    }
    return std::string("no error");
  };
  row[2077] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(message(), "the logit of token 2077 is nan");
  row[2077] = kInfinity;
  EXPECT_EQ(message(), "the logit of token 2077 is inf");
  std::fill(row.begin(), row.end(), -kInfinity);
  EXPECT_EQ(message(), "none of the 3000 logits is above -infinity");
  row.clear();
  EXPECT_EQ(message(), "none of the 0 logits is above -infinity");
}

}  // namespace
}  // namespace fullstop
