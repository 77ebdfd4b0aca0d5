#include "measure/comparison.h"

#include <gtest/gtest.h>

#include <cmath>

namespace fullstop {
namespace {

ForcedReply Reply(size_t index, double logprob, double p_stop) {
  ForcedReply reply;
  reply.index = index;
  reply.text = "12345678";
  reply.tokens = 4;
  reply.logprob = logprob;
  reply.p_stop = {0.5, p_stop};
  return reply;
}

TEST(ComparisonTest, RepliesAreComparedWithThemselves) {
  Measurement one;
  one.known = {Reply(0, -1, 0.2), Reply(2, -1, 0.9), Reply(3, -1, 0.9)};
  Measurement other;
  other.known = {Reply(0, -2, 0.8), Reply(1, -9, 0.9), Reply(2, -2, 0.9)};
  const Comparison beside = Compare(one, other);
  EXPECT_EQ(beside.replies, 2U);
  EXPECT_EQ(beside.agreed, 1U);
  EXPECT_DOUBLE_EQ(beside.agreement.value, 0.5);
  EXPECT_DOUBLE_EQ(beside.text.value, 0.5);
  EXPECT_DOUBLE_EQ(beside.odds.value, -std::log(16) / 2);
}

TEST(ComparisonTest, NothingInCommonIsNoDifference) {
  EXPECT_EQ(Compare({}, {}).replies, 0U);
  EXPECT_EQ(Compare({}, {}).odds.high, 0);
}

}  // namespace
}  // namespace fullstop
