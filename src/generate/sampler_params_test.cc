#include "generate/sampler_params.h"

#include <cmath>
#include <functional>
#include <limits>
#include <utility>

#include "base/error.h"
#include "gtest/gtest.h"

namespace fullstop {
namespace {

using Stages = std::vector<SamplerStage>;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

std::string MessageOf(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), Error::Kind::kUsage);
    EXPECT_FALSE(error.advice().empty());
    return error.message();
  }
  return "no error";
}

TEST(SamplerParamsTest, DefaultsAreValidAndTheChainHasWhatActs) {
  EXPECT_EQ(MessageOf([] { ValidateSamplingParams({}); }), "no error");
  EXPECT_EQ(EffectiveChain({}),
            (Stages{SamplerStage::kTopP, SamplerStage::kMinP,
                    SamplerStage::kTemperature}));
  EXPECT_TRUE(UnusedSamplers({}).empty());
}

TEST(SamplerParamsTest, EachBadValueIsNamedByItsFlag) {
  using Change = std::function<void(SamplingParams*)>;
  const std::vector<std::pair<std::string, Change>> changes = {
      {"--temp is -1", [](SamplingParams* p) { p->temp = -1; }},
      {"--temp is nan", [](SamplingParams* p) { p->temp = kNan; }},
      {"--temp is inf", [](SamplingParams* p) { p->temp = kInfinity; }},
      {"--dynatemp-range is -0.5",
       [](SamplingParams* p) { p->dynatemp_range = -0.5f; }},
      {"--dynatemp-exp is 0",
       [](SamplingParams* p) { p->dynatemp_exponent = 0; }},
      {"--top-k is -3", [](SamplingParams* p) { p->top_k = -3; }},
      {"--top-p is 1.5", [](SamplingParams* p) { p->top_p = 1.5f; }},
      {"--min-p is -0.25", [](SamplingParams* p) { p->min_p = -0.25f; }},
      {"--typical is nan", [](SamplingParams* p) { p->typ_p = kNan; }},
      {"--top-nsigma is -1", [](SamplingParams* p) { p->top_n_sigma = -1; }},
      {"--xtc-probability is 2",
       [](SamplingParams* p) { p->xtc_probability = 2; }},
      {"--xtc-threshold is 1.25",
       [](SamplingParams* p) { p->xtc_threshold = 1.25f; }},
      {"--min-keep is -1", [](SamplingParams* p) { p->min_keep = -1; }},
      {"--repeat-last-n is -2",
       [](SamplingParams* p) { p->repeat_last_n = -2; }},
      {"--repeat-penalty is 0",
       [](SamplingParams* p) { p->repeat_penalty = 0; }},
      {"--frequency-penalty is inf",
       [](SamplingParams* p) { p->frequency_penalty = kInfinity; }},
      {"--presence-penalty is nan",
       [](SamplingParams* p) { p->presence_penalty = kNan; }},
      {"--dry-multiplier is -1",
       [](SamplingParams* p) { p->dry_multiplier = -1; }},
      {"--dry-base is 0.5", [](SamplingParams* p) { p->dry_base = 0.5f; }},
      {"--dry-allowed-length is -1",
       [](SamplingParams* p) { p->dry_allowed_length = -1; }},
      {"--dry-penalty-last-n is -2",
       [](SamplingParams* p) { p->dry_penalty_last_n = -2; }},
      {"--mirostat is 3", [](SamplingParams* p) { p->mirostat = 3; }},
      {"--mirostat-ent is 0", [](SamplingParams* p) { p->mirostat_ent = 0; }},
      {"--mirostat-lr is -1", [](SamplingParams* p) { p->mirostat_lr = -1; }},
      {"--logit-bias of token 7 is inf",
       [](SamplingParams* p) {
         p->logit_bias = {{3, -kInfinity}, {7, kInfinity}};
       }},
      {"--samplers names 'top_k' twice",
       [](SamplingParams* p) {
         p->samplers = {SamplerStage::kTopK, SamplerStage::kTopK};
       }},
      {"--samplers names 'mirostat'",
       [](SamplingParams* p) { p->samplers = {SamplerStage::kMirostat}; }},
  };
  for (const auto& [message, change] : changes) {
    SamplingParams params;
    change(&params);
    EXPECT_EQ(MessageOf([&] { ValidateSamplingParams(params); }), message);
  }
}

TEST(SamplerParamsTest, AnOrderIsReadAndWrongNamesAreTold) {
  EXPECT_EQ(ParseSamplerOrder("temperature;top_k,typical"),
            (Stages{SamplerStage::kTemperature, SamplerStage::kTopK,
                    SamplerStage::kTypicalP}));
  EXPECT_EQ(ParseSamplerOrder(""), Stages{});
  std::string all;
  for (const SamplerStage stage : SamplingParams().samplers) {
    all += (all.empty() ? "" : ";") + std::string(SamplerStageName(stage));
  }
  EXPECT_EQ(ParseSamplerOrder(all), SamplingParams().samplers);
  const auto parse = [](const char* text) {
    return MessageOf([text] { ParseSamplerOrder(text); });
  };
  EXPECT_EQ(parse("top_k;topp"), "--samplers names 'topp'");
  EXPECT_EQ(parse("top_k;;min_p"), "--samplers names ''");
  EXPECT_EQ(parse("temp;temperature"), "--samplers names 'temperature' twice");
  EXPECT_EQ(parse("mirostat"), "--samplers names 'mirostat'");
}

TEST(SamplerParamsTest, MirostatTakesThePlaceOfWhatRemovesTokens) {
  SamplingParams params;
  params.mirostat = 2;
  params.repeat_penalty = 1.1f;
  params.top_k = 40;
  EXPECT_EQ(EffectiveChain(params),
            (Stages{SamplerStage::kPenalties, SamplerStage::kTemperature,
                    SamplerStage::kMirostat}));
  EXPECT_EQ(
      UnusedSamplers(params),
      (Stages{SamplerStage::kTopK, SamplerStage::kTopP, SamplerStage::kMinP}));
}

TEST(SamplerParamsTest, WhatTheOrderLeavesOutIsTold) {
  SamplingParams params;
  params.samplers = {SamplerStage::kTopP};
  EXPECT_EQ(UnusedSamplers(params),
            (Stages{SamplerStage::kMinP, SamplerStage::kTemperature}));
  params.temp = 0.0f;
  EXPECT_EQ(UnusedSamplers(params), Stages{SamplerStage::kMinP});
}

}  // namespace
}  // namespace fullstop
