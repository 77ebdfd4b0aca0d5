#include "model/routing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace fullstop {
namespace {

using Score = RouteStep::Score;
using testing::ElementsAre;
using testing::FloatEq;

RouteStep Route(uint64_t chosen, Score score) {
  RouteStep step = {};
  step.chosen = chosen;
  step.score = score;
  return step;
}

std::vector<float> Choose(const RouteStep& step, std::vector<float> logits,
                          std::vector<float> bias = {}) {
  std::vector<float> out(2 * step.chosen);
  ChooseExperts(step, logits, bias, {}, out.data());
  return out;
}

TEST(ChooseExpertsTest, BestComesFirstAndTheLowerNumberOfEquals) {
  EXPECT_THAT(Choose(Route(3, Score::kSigmoid), {1, 0, 2, 1}),
              ElementsAre(2, 0, 3, FloatEq(0.880797078f), FloatEq(0.731058579f),
                          FloatEq(0.731058579f)));
}

TEST(ChooseExpertsTest, SoftmaxIsOfAllOrOfTheChosen) {
  const float ln2 = std::log(2.0f);
  const std::vector<float> logits = {0, ln2, 0};
  EXPECT_THAT(Choose(Route(2, Score::kSoftmax), logits),
              ElementsAre(1, 0, FloatEq(0.5f), FloatEq(0.25f)));
  EXPECT_THAT(Choose(Route(2, Score::kSoftmaxOfChosen), logits),
              ElementsAre(1, 0, FloatEq(2.0f / 3), FloatEq(1.0f / 3)));
  RouteStep normalised = Route(2, Score::kSoftmax);
  normalised.normalise = true;
  EXPECT_THAT(Choose(normalised, logits),
              ElementsAre(1, 0, FloatEq(2.0f / 3), FloatEq(1.0f / 3)));
}

TEST(ChooseExpertsTest, BiasChoosesButDoesNotWeigh) {
  EXPECT_THAT(Choose(Route(1, Score::kSigmoid), {0, 5}, {10, 0}),
              ElementsAre(0, FloatEq(0.5f)));
}

TEST(ChooseExpertsTest, ABadGroupIsLeftOutThoughItsScoresAreNegative) {
  RouteStep step = Route(2, Score::kSoftmaxOfChosen);
  step.groups = 2;
  step.chosen_groups = 1;
  // The first group is worth -2, the second -2.5, though it has the best of
  // all.
  EXPECT_EQ(Choose(step, {-1.5f, -0.5f, -0.25f, -2.25f})[0], 1);
  EXPECT_EQ(Choose(step, {-1.5f, -0.5f, -0.25f, -2.25f})[1], 0);
  step.ranked = 1;
  EXPECT_EQ(Choose(step, {-1.5f, -0.5f, -0.25f, -2.25f})[0], 2);
}

TEST(ChooseExpertsTest, NansAreChosenLastAndStillNameExperts) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const std::vector<float> some =
      Choose(Route(2, Score::kSigmoid), {nan, 1, nan, -1});
  EXPECT_EQ(some[0], 1);
  EXPECT_EQ(some[1], 3);
  const std::vector<float> none =
      Choose(Route(2, Score::kSoftmax), {nan, nan, nan});
  EXPECT_EQ(none[0], 0);
  EXPECT_EQ(none[1], 1);
}

}  // namespace
}  // namespace fullstop
