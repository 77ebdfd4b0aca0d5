// Each step that works row by row, in a graph of its own.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "model/graph_test_model.h"

namespace fullstop {
namespace {

TEST(NormStepTest, PiecesShareAWeightOrHaveTheirOwn) {
  for (const uint64_t length : {8u, 64u}) {
    TestGraph g;
    const ValueId wide = g.Project("wide", g.x(), 64);
    g.Add(NormStep{.in = wide,
                   .weight = g.Tensor("weight", {length}, 1),
                   .epsilon = 1e-5,
                   .out = wide,
                   .bias = g.Tensor("bias", {length}, 1),
                   .groups = 8});
    g.AddToX(g.Project("back", wide, kTestWidth));
    GraphChecker checker(g);
    checker.CheckAll();
    EXPECT_GT(
        checker.Moves([](Graph& graph) { Find<NormStep>(graph).groups = 1; }),
        length == 64 ? kSeen : 0);
    EXPECT_GT(
        checker.Moves([](Graph& graph) { Find<NormStep>(graph).bias = {}; }),
        kSeen);
    EXPECT_GT(
        checker.Moves([](Graph& graph) { Find<NormStep>(graph).weight = {}; }),
        kSeen);
  }
}

TEST(NormStepTest, LayerNormSubtractsTheMean) {
  TestGraph g;
  const ValueId h = g.Value("h", kTestWidth);
  g.Add(NormStep{.in = g.x(),
                 .weight = g.Tensor("weight", {kTestWidth}, 0.3, 1),
                 .epsilon = 1e-5,
                 .out = h,
                 .kind = NormStep::Kind::kLayer,
                 .bias = g.Tensor("bias", {kTestWidth}, 1)});
  g.AddToX(g.Project("back", h, kTestWidth));
  GraphChecker checker(g);
  checker.CheckAll();
  EXPECT_GT(checker.Moves([](Graph& graph) {
    Find<NormStep>(graph).kind = NormStep::Kind::kRms;
  }),
            kSeen);
}

TEST(LinearStepTest, PartsOfAFusedMatrixHaveTheirBias) {
  TestGraph g;
  const TensorId fused = g.Matrix("fused", kTestWidth, 2 * kTestWidth);
  const TensorId bias = g.Tensor("fused_bias", {2 * kTestWidth}, 1);
  const ValueId a = g.Value("a", 24);
  const ValueId b = g.Value("b", 40);
  g.Add(LinearStep{g.x(), {{fused, bias, a}, {fused, bias, b, 24}}});
  g.AddToX(g.Project("from_a", a, kTestWidth));
  g.AddToX(g.Project("from_b", b, kTestWidth));
  GraphChecker checker(g);
  checker.CheckAll();
  EXPECT_GT(checker.Moves([](Graph& graph) {
    Find<LinearStep>(graph).parts[1].first = 0;
  }),
            kSeen);
  EXPECT_GT(checker.Moves([](Graph& graph) {
    Find<LinearStep>(graph).parts[1].bias = {};
  }),
            kSeen);
}

TEST(ActivateStepTest, EveryActivationGatesAFactor) {
  for (int i = 0; i < kernels::kActivations; ++i) {
    SCOPED_TRACE(i);
    TestGraph g;
    const ValueId gate = g.Project("gate", g.x(), 48, 3);
    const ValueId up = g.Project("up", g.x(), 48, 3);
    const ActivationParameters parameters = {.limit = 2,
                                             .alpha = 1.7f,
                                             .alpha_negative = 0.8f,
                                             .beta = 0.5f,
                                             .epsilon = -1e-6f};
    g.Add(ActivateStep{static_cast<Activation>(i), gate,
                       i % 2 == 0 ? std::optional(up) : std::nullopt, gate,
                       parameters});
    g.AddToX(g.Project("back", gate, kTestWidth, 0.3));
    GraphChecker(g, 40).CheckNumbers();
  }
}

TEST(ScaleStepTest, NumbersTensorsAndPositionsScale) {
  TestGraph g;
  const ValueId h = g.Project("h", g.x(), kTestWidth);
  g.Add(ScaleStep{h, 0.7, g.Tensor("by", {1}, 0, 1.9)});
  g.Add(PositionScaleStep{h, 0.5, 16, 1});
  g.AddToX(h);
  GraphChecker checker(g);
  checker.CheckAll();
  EXPECT_GT(checker.Moves([](Graph& graph) { Find<ScaleStep>(graph).by = {}; }),
            kSeen);
  EXPECT_GT(
      checker.Moves([](Graph& graph) { Find<ScaleStep>(graph).factor = 1; }),
      kSeen);
  EXPECT_GT(checker.Moves([](Graph& graph) {
    Find<PositionScaleStep>(graph).offset = 0;
  }),
            kSeen);
}

TEST(CopyStepTest, InterleavedHeadsComeApartAndTogether) {
  TestGraph g;
  const ValueId fused = g.Project("fused", g.x(), 4 * 12);
  const ValueId part = g.Value("part", 4 * 8);
  const ValueId shared = g.Value("shared", 4 * 8);
  g.Add(CopyStep{fused, 4, 12, part, 0, 8, 8, 4});
  g.Add(CopyStep{fused, 0, 0, shared, 2, 8, 6, 4});
  g.Add(CopyStep{fused, 7, 0, shared, 0, 8, 2, 4});
  g.AddToX(part);
  g.AddToX(shared);
  GraphChecker(g).CheckAll();
}

TEST(HeadTest, BiasScaleAndCapReachEveryLogit) {
  TestGraph g;
  g.graph().head_bias = g.Tensor("head_bias", {kTestVocabulary}, 2);
  g.graph().logit_scale = 0.4;
  g.graph().logit_cap = 1.5;
  GraphChecker checker(g);
  checker.CheckAll();
  EXPECT_GT(checker.Moves([](Graph& graph) { graph.head_bias = {}; }), kSeen);
  EXPECT_GT(checker.Moves([](Graph& graph) { graph.logit_scale = 1; }), kSeen);
  EXPECT_GT(checker.Moves([](Graph& graph) { graph.logit_cap = 0; }), kSeen);
}

}  // namespace
}  // namespace fullstop
