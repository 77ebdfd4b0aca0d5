#include "generate/candidates.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>

#include "gtest/gtest.h"

namespace fullstop {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

std::vector<TokenId> Ids(const Candidates& candidates) {
  std::vector<TokenId> ids;
  for (size_t i = 0; i < candidates.size(); ++i) {
    ids.push_back(candidates.id(i));
  }
  return ids;
}

TEST(CandidatesTest, ImpossibleTokensAreDroppedAtOnce) {
  const std::vector<float> logits = {1, -kInfinity, 3, 2};
  Candidates candidates;
  const LogitSummary raw = candidates.Reset(logits);
  EXPECT_EQ(raw.argmax, 2);
  EXPECT_EQ(Ids(candidates), (std::vector<TokenId>{0, 2, 3}));
  EXPECT_EQ(candidates.Find(1), std::nullopt);
  EXPECT_EQ(candidates.Find(2), 1u);
  EXPECT_EQ(candidates.Find(-1), std::nullopt);
  EXPECT_EQ(candidates.Find(4), std::nullopt);
}

TEST(CandidatesTest, OfEqualLogitsTheLowestIdsStay) {
  const std::vector<float> logits = {1, 5, 5, 0, 5};
  Candidates candidates;
  candidates.Reset(logits);
  candidates.KeepThrough(candidates.Top(2).back());
  EXPECT_EQ(Ids(candidates), (std::vector<TokenId>{1, 2}));
}

TEST(CandidatesTest, SummaryFollowsEveryChange) {
  const std::vector<float> logits = {1, 2, 3};
  Candidates candidates;
  candidates.Reset(logits);
  candidates.Set(2, 0);
  EXPECT_EQ(candidates.summary().max, 2);
  candidates.Divide(2);
  EXPECT_EQ(candidates.summary().max, 1);
  candidates.Set(1, -kInfinity);
  candidates.DropImpossible();
  EXPECT_EQ(candidates.summary().max, 0.5f);
  EXPECT_EQ(candidates.TakeChanged(), 5u);
  EXPECT_EQ(candidates.TakeChanged(), 0u);
}

TEST(CandidatesTest, DivisionThatLeavesTheRangeKeepsTheBest) {
  for (const float offset : {0.0f, 10.0f, -10.0f}) {
    const std::vector<float> logits = {offset + 1, offset + 2, offset + 2};
    Candidates candidates;
    candidates.Reset(logits);
    candidates.Divide(1e-38f);
    candidates.Divide(1e-38f);
    EXPECT_EQ(Ids(candidates), (std::vector<TokenId>{1, 2}));
  }
}

struct PrefixCase {
  std::vector<float> keys;
  std::vector<float> weights;
};

size_t PlainPrefix(const PrefixCase& c, double target, bool exceed,
                   size_t min_keep) {
  std::vector<size_t> order(c.keys.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return c.keys[a] != c.keys[b] ? c.keys[a] < c.keys[b] : a < b;
  });
  double sum = 0;
  for (size_t i = 0; i < order.size(); ++i) {
    sum += c.weights[order[i]];
    const bool met = exceed ? sum > target : sum >= target;
    if (met && i + 1 >= min_keep) return order[i];
  }
  return order.back();
}

TEST(PrefixByWeightTest, EqualsTheFullSort) {
  std::mt19937_64 random(2);
  for (int round = 0; round < 3000; ++round) {
    const size_t size = 1 + random() % (round % 10 == 0 ? 3000 : 100);
    // From all keys equal to keys far past the last bucket.
    const double spread = std::pow(10.0, static_cast<double>(random() % 5) - 2);
    PrefixCase c;
    for (size_t i = 0; i < size; ++i) {
      c.keys.push_back(static_cast<float>(
          std::floor(static_cast<double>(random() % 64)) * spread));
      // Sums of these are exact, in any order.
      c.weights.push_back(static_cast<float>(random() % 16) / 1024);
    }
    const double target = static_cast<double>(random() % (size * 10)) / 1024;
    const bool exceed = random() % 2 == 0;
    const size_t min_keep = random() % 3 == 0 ? random() % (size + 3) : 0;
    EXPECT_EQ(PrefixByWeight(c.keys, c.weights, target, exceed, min_keep),
              PlainPrefix(c, target, exceed, min_keep))
        << "round " << round;
  }
}

}  // namespace
}  // namespace fullstop
