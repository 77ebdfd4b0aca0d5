// Attention and rotary embedding in all their forms, in graphs of their own.
#include <gtest/gtest.h>

#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include "model/graph_test_model.h"

namespace fullstop {
namespace {

constexpr uint64_t kHeads = 4;
constexpr uint64_t kKvHeads = 2;
constexpr uint64_t kLength = 16;

// A layer of attention, sharp enough that what it sees matters.
struct Layer {
  uint64_t value_length = kLength;
  RopeSpec rope = {.rotated = kLength};
  RopePairs pairs = RopePairs::kHalves;
  uint64_t rope_begin = 0;
  // Finds keys and values in the layer before.
  bool shared = false;
};

ValueId AddLayer(TestGraph& g, const Layer& layer, AttentionStep form = {}) {
  const std::string name = std::to_string(g.graph().steps.size());
  const ValueId query = g.Project(name + "q", g.x(), kHeads * kLength, 2);
  const RopeId rope = g.Rope(layer.rope);
  g.Add(RopeStep{query, kHeads, kLength, rope, layer.pairs, layer.rope_begin});
  if (layer.shared) {
    form.layer = static_cast<uint32_t>(g.graph().cache.size() - 1);
  } else {
    form.layer = static_cast<uint32_t>(g.graph().cache.size());
    g.graph().cache.push_back({kHeads, kKvHeads, kLength, layer.value_length});
    form.key = g.Project(name + "k", g.x(), kKvHeads * kLength, 2);
    form.value = g.Project(name + "v", g.x(), kKvHeads * layer.value_length);
    g.Add(RopeStep{*form.key, kKvHeads, kLength, rope, layer.pairs,
                   layer.rope_begin});
  }
  form.query = query;
  form.out = g.Value(name + "out", kHeads * layer.value_length);
  form.scale = 0.4;
  g.Add(form);
  g.AddToX(g.Project(name + "o", form.out, kTestWidth, 2));
  return form.out;
}

// CHECKS of a graph with one such layer behind a plain one, and that it differs
// from a plain one by more than can be rounded.
template <typename Edit>
void Check(const Layer& layer, const AttentionStep& form, Edit plain) {
  TestGraph g;
  AddLayer(g, layer, form);
  AddLayer(g, layer, form);
  GraphChecker checker(g);
  checker.CheckAll();
  EXPECT_GT(checker.Moves([&](Graph& graph) {
    for (Step& step : graph.steps) {
      if (auto* op = std::get_if<AttentionStep>(&step.op)) plain(*op);
    }
  }),
            kSeen);
}

TEST(AttentionStepTest, WindowsEndAtTheRow) {
  for (const uint64_t window : {1u, 7u, 64u, 100u}) {
    SCOPED_TRACE(window);
    AttentionStep form = {};
    form.window = window;
    Check({}, form, [](AttentionStep& step) { step.window += 1; });
  }
}

TEST(AttentionStepTest, ChunksBeginAtTheirMultiples) {
  for (const uint64_t chunk : {5u, 64u, 100u}) {
    SCOPED_TRACE(chunk);
    AttentionStep form = {};
    form.chunk = chunk;
    Check({}, form, [](AttentionStep& step) { step.chunk += 1; });
  }
}

TEST(AttentionStepTest, ScoresAreCapped) {
  AttentionStep form = {};
  form.soft_cap = 3;
  Check({}, form, [](AttentionStep& step) { step.soft_cap = 0; });
}

TEST(AttentionStepTest, SinksTakeTheirPart) {
  TestGraph g;
  AttentionStep form = {};
  form.sinks = g.Tensor("sinks", {kHeads}, 2, 3);
  AddLayer(g, {}, form);
  GraphChecker checker(g);
  checker.CheckAll();
  EXPECT_GT(checker.Moves(
                [](Graph& graph) { Find<AttentionStep>(graph).sinks = {}; }),
            kSeen);
}

TEST(AttentionStepTest, ValuesMayBeShorterOrLongerThanKeys) {
  for (const uint64_t length : {8u, 24u}) {
    TestGraph g;
    AddLayer(g, {.value_length = length});
    GraphChecker(g).CheckAll();
  }
}

TEST(AttentionStepTest, ALayerReadsTheCacheOfAnother) {
  TestGraph g;
  AttentionStep form = {};
  form.window = 30;
  AddLayer(g, {}, form);
  AddLayer(g, {.shared = true}, form);
  ASSERT_EQ(g.graph().cache.size(), 1u);
  GraphChecker(g).CheckAll();
}

TEST(AttentionStepTest, ValuesStandInTheKeys) {
  TestGraph g;
  g.graph().cache.push_back({.heads = kHeads,
                             .kv_heads = 1,
                             .head_length = 40,
                             .value_length = 32,
                             .values_in_keys = true});
  AttentionStep form = {};
  form.query = g.Project("q", g.x(), kHeads * 40, 2);
  form.key = g.Project("k", g.x(), 40);
  form.out = g.Value("out", kHeads * 32);
  form.scale = 0.4;
  g.Add(form);
  g.AddToX(g.Project("o", form.out, kTestWidth));
  GraphChecker(g).CheckAll();
}

// DeepSeek's: the cache holds a latent vector and one rotary key for all heads;
// queries are taken to the latent space, results from it.
TEST(HeadLinearStepTest, LatentAttentionReadsOneCachedKeyForAllHeads) {
  constexpr uint64_t kPlain = 8;
  constexpr uint64_t kRotary = 8;
  constexpr uint64_t kLatent = 32;
  constexpr uint64_t kValue = 24;
  TestGraph g;
  g.graph().cache.push_back({.heads = kHeads,
                             .kv_heads = 1,
                             .head_length = kLatent + kRotary,
                             .value_length = kLatent,
                             .values_in_keys = true});
  const RopeId rope = g.Rope({.rotated = kRotary});
  const ValueId query = g.Project("q", g.x(), kHeads * (kPlain + kRotary), 2);
  g.Add(RopeStep{query, kHeads, kPlain + kRotary, rope, RopePairs::kAdjacent,
                 kPlain});
  const ValueId absorbed = g.Value("absorbed", kHeads * (kLatent + kRotary));
  g.Add(HeadLinearStep{query, g.Tensor("k_b", {kPlain, kLatent, kHeads}, 0.3),
                       absorbed});
  g.Add(CopyStep{query, kPlain, kPlain + kRotary, absorbed, kLatent,
                 kLatent + kRotary, kRotary, kHeads});

  const ValueId key = g.Project("kv_a", g.x(), kLatent + kRotary);
  const ValueId latent = g.Value("latent", kLatent);
  g.Add(CopyStep{key, 0, 0, latent, 0, 0, kLatent});
  g.Add(
      NormStep{latent, g.Tensor("kv_a_norm", {kLatent}, 0.5, 1), 1e-6, latent});
  g.Add(CopyStep{latent, 0, 0, key, 0, 0, kLatent});
  g.Add(
      RopeStep{key, 1, kLatent + kRotary, rope, RopePairs::kAdjacent, kLatent});

  AttentionStep form = {};
  form.query = absorbed;
  form.key = key;
  form.out = g.Value("out", kHeads * kLatent);
  form.scale = 0.5;
  g.Add(form);
  const ValueId values = g.Project("values", g.x(), kHeads * (kValue + 8));
  g.Add(HeadLinearStep{
      form.out, g.Tensor("v_b", {kLatent, kValue, kHeads}, 0.3), values, 0, 8});
  g.AddToX(g.Project("o", values, kTestWidth));
  GraphChecker(g).CheckAll();
}

TEST(RopeStepTest, PairsStandInHalvesOrSideBySideAndAnywhereInAHead) {
  for (const RopePairs pairs : {RopePairs::kAdjacent, RopePairs::kHalves}) {
    for (const uint64_t begin : {0u, 6u}) {
      TestGraph g;
      AddLayer(g, {.rope = {.rotated = kLength - 6},
                   .pairs = pairs,
                   .rope_begin = begin});
      GraphChecker checker(g);
      checker.CheckAll();
      EXPECT_GT(checker.Moves([](Graph& graph) {
        for (Step& step : graph.steps) {
          auto* rope = std::get_if<RopeStep>(&step.op);
          if (rope == nullptr) continue;
          rope->pairs = rope->pairs == RopePairs::kHalves ? RopePairs::kAdjacent
                                                          : RopePairs::kHalves;
        }
      }),
                kSeen);
      EXPECT_GT(checker.Moves([](Graph& graph) {
        for (Step& step : graph.steps) {
          if (auto* rope = std::get_if<RopeStep>(&step.op)) rope->begin = 3;
        }
      }),
                kSeen);
    }
  }
}

TEST(RopeStepTest, LayersHaveTheirOwnAngles) {
  TestGraph g;
  AddLayer(g, {.rope = {.rotated = kLength, .base = 1000000}});
  AddLayer(g, {.rope = {.rotated = kLength, .base = 100}});
  GraphChecker checker(g);
  checker.CheckAll();
  EXPECT_GT(checker.Moves([](Graph& graph) {
    std::swap(graph.ropes[0], graph.ropes[1]);
  }),
            kSeen);
}

// The models of these tests are run with 200 positions.
TEST(RopeStepTest, LongFactorsAreTakenForALongContext) {
  for (const double original : {100.0, 200.0}) {
    TestGraph g;
    RopeSpec rope = {.rotated = kLength, .original_context = original};
    rope.factors = g.Tensor("short", {kLength / 2}, 0.1, 1);
    rope.long_factors = g.Tensor("long", {kLength / 2}, 1, 4);
    AddLayer(g, {.rope = rope});
    GraphChecker checker(g);
    checker.CheckNumbers();
    const bool is_long = original == 100.0;
    EXPECT_EQ(checker.Moves([](Graph& graph) {
      graph.ropes[0].long_factors = {};
    }) > kSeen,
              is_long);
  }
}

}  // namespace
}  // namespace fullstop
