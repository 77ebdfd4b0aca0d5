// Mixtures of experts in graphs of their own.
#include <gtest/gtest.h>

#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include "model/graph_test_model.h"

namespace fullstop {
namespace {

constexpr uint64_t kExperts = 8;
constexpr uint64_t kHidden = 32;

// How experts of a test differ from plain ones.
struct Mixture {
  RouteStep route = {};
  bool biases = false;
  bool fused = false;
  bool without_up = false;
  bool weigh_input = false;
  TensorType type = TensorType::kF32;
};

RouteStep Route(uint64_t chosen, RouteStep::Score score) {
  RouteStep step = {};
  step.chosen = chosen;
  step.score = score;
  return step;
}

// Routers see to it that no two experts are close to each other: a choice that
// rounding can turn is no test of anything else.
void AddMixture(TestGraph& g, const Mixture& mixture) {
  RouteStep route = mixture.route;
  route.logits = g.Project("router", g.x(), kExperts, 3);
  route.out = g.Value("routes", 2 * route.chosen);
  g.Add(route);
  const auto part = [&](const std::string& name, uint64_t in, uint64_t out) {
    const std::vector<uint64_t> shape = {in, out, kExperts};
    ExpertPart made = {
        mixture.type == TensorType::kF32
            ? g.Tensor(name, shape, 1 / std::sqrt(static_cast<double>(in)))
            : g.Packed(name, shape, mixture.type)};
    if (mixture.biases) made.bias = g.Tensor(name + "_b", {out, kExperts}, 0.5);
    return made;
  };
  ExpertsStep step = {
      .in = g.x(),
      .routes = route.out,
      .out = g.Value("mixed", kTestWidth),
      .gate = part("gate", kTestWidth, mixture.fused ? 2 * kHidden : kHidden),
      .up = {},
      .down = part("down", kHidden, kTestWidth),
      .activation = Activation::kSilu,
      .weigh_input = mixture.weigh_input};
  if (mixture.fused) {
    step.up = step.gate;
    step.up->first = kHidden;
  } else if (!mixture.without_up) {
    step.up = part("up", kTestWidth, kHidden);
  }
  g.Add(step);
  g.AddToX(step.out);
}

template <typename Edit>
void Check(const Mixture& mixture, Edit plain) {
  TestGraph g;
  AddMixture(g, mixture);
  GraphChecker checker(g);
  checker.CheckAll();
  EXPECT_GT(checker.Moves(plain), kSeen);
}

using Score = RouteStep::Score;

TEST(ExpertsStepTest, ScoresBecomeWeights) {
  for (const Score score :
       {Score::kSoftmax, Score::kSigmoid, Score::kSoftmaxOfChosen}) {
    for (const bool normalise : {false, true}) {
      Mixture mixture;
      mixture.route.chosen = 3;
      mixture.route.score = score;
      mixture.route.normalise = normalise;
      mixture.route.epsilon = 0.1;
      mixture.route.factor = 2.5;
      SCOPED_TRACE(normalise);
      Check(mixture, [](Graph& graph) { Find<RouteStep>(graph).factor = 1; });
    }
  }
}

TEST(ExpertsStepTest, ABiasMovesTheChoiceAlone) {
  TestGraph g;
  Mixture mixture;
  mixture.route = Route(2, Score::kSigmoid);
  mixture.route.normalise = true;
  mixture.route.choice_bias = g.Tensor("choice", {kExperts}, 0.5);
  mixture.route.expert_factors = g.Tensor("factors", {kExperts}, 1);
  AddMixture(g, mixture);
  GraphChecker checker(g);
  checker.CheckAll();
  EXPECT_GT(checker.Moves(
                [](Graph& graph) { Find<RouteStep>(graph).choice_bias = {}; }),
            kSeen);
  EXPECT_GT(checker.Moves([](Graph& graph) {
    Find<RouteStep>(graph).expert_factors = {};
  }),
            kSeen);
}

TEST(ExpertsStepTest, GroupsAreChosenFirst) {
  for (const uint64_t ranked : {1u, 2u}) {
    Mixture mixture;
    mixture.route = Route(3, Score::kSigmoid);
    mixture.route.groups = 4;
    mixture.route.chosen_groups = 2;
    mixture.route.ranked = ranked;
    Check(mixture,
          [](Graph& graph) { Find<RouteStep>(graph).chosen_groups = 4; });
    Check(mixture, [](Graph& graph) {
      RouteStep& step = Find<RouteStep>(graph);
      step.ranked = 3 - step.ranked;
    });
  }
}

TEST(ExpertsStepTest, MatricesHaveBiasesAndMayBeFused) {
  for (const bool fused : {false, true}) {
    Mixture mixture;
    mixture.route = Route(2, Score::kSoftmaxOfChosen);
    mixture.biases = true;
    mixture.fused = fused;
    Check(mixture, [](Graph& graph) {
      ExpertsStep& step = Find<ExpertsStep>(graph);
      step.up->bias = {};
    });
    Check(mixture,
          [](Graph& graph) { Find<ExpertsStep>(graph).down.bias = {}; });
  }
}

TEST(ExpertsStepTest, MatricesArePackedInAnyType) {
  for (const TensorType type :
       {TensorType::kMXFP4, TensorType::kQ4_0, TensorType::kQ8_0,
        TensorType::kBF16, TensorType::kF16}) {
    SCOPED_TRACE(TensorTypeName(type));
    TestGraph g;
    Mixture mixture;
    mixture.route = Route(3, Score::kSoftmaxOfChosen);
    mixture.biases = true;
    mixture.fused = type == TensorType::kQ4_0;
    mixture.type = type;
    AddMixture(g, mixture);
    GraphChecker(g).CheckAll();
  }
}

TEST(ExpertsStepTest, WeightsMayMultiplyTheInput) {
  Mixture mixture;
  mixture.route = Route(2, Score::kSigmoid);
  mixture.weigh_input = true;
  Check(mixture,
        [](Graph& graph) { Find<ExpertsStep>(graph).weigh_input = false; });
}

TEST(ExpertsStepTest, AGateStandsAloneToo) {
  TestGraph g;
  Mixture mixture;
  mixture.route = Route(1, Score::kSoftmax);
  mixture.without_up = true;
  AddMixture(g, mixture);
  GraphChecker(g).CheckAll();
}

}  // namespace
}  // namespace fullstop
