#include "measure/sweep.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace fullstop {
namespace {

// Written from the formula: a penalised positive logit is divided.
double ByFormula(std::vector<double> logits, const std::vector<size_t>& hit,
                 double penalty, size_t stop) {
  for (const size_t id : hit) {
    logits[id] = logits[id] > 0 ? logits[id] / penalty : logits[id] * penalty;
  }
  double sum = 0;
  for (const double logit : logits) sum += std::exp(logit);
  return std::exp(logits[stop]) / sum;
}

const std::vector<float> kLogits = {1, 3, 2, -1};
const std::vector<TokenId> kStops = {1};

SweepSetting Setting(std::string_view group, std::string_view value = "") {
  const auto settings = SweepSettings({});
  const auto found =
      std::ranges::find_if(settings, [&](const SweepSetting& each) {
        return each.group == group && each.value == value;
      });
  EXPECT_NE(found, settings.end()) << group << value;
  return found == settings.end() ? SweepSetting{} : *found;
}

TEST(SweepTest, NothingSetIsTheSoftmax) {
  EXPECT_NEAR(StopChance(kLogits, {}, kStops, Setting(kNothingSet)),
              ByFormula({1, 3, 2, -1}, {}, 1, 1), 1e-6);
}

TEST(SweepTest, PenaltiesHitStopsByThePeersRulesAlone) {
  const std::vector<TokenId> history = {0, 1, 3};
  EXPECT_NEAR(
      StopChance(kLogits, history, kStops, Setting("repeat penalty", "1.3")),
      ByFormula({1, 3, 2, -1}, {0, 3}, 1.3, 1), 1e-6);
  EXPECT_NEAR(
      StopChance(kLogits, history, kStops,
                 Setting("repeat penalty, as transformers applies it", "1.3")),
      ByFormula({1, 3, 2, -1}, {0, 1, 3}, 1.3, 1), 1e-6);
}

TEST(SweepTest, WhatDoesMostComesFirst) {
  const auto settings = SweepSettings({});
  const auto order = SweepOrder(settings);
  ASSERT_EQ(order.size(), settings.size());
  const auto name = [&](size_t i) {
    return settings[order[i]].group + " " + settings[order[i]].value;
  };
  EXPECT_EQ(settings[order[0]].group, kOwnSettings);
  EXPECT_EQ(settings[order[1]].group, kNothingSet);
  EXPECT_EQ(name(2), "repeat penalty 1.5");
  EXPECT_EQ(name(3), "repeat penalty, as llama.cpp applies it 1.5");
  EXPECT_EQ(name(4), "repeat penalty, as transformers applies it 1.5");
  EXPECT_EQ(name(order.size() - 1),
            "repeat penalty, as transformers applies it 1.05");
}

TEST(SweepTest, LlamaCppForgetsWhatIsFarBack) {
  std::vector<TokenId> history(65, 0);
  history[0] = 1;
  EXPECT_NEAR(
      StopChance(kLogits, history, kStops,
                 Setting("repeat penalty, as llama.cpp applies it", "1.3")),
      ByFormula({1, 3, 2, -1}, {0}, 1.3, 1), 1e-6);
}

TEST(SweepTest, GreedyStopsOrDoesNot) {
  SweepSetting greedy = Setting(kNothingSet);
  greedy.params.temp = 0;
  EXPECT_EQ(StopChance(kLogits, {}, kStops, greedy), 1);
  EXPECT_EQ(StopChance(kLogits, {}, std::vector<TokenId>{2}, greedy), 0);
}

TEST(SweepTest, DeclaredPenaltiesAreShownByThePeersRules) {
  SamplingParams declared;
  declared.repeat_penalty = 1.3f;
  Sweep sweep(SweepSettings(declared), kStops);
  sweep.Take(kLogits, std::vector<TokenId>{1});
  const auto points = sweep.Points(1);
  const auto value = [&points](std::string_view name) {
    return std::ranges::find(points, name, &SweepPoint::group)->p_stop.value;
  };
  const std::string own(kOwnSettings);
  EXPECT_LT(value(own + std::string(kAsLlamaCpp)), value(own));
  EXPECT_LT(value(own + std::string(kAsTransformers)), value(own));
}

}  // namespace
}  // namespace fullstop
