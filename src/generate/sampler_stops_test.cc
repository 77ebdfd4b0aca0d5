// Sampling cannot break the promise: what penalties, DRY and XTC leave of stop
// ids, bit for bit.
#include <bit>
#include <cmath>
#include <limits>
#include <map>
#include <random>

#include "generate/candidates.h"
#include "generate/sampler.h"
#include "gtest/gtest.h"

namespace fullstop {
namespace {

using Ids = std::vector<TokenId>;

struct Scene {
  SamplingParams params;
  SamplerVocabulary vocabulary;
  std::vector<float> logits;
  Ids history;
};

// Logits of both signs, zeros of both signs and tiny ones; a history that is
// full of repetitions and of stop ids.
Scene RandomScene(std::mt19937_64& random) {
  std::normal_distribution<float> normal(0.0f, 5.0f);
  std::uniform_real_distribution<float> unit(0.0f, 1.0f);
  const float odd[] = {0.0f, -0.0f, 1e-40f, -1e-40f, 3e38f, -3e38f};
  Scene scene;
  scene.vocabulary.size = 2 + random() % 40;
  for (size_t i = 0; i < scene.vocabulary.size; ++i) {
    scene.logits.push_back(random() % 8 == 0 ? odd[random() % 6]
                                             : normal(random));
    if (random() % 4 == 0) {
      scene.vocabulary.stop_ids.push_back(static_cast<TokenId>(i));
    }
  }
  const size_t period = 1 + random() % 9;
  for (size_t i = random() % 100; i > 0; --i) {
    const bool repeats = scene.history.size() >= period && random() % 10 != 0;
    scene.history.push_back(
        repeats ? scene.history[scene.history.size() - period]
                : static_cast<TokenId>(random() % scene.vocabulary.size));
  }
  if (random() % 2 == 0) {
    scene.vocabulary.dry_breakers = {
        {static_cast<TokenId>(random() % scene.vocabulary.size)}};
  }
  SamplingParams& p = scene.params;
  p.repeat_penalty = 0.5f + 2 * unit(random);
  p.frequency_penalty = 4 * unit(random) - 2;
  p.presence_penalty = 4 * unit(random) - 2;
  p.repeat_last_n = random() % 2 == 0 ? -1 : 64;
  p.dry_multiplier = 2 * unit(random) + 0.1f;
  p.dry_base = 1 + 3 * unit(random);
  p.dry_allowed_length = static_cast<int32_t>(random() % 4);
  p.xtc_probability = 1.0f;
  p.xtc_threshold = 0.5f * unit(random);
  return scene;
}

TEST(SamplerStopsTest, StopLogitsStayBitForBitAndOthersDoNot) {
  std::mt19937_64 random(12);
  size_t stops_in_history = 0;
  std::map<SamplerStage, size_t> changed;
  for (int round = 0; round < 100'000; ++round) {
    const Scene scene = RandomScene(random);
    const DrawContext draw{.history = scene.history,
                           .stop_ids = scene.vocabulary.stop_ids,
                           .position = random()};
    for (const TokenId id : scene.history) {
      stops_in_history += draw.IsStop(id) ? 1 : 0;
    }
    for (const SamplerStage stage :
         {SamplerStage::kPenalties, SamplerStage::kDry, SamplerStage::kXtc}) {
      Candidates candidates;
      candidates.Reset(scene.logits);
      MakeSampler(stage, scene.params, scene.vocabulary)
          ->Apply(draw, &candidates);
      for (const TokenId id : scene.vocabulary.stop_ids) {
        const std::optional<size_t> i = candidates.Find(id);
        ASSERT_TRUE(i.has_value()) << SamplerStageName(stage);
        ASSERT_EQ(
            std::bit_cast<uint32_t>(candidates.logit(*i)),
            std::bit_cast<uint32_t>(scene.logits[static_cast<size_t>(id)]))
            << SamplerStageName(stage) << ", round " << round;
      }
      changed[stage] += candidates.TakeChanged();
      changed[stage] += scene.logits.size() - candidates.size();
    }
  }
  EXPECT_GT(stops_in_history, 100'000u);
  EXPECT_GT(changed[SamplerStage::kPenalties], 100'000u);
  EXPECT_GT(changed[SamplerStage::kDry], 100'000u);
  EXPECT_GT(changed[SamplerStage::kXtc], 10'000u);
}

// XTC removes as much as it would if no stop id were there.
TEST(SamplerStopsTest, XtcLooksAtOtherTokensOnly) {
  SamplingParams params;
  params.xtc_probability = 1.0f;
  params.xtc_threshold = 0.1f;
  const std::vector<float> logits = {std::log(0.4f), std::log(0.3f),
                                     std::log(0.2f), std::log(0.1f)};
  const auto kept = [&](Ids stop_ids) {
    const SamplerVocabulary vocabulary = {.size = 4, .stop_ids = stop_ids};
    Candidates candidates;
    candidates.Reset(logits);
    MakeSampler(SamplerStage::kXtc, params, vocabulary)
        ->Apply({.stop_ids = vocabulary.stop_ids}, &candidates);
    Ids ids;
    for (size_t i = 0; i < candidates.size(); ++i) {
      ids.push_back(candidates.id(i));
    }
    return ids;
  };
  EXPECT_EQ(kept({}), (Ids{2, 3}));
  EXPECT_EQ(kept({0}), (Ids{0, 2, 3}));
  EXPECT_EQ(kept({2}), (Ids{1, 2, 3}));
  EXPECT_EQ(kept({1, 2}), (Ids{0, 1, 2, 3}));
}

}  // namespace
}  // namespace fullstop
