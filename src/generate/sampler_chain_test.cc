#include "generate/sampler_chain.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <random>

#include "base/error.h"
#include "gtest/gtest.h"

namespace fullstop {
namespace {

using Ids = std::vector<TokenId>;

constexpr float kInfinity = std::numeric_limits<float>::infinity();

// All samplers off, temperature 1.
SamplingParams Neutral() {
  SamplingParams params;
  params.temp = 1.0f;
  params.top_p = 1.0f;
  params.min_p = 0.0f;
  return params;
}

std::vector<float> RandomLogits(std::mt19937_64& random, size_t size) {
  std::normal_distribution<float> normal(0.0f, 3.0f);
  std::vector<float> logits(size);
  for (float& logit : logits) logit = normal(random);
  return logits;
}

std::vector<std::pair<TokenId, SamplerStage>> Removed(
    const SampleRecord& record) {
  std::vector<std::pair<TokenId, SamplerStage>> losses;
  for (const StopLoss& loss : record.stop_losses) {
    EXPECT_TRUE(loss.removed);
    losses.emplace_back(loss.id, loss.stage);
  }
  return losses;
}

std::string MessageOf(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.message();
  }
  return "no error";
}

// Allows ids of one parity, the other one after each token.
class Parity : public Constraint {
 public:
  std::unique_ptr<Constraint> Clone() const override {
    return std::make_unique<Parity>(*this);
  }
  void FillMask(std::span<uint64_t> allowed) const override {
    for (uint64_t& word : allowed) {
      word |= accepted_ % 2 == 0 ? 0x5555555555555555 : 0xAAAAAAAAAAAAAAAA;
    }
  }
  bool MayEnd() const override { return accepted_ >= 4; }
  void Accept(TokenId) override { ++accepted_; }
  void Rollback(size_t n) override { accepted_ -= n; }

 private:
  size_t accepted_ = 0;
};

TEST(SamplerChainTest, TheRecordTellsTheRawDistribution) {
  const std::vector<float> logits = {1, 3, 2, -kInfinity, 0};
  SamplerChain chain(SamplingParams(), {.size = 5, .stop_ids = {4, 2, 3}});
  const SampleRecord record = chain.Sample(logits, {.position = 3, .top = 3});
  double total = 0;
  for (const double logit : logits) total += std::exp(logit);
  const auto p = [&](size_t i) { return std::exp(logits[i]) / total; };
  EXPECT_NEAR(record.p_stop, p(2) + p(4), 1e-7);
  EXPECT_NEAR(record.logprob, std::log(p(static_cast<size_t>(record.id))),
              1e-6);
  double entropy = 0;
  for (const size_t i : {0, 1, 2, 4}) entropy -= p(i) * std::log(p(i));
  EXPECT_NEAR(record.entropy, entropy, 1e-6);
  ASSERT_EQ(record.top.size(), 3u);
  EXPECT_EQ(record.top[0].id, 1);
  EXPECT_EQ(record.top[1].id, 2);
  EXPECT_EQ(record.top[2].id, 0);
  EXPECT_EQ(record.top[2].logit, 1.0f);
  EXPECT_NEAR(record.top[2].logprob, std::log(p(0)), 1e-6);
}

TEST(SamplerChainTest, StagesStandInTheOrderInWhichTheyActed) {
  SamplingParams params;
  params.logit_bias = {{2, 5.0f}};
  params.repeat_penalty = 2.0f;
  params.top_k = 3;
  params.top_p = 0.99f;
  params.samplers =
      ParseSamplerOrder("temperature;top_k;penalties;top_p;min_p");
  SamplerChain chain(params, {.size = 6, .suppress = {5}},
                     std::make_unique<Parity>());
  chain.Prime(Ids{4, 4, 1});
  const std::vector<float> logits = {1, 2, 3, 4, 5, 6};
  const Ids banned = {0};
  const SampleRecord record = chain.Sample(logits, {.banned = banned});
  std::vector<std::tuple<SamplerStage, size_t, size_t>> stages;
  for (const StageEffect& effect : record.stages) {
    stages.emplace_back(effect.stage, effect.changed, effect.kept);
  }
  // Left after the exclusions: 2 with logit 8, and 4 with logit 5.
  EXPECT_EQ(stages, (std::vector<std::tuple<SamplerStage, size_t, size_t>>{
                        {SamplerStage::kLogitBias, 1, 6},
                        {SamplerStage::kSuppress, 1, 5},
                        {SamplerStage::kConstraint, 0, 3},
                        {SamplerStage::kBan, 1, 2},
                        {SamplerStage::kTemperature, 2, 2},
                        {SamplerStage::kTopK, 0, 2},
                        {SamplerStage::kPenalties, 1, 2},
                        {SamplerStage::kTopP, 0, 1},
                        {SamplerStage::kMinP, 0, 1}}));
}

TEST(SamplerChainTest, TheOrderOfTheChainDecides) {
  // Probabilities 0.6, 0.3, 0.1; at temperature 2 they are nearer to equal.
  const std::vector<float> logits = {std::log(0.6f), std::log(0.3f),
                                     std::log(0.1f)};
  SamplingParams params = Neutral();
  params.temp = 2.0f;
  params.top_p = 0.75f;
  params.samplers = ParseSamplerOrder("top_p;temperature");
  const auto kept = [&] {
    SamplerChain chain(params, {.size = 3});
    return chain.Sample(logits, {}).stages.back().kept;
  };
  EXPECT_EQ(kept(), 2u);
  params.temp = 4.0f;
  params.samplers = ParseSamplerOrder("temperature;top_p");
  EXPECT_EQ(kept(), 3u);
}

TEST(SamplerChainTest, CutStopsAreNamedWithTheSamplerThatCutThem) {
  const std::vector<float> logits = {5, 4, 0, -1, -20};
  const auto losses = [&](const std::function<void(SamplingParams*)>& change) {
    SamplingParams params = Neutral();
    change(&params);
    SamplerChain chain(params, {.size = 5, .stop_ids = {1, 3, 4}});
    return Removed(chain.Sample(logits, {}));
  };
  using Losses = std::vector<std::pair<TokenId, SamplerStage>>;
  EXPECT_EQ(losses([](SamplingParams*) {}), Losses{});
  EXPECT_EQ(losses([](SamplingParams* p) { p->top_k = 4; }),
            (Losses{{4, SamplerStage::kTopK}}));
  EXPECT_EQ(losses([](SamplingParams* p) { p->top_p = 0.9f; }),
            (Losses{{3, SamplerStage::kTopP}, {4, SamplerStage::kTopP}}));
  EXPECT_EQ(losses([](SamplingParams* p) { p->min_p = 0.001f; }),
            (Losses{{4, SamplerStage::kMinP}}));
  EXPECT_EQ(losses([](SamplingParams* p) { p->typ_p = 0.5f; }),
            (Losses{{1, SamplerStage::kTypicalP},
                    {3, SamplerStage::kTypicalP},
                    {4, SamplerStage::kTypicalP}}));
  EXPECT_EQ(losses([](SamplingParams* p) { p->top_n_sigma = 1.0f; }),
            (Losses{{4, SamplerStage::kTopNSigma}}));
  EXPECT_EQ(losses([](SamplingParams* p) {
              p->top_k = 4;
              p->min_p = 0.2f;
            }),
            (Losses{{4, SamplerStage::kTopK}, {3, SamplerStage::kMinP}}));
  EXPECT_EQ(losses([](SamplingParams* p) {
              p->mirostat = 2;
              p->mirostat_ent = 0.01f;
            }),
            (Losses{{1, SamplerStage::kMirostat},
                    {3, SamplerStage::kMirostat},
                    {4, SamplerStage::kMirostat}}));
}

TEST(SamplerChainTest, WhatSuppressesStopsIsNamed) {
  const std::vector<float> logits = {5, 4, 3, 2};
  SamplingParams params = Neutral();
  params.ignore_eos = true;
  params.logit_bias = {{1, -2.0f}, {2, -kInfinity}, {0, -1.0f}};
  SamplerChain chain(params, {.size = 4, .stop_ids = {1, 2, 3}});
  const SampleRecord record = chain.Sample(logits, {});
  ASSERT_EQ(record.stop_losses.size(), 4u);
  const auto expect = [&](size_t i, TokenId id, SamplerStage stage,
                          bool removed) {
    EXPECT_EQ(record.stop_losses[i].id, id);
    EXPECT_EQ(record.stop_losses[i].stage, stage);
    EXPECT_EQ(record.stop_losses[i].removed, removed);
  };
  expect(0, 1, SamplerStage::kLogitBias, false);
  expect(1, 2, SamplerStage::kLogitBias, true);
  expect(2, 1, SamplerStage::kIgnoreEos, true);
  expect(3, 3, SamplerStage::kIgnoreEos, true);
  EXPECT_EQ(record.id, 0);

  SamplerChain suppressed(Neutral(),
                          {.size = 4, .stop_ids = {2}, .suppress = {2}});
  EXPECT_EQ(Removed(suppressed.Sample(logits, {})),
            (std::vector<std::pair<TokenId, SamplerStage>>{
                {2, SamplerStage::kSuppress}}));
}

TEST(SamplerChainTest, AConstraintDecidesWhereTheReplyMayEnd) {
  std::mt19937_64 random(7);
  SamplerChain chain(Neutral(), {.size = 100, .stop_ids = {40, 41}},
                     std::make_unique<Parity>());
  for (size_t i = 0; i < 10; ++i) {
    const SampleRecord record =
        chain.Sample(RandomLogits(random, 100), {.position = i});
    if (i < 4) {
      EXPECT_EQ(Removed(record), (std::vector<std::pair<TokenId, SamplerStage>>{
                                     {40, SamplerStage::kConstraint},
                                     {41, SamplerStage::kConstraint}}));
      EXPECT_EQ(record.stages[0].kept, 49u);
    } else {
      EXPECT_TRUE(record.stop_losses.empty());
      EXPECT_EQ(record.stages[0].kept, 51u);
    }
    const bool stop = record.id == 40 || record.id == 41;
    EXPECT_TRUE(stop ? i >= 4 : static_cast<size_t>(record.id) % 2 == i % 2);
    chain.Accept(record.id);
  }
}

TEST(SamplerChainTest, GreedyTakesTheBestAndOfEqualsTheFirst) {
  SamplingParams params;
  params.temp = 0.0f;
  const std::vector<float> logits = {1, 7, 3, 7};
  for (const char* order : {"top_p;temperature", "temperature;top_p", ""}) {
    params.samplers = ParseSamplerOrder(order);
    SamplerChain chain(params, {.size = 4});
    for (uint64_t position = 0; position < 50; ++position) {
      const SampleRecord record = chain.Sample(logits, {.position = position});
      EXPECT_EQ(record.id, 1);
      EXPECT_EQ(record.drawn_with, 1.0);
    }
  }
}

TEST(SamplerChainTest, ATinyTemperatureIsGreedyInEffect) {
  SamplingParams params = Neutral();
  params.temp = std::numeric_limits<float>::min();
  SamplerChain chain(params, {.size = 3});
  const std::vector<float> logits = {-3, -1, -2};
  EXPECT_EQ(chain.Sample(logits, {}).id, 1);
}

TEST(SamplerChainTest, SameSeedSameIdsOtherSeedOtherIds) {
  std::mt19937_64 random(8);
  std::vector<std::vector<float>> rows;
  for (int i = 0; i < 200; ++i) rows.push_back(RandomLogits(random, 300));
  const auto ids = [&](uint64_t seed) {
    SamplingParams params;
    params.seed = seed;
    params.repeat_penalty = 1.1f;
    params.xtc_probability = 0.5f;
    params.xtc_threshold = 0.05f;
    SamplerChain chain(params, {.size = 300});
    Ids drawn;
    for (size_t i = 0; i < rows.size(); ++i) {
      drawn.push_back(chain.Sample(rows[i], {.position = i}).id);
      chain.Accept(drawn.back());
    }
    return drawn;
  };
  EXPECT_EQ(ids(1), ids(1));
  EXPECT_NE(ids(1), ids(2));
}

TEST(SamplerChainTest, DrawingTwiceOrInAnotherOrderChangesNothing) {
  std::mt19937_64 random(9);
  const std::vector<float> logits = RandomLogits(random, 50);
  SamplerChain chain(Neutral(), {.size = 50});
  Ids forwards;
  for (uint64_t i = 0; i < 100; ++i) {
    forwards.push_back(chain.Sample(logits, {.position = i}).id);
  }
  Ids backwards;
  for (uint64_t i = 100; i-- > 0;) {
    chain.Sample(logits, {.position = 1000 + i});
    backwards.push_back(chain.Sample(logits, {.position = i}).id);
  }
  std::reverse(backwards.begin(), backwards.end());
  EXPECT_EQ(forwards, backwards);
}

// Two chains draw and compare; the one that was taken back must go on exactly
// as the copy that was made before.
TEST(SamplerChainTest, RollbackRestoresTheChainExactly) {
  std::mt19937_64 random(10);
  for (int mirostat = 0; mirostat <= 2; ++mirostat) {
    SamplingParams params;
    params.mirostat = mirostat;
    params.repeat_penalty = 1.2f;
    params.frequency_penalty = 0.1f;
    params.repeat_last_n = 8;
    params.dry_multiplier = 0.5f;
    params.dry_allowed_length = 1;
    params.xtc_probability = 0.5f;
    SamplerChain chain(params, {.size = 30, .stop_ids = {3}},
                       std::make_unique<Parity>());
    chain.Prime(Ids{1, 2, 3});
    std::vector<SamplerChain> copies = {chain};
    for (int step = 0; step < 2000; ++step) {
      const size_t taken = random() % 3 == 0 ? random() % copies.size() : 0;
      if (taken > 0) {
        chain.Rollback(taken);
        copies.erase(copies.end() - static_cast<ptrdiff_t>(taken),
                     copies.end());
        SamplerChain before = copies.back();
        ASSERT_TRUE(chain.SameState(before));
        const std::vector<float> logits = RandomLogits(random, 30);
        const SampleRecord a = chain.Sample(logits, {.position = 5});
        const SampleRecord b = before.Sample(logits, {.position = 5});
        ASSERT_EQ(a.id, b.id);
        ASSERT_EQ(a.drawn_with, b.drawn_with);
        continue;
      }
      const SampleRecord record =
          chain.Sample(RandomLogits(random, 30), {.position = random()});
      chain.Accept(random() % 5 == 0 ? static_cast<TokenId>(random() % 30)
                                     : record.id);
      ASSERT_FALSE(chain.SameState(copies.back()));
      copies.push_back(chain);
    }
  }
}

// Mirostat 2 by hand: keep what surprises by at most mu bits, then move mu by
// the error of the drawn token's surprise among what was kept.
TEST(SamplerChainTest, MirostatMovesItsBoundByTheObservedSurprise) {
  std::mt19937_64 random(11);
  SamplingParams params = Neutral();
  params.mirostat = 2;
  params.mirostat_ent = 3.0f;
  SamplerChain chain(params, {.size = 500});
  double mu = 6.0;
  double sum = 0.0;
  constexpr size_t kSteps = 3000;
  for (size_t i = 0; i < kSteps; ++i) {
    const std::vector<float> logits = RandomLogits(random, 500);
    const LogitSummary summary = SummarizeLogits(logits);
    double kept = 0;
    double chosen = 0;
    const SampleRecord record = chain.Sample(logits, {.position = i});
    for (TokenId id = 0; id < 500; ++id) {
      const double logprob = LogProbability(logits, summary, id);
      if (-logprob / std::log(2.0) > mu) continue;
      kept += std::exp(logprob);
      if (id == record.id) chosen = std::exp(logprob);
    }
    ASSERT_GT(chosen, 0.0);
    EXPECT_NEAR(record.drawn_with, chosen / kept, 1e-5);
    const double surprise = -std::log2(chosen / kept);
    mu -= params.mirostat_lr * (surprise - 3.0);
    sum += surprise;
    chain.Accept(record.id);
  }
  EXPECT_NEAR(sum / kSteps, 3.0, 0.05);
}

TEST(SamplerChainTest, ForcedTokensTeachMirostatNothing) {
  SamplingParams params = Neutral();
  params.mirostat = 2;
  SamplerChain chain(params, {.size = 4});
  SamplerChain other = chain;
  const std::vector<float> logits = {4, 3, 2, 1};
  const SampleRecord record = chain.Sample(logits, {});
  const TokenId forced = record.id == 3 ? 2 : 3;
  chain.Accept(forced);
  other.Accept(forced);
  EXPECT_TRUE(chain.SameState(other));
}

TEST(SamplerChainTest, MistakesAreTold) {
  const SamplerVocabulary vocabulary = {.size = 3};
  SamplingParams params;
  params.logit_bias = {{3, 1.0f}};
  EXPECT_EQ(MessageOf([&] { SamplerChain(params, vocabulary); }),
            "--logit-bias names token 3, the vocabulary has 3");
  EXPECT_EQ(MessageOf([&] { SamplerChain({}, {.size = 3, .stop_ids = {-1}}); }),
            "the stop set names token -1, the vocabulary has 3");
  SamplerChain chain(SamplingParams(), vocabulary);
  EXPECT_EQ(MessageOf([&] { chain.Sample(std::vector<float>(4), {}); }),
            "there are 4 logits for 3 tokens");
  EXPECT_EQ(MessageOf([&] {
              chain.Sample(std::vector<float>{1, std::nanf(""), 2}, {});
            }),
            "the logit of token 1 is nan");
  const Ids banned = {0, 1, 2};
  EXPECT_EQ(MessageOf([&] {
              chain.Sample(std::vector<float>(3), {.banned = banned});
            }),
            "ban leaves no token to draw from");
  params = SamplingParams();
  params.top_p = 2.0f;
  EXPECT_EQ(MessageOf([&] { SamplerChain(params, vocabulary); }),
            "--top-p is 2");
}

}  // namespace
}  // namespace fullstop
