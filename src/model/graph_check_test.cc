#include "model/graph_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "base/error.h"
#include "model/graph_test_model.h"

namespace fullstop {
namespace {

// A graph with every kind of step, as its test makes sure.
Graph Everything() {
  TestGraph g;
  const uint64_t w = kTestWidth;
  const ValueId wide = g.Project("wide", g.x(), 2 * w);
  const ValueId half = g.Value("half", w);
  g.Add(CopyStep{wide, w, 0, half, 0, 0, w});
  g.Add(NormStep{.in = wide,
                 .weight = g.Tensor("n", {8}, 1),
                 .epsilon = 1e-5,
                 .out = wide,
                 .groups = 8});
  g.Add(ActivateStep{Activation::kSilu, half, half, half});
  g.Add(ScaleStep{half, 2, g.Tensor("by", {1}, 1)});
  g.Add(PositionScaleStep{half, 1, 1, 1});
  g.graph().cache.push_back({.heads = 4, .kv_heads = 2, .head_length = 16});
  const RopeId rope = g.Rope({.rotated = 16});
  g.Add(RopeStep{wide, 4, 16, rope});
  AttentionStep attention = {};
  attention.query = wide;
  attention.key = half;
  attention.value = g.Project("v", g.x(), w);
  attention.out = wide;
  attention.scale = 1;
  attention.sinks = g.Tensor("sinks", {4}, 1);
  g.Add(attention);
  g.Add(HeadLinearStep{wide, g.Tensor("heads", {16, 8, 4}, 1), half});
  RouteStep route = {};
  route.logits = g.Project("router", g.x(), 6);
  route.chosen = 2;
  route.out = g.Value("routes", 4);
  g.Add(route);
  g.Add(ExpertsStep{.in = g.x(),
                    .routes = route.out,
                    .out = half,
                    .gate = {g.Tensor("gate", {w, 40, 6}, 1)},
                    .up = {},
                    .down = {g.Tensor("down", {40, w, 6}, 1)},
                    .activation = Activation::kRelu});
  const ValueId convolved = g.Value("convolved", w);
  g.Add(ConvolutionStep{
      g.State(3 * w), half, g.Tensor("taps", {4, w}, 1), {}, convolved});
  DeltaRuleStep delta = {};
  delta.state = g.State(2 * 16 * 16);
  delta.query = half;
  delta.key = half;
  delta.value = convolved;
  delta.alpha = g.Project("alpha", g.x(), 2);
  delta.beta = g.Project("beta", g.x(), 2);
  delta.decay = g.Tensor("decay", {2}, 1);
  delta.offset = g.Tensor("offset", {2}, 1);
  delta.out = convolved;
  delta.key_heads = 2;
  delta.value_heads = 2;
  g.Add(delta);
  g.AddToX(convolved);
  g.Finish();
  return g.graph();
}

TEST(CheckGraphTest, AGraphThatFitsPasses) {
  EXPECT_NO_THROW(CheckGraph(Everything(), "model"));
}

struct Fault {
  std::function<void(Graph&)> make;
  std::string says;
};

TEST(CheckGraphTest, WhatDoesNotFitIsToldWithItsStep) {
  const Fault faults[] = {
      {[](Graph& g) { g.vocabulary += 1; }, "a matrix does not fit"},
      {[](Graph& g) { Find<CopyStep>(g).length += 1; }, "too short"},
      {[](Graph& g) { Find<CopyStep>(g).groups = 0; }, "no groups"},
      {[](Graph& g) { Find<NormStep>(g).groups = 7; }, "uneven pieces"},
      {[](Graph& g) { Find<NormStep>(g).groups = 4; }, "vector does not fit"},
      {[](Graph& g) {
         const TensorId weight = *Find<NormStep>(g).weight;
         g.tensors[static_cast<uint32_t>(weight)].shape = {8, 7};
       },
       "vector does not fit"},
      {[](Graph& g) { Find<LinearStep>(g).parts[0].first = 1; },
       "a matrix does not fit"},
      {[](Graph& g) { Find<HeadLinearStep>(g).in_begin = 1; }, "too short"},
      {[](Graph& g) { Find<HeadLinearStep>(g).out_begin = 1; }, "too short"},
      {[](Graph& g) { Find<RopeStep>(g).begin = 1; }, "wider than the head"},
      {[](Graph& g) { Find<RopeStep>(g).heads = 5; }, "too short"},
      {[](Graph& g) { Find<AttentionStep>(g).layer = 1; }, "unknown cache"},
      {[](Graph& g) { Find<AttentionStep>(g).value = {}; }, "missing"},
      {[](Graph& g) { g.cache[0].kv_heads = 3; }, "uneven groups"},
      {[](Graph& g) { g.cache[0].kv_heads = 1; }, "does not fit"},
      {[](Graph& g) { g.cache[0].value_length = 8; }, "does not fit"},
      {[](Graph& g) { Find<RouteStep>(g).chosen = 7; }, "does not fit"},
      {[](Graph& g) { Find<RouteStep>(g).groups = 4; }, "groups of experts"},
      {[](Graph& g) { Find<RouteStep>(g).groups = 6; }, "than there are"},
      {[](Graph& g) { Find<ExpertsStep>(g).routes = g.hidden; },
       "without a route"},
      {[](Graph& g) { Find<ExpertsStep>(g).gate.first = 1; },
       "a matrix does not fit"},
      {[](Graph& g) {
         Find<ConvolutionStep>(g).out = Find<ConvolutionStep>(g).in;
       },
       "in place"},
      {[](Graph& g) { g.states[0].width -= 1; }, "a state does not fit"},
      {[](Graph& g) { Find<DeltaRuleStep>(g).key_heads = 3; }, "uneven heads"},
      {[](Graph& g) { g.head_bias = Find<NormStep>(g).weight; },
       "a vector is too short"},
  };
  for (const Fault& fault : faults) {
    Graph graph = Everything();
    fault.make(graph);
    try {
      CheckGraph(graph, "model");
      ADD_FAILURE() << "nothing was thrown: " << fault.says;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), Error::Kind::kFormat);
      EXPECT_EQ(error.file(), "model");
      EXPECT_THAT(error.what(), testing::HasSubstr(fault.says));
      EXPECT_THAT(error.what(), testing::HasSubstr(" in step "));
    }
  }
}

}  // namespace
}  // namespace fullstop
