// Convolutions and the delta rule in graphs of their own: their states must go
// wherever a sequence goes.
#include <gtest/gtest.h>

#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include "model/graph_test_model.h"

namespace fullstop {
namespace {

// A convolution of a projection of x.
ValueId AddConvolution(TestGraph& g, const std::string& name, uint64_t taps,
                       uint64_t channels, bool bias) {
  const ValueId in = g.Project(name, g.x(), channels);
  const ValueId out = g.Value(name + "_out", channels);
  g.Add(ConvolutionStep{
      g.State((taps - 1) * channels), in,
      g.Tensor(name + "_taps", {taps, channels}, 0.7),
      bias ? std::optional(g.Tensor(name + "_bias", {channels}, 0.5))
           : std::nullopt,
      out});
  return out;
}

TEST(ConvolutionStepTest, ReachesBackOverTheLastPositions) {
  for (const uint64_t taps : {2u, 3u, 4u}) {
    for (const uint64_t channels : {24u, 300u}) {
      TestGraph g;
      const bool bias = taps != 3;
      g.AddToX(g.Project(
          "back", AddConvolution(g, "conv", taps, channels, bias), kTestWidth));
      GraphChecker checker(g);
      checker.CheckAll();
      if (!bias) continue;
      EXPECT_GT(checker.Moves([](Graph& graph) {
        Find<ConvolutionStep>(graph).bias = {};
      }),
                kSeen);
    }
  }
}

struct Heads {
  uint64_t key_heads;
  uint64_t value_heads;
  bool tiled = false;
};

void AddDeltaRule(TestGraph& g, const Heads& heads) {
  constexpr uint64_t kKey = 16;
  constexpr uint64_t kValue = 24;
  const std::string n = std::to_string(g.graph().steps.size());
  DeltaRuleStep step = {};
  step.state = g.State(heads.value_heads * kKey * kValue);
  step.query = g.Project(n + "q", g.x(), heads.key_heads * kKey);
  step.key = g.Project(n + "k", g.x(), heads.key_heads * kKey);
  step.value = g.Project(n + "v", g.x(), heads.value_heads * kValue, 2);
  step.alpha = g.Project(n + "alpha", g.x(), heads.value_heads);
  step.beta = g.Project(n + "beta", g.x(), heads.value_heads, 2);
  step.decay = g.Tensor(n + "decay", {heads.value_heads}, 0.02, -0.05);
  step.offset = g.Tensor(n + "offset", {heads.value_heads}, 0.5);
  step.out = step.value;
  step.key_heads = heads.key_heads;
  step.value_heads = heads.value_heads;
  step.tiled = heads.tiled;
  g.Add(step);
  g.AddToX(g.Project(n + "back", step.out, kTestWidth, 2));
}

TEST(DeltaRuleStepTest, StatesAreThoseOfThePaper) {
  for (const Heads heads : {Heads{2, 2}, Heads{2, 6}, Heads{2, 4, true}}) {
    TestGraph g;
    AddDeltaRule(g, heads);
    GraphChecker checker(g);
    checker.CheckAll();
    if (heads.key_heads == heads.value_heads) continue;
    EXPECT_GT(checker.Moves([](Graph& graph) {
      DeltaRuleStep& step = Find<DeltaRuleStep>(graph);
      step.tiled = !step.tiled;
    }),
              kSeen);
  }
}

TEST(DeltaRuleStepTest, LayersWithStatesAndCachesGoTogether) {
  TestGraph g;
  AddDeltaRule(g, {2, 4});
  AttentionStep form = {};
  g.graph().cache.push_back({.heads = 2, .kv_heads = 1, .head_length = 16});
  form.query = g.Project("q", g.x(), 32, 2);
  form.key = g.Project("k", g.x(), 16, 2);
  form.value = g.Project("v", g.x(), 16);
  form.out = g.Value("attention", 32);
  form.scale = 0.3;
  g.Add(form);
  g.AddToX(g.Project("o", form.out, kTestWidth));
  g.AddToX(g.Project("c", AddConvolution(g, "conv", 4, 40, true), kTestWidth));
  AddDeltaRule(g, {1, 2});
  GraphChecker(g).CheckAll();
}

TEST(StatesTest, RowsGivenAsEmbeddingsAreRememberedToo) {
  TestGraph g;
  AddDeltaRule(g, {2, 2});
  GraphChecker checker(g);
  checker.CheckEmbeddedRows();
}

TEST(StatesTest, SequencesOfOneBatchDoNotTouchEachOther) {
  TestGraph g;
  AddDeltaRule(g, {2, 2});
  g.AddToX(g.Project("c", AddConvolution(g, "conv", 3, 32, false), kTestWidth));
  GraphChecker checker(g);
  checker.CheckInterleaved();
}

}  // namespace
}  // namespace fullstop
