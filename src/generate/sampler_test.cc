// Every sampler and many chains against values computed elsewhere, from the
// definitions; see tests/oracles/make_sampler_cases.py.
#include "generate/sampler.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "generate/sampler_chain.h"
#include "gtest/gtest.h"

namespace fullstop {
namespace {

using Json = nlohmann::json;

constexpr float kInfinity = std::numeric_limits<float>::infinity();

struct SamplerCase {
  std::string name;
  SamplingParams params;
  SamplerVocabulary vocabulary;
  std::vector<float> logits;
  std::vector<TokenId> history;
  std::map<TokenId, double> expected;
};

SamplingParams ParseParams(const Json& json) {
  SamplingParams p;
  p.temp = json.value("temp", 1.0f);
  p.dynatemp_range = json.value("dynatemp_range", 0.0f);
  p.dynatemp_exponent = json.value("dynatemp_exponent", 1.0f);
  p.top_k = json.value("top_k", 0);
  p.top_p = json.value("top_p", 1.0f);
  p.min_p = json.value("min_p", 0.0f);
  p.typ_p = json.value("typ_p", 1.0f);
  p.top_n_sigma = json.value("top_n_sigma", 0.0f);
  p.xtc_probability = json.value("xtc_probability", 0.0f);
  p.xtc_threshold = json.value("xtc_threshold", 0.1f);
  p.min_keep = json.value("min_keep", 0);
  p.repeat_last_n = json.value("repeat_last_n", 64);
  p.repeat_penalty = json.value("repeat_penalty", 1.0f);
  p.frequency_penalty = json.value("frequency_penalty", 0.0f);
  p.presence_penalty = json.value("presence_penalty", 0.0f);
  p.dry_multiplier = json.value("dry_multiplier", 0.0f);
  p.dry_base = json.value("dry_base", 1.75f);
  p.dry_allowed_length = json.value("dry_allowed_length", 2);
  p.dry_penalty_last_n = json.value("dry_penalty_last_n", 64);
  p.mirostat = json.value("mirostat", 0);
  p.mirostat_ent = json.value("mirostat_ent", 5.0f);
  std::string order;
  for (const std::string stage : json["chain"]) {
    if (stage != "mirostat") order += (order.empty() ? "" : ";") + stage;
  }
  p.samplers = ParseSamplerOrder(order);
  return p;
}

const std::vector<SamplerCase>& Cases() {
  static const std::vector<SamplerCase> cases = [] {
    std::vector<SamplerCase> all;
    std::ifstream file(FULLSTOP_SOURCE_DIR "/src/generate/sampler_cases.json");
    for (const Json& json : Json::parse(file)) {
      SamplerCase c;
      c.name = json["name"];
      c.params = ParseParams(json);
      for (const Json& logit : json["logits"]) {
        c.logits.push_back(logit.is_null() ? -kInfinity : logit.get<float>());
      }
      c.history = json["history"].get<std::vector<TokenId>>();
      c.vocabulary.size = c.logits.size();
      c.vocabulary.stop_ids = json["stop_ids"].get<std::vector<TokenId>>();
      c.vocabulary.dry_breakers =
          json["dry_breakers"].get<std::vector<std::vector<TokenId>>>();
      for (const Json& entry : json["expected"]) {
        c.expected[entry[0]] = entry[1];
      }
      all.push_back(std::move(c));
    }
    return all;
  }();
  return cases;
}

// The distribution that the chain's samplers leave, computed from Candidates.
std::map<TokenId, double> Distribution(const SamplerCase& c) {
  Candidates candidates;
  candidates.Reset(c.logits);
  const DrawContext draw{.history = c.history,
                         .stop_ids = c.vocabulary.stop_ids,
                         .mirostat_mu = 2.0 * c.params.mirostat_ent};
  for (const SamplerStage stage : EffectiveChain(c.params)) {
    MakeSampler(stage, c.params, c.vocabulary)->Apply(draw, &candidates);
  }
  std::map<TokenId, double> distribution;
  for (size_t i = 0; i < candidates.size(); ++i) {
    distribution[candidates.id(i)] =
        std::exp(candidates.logit(i) - candidates.summary().log_sum_exp);
  }
  return distribution;
}

TEST(SamplerTest, EveryCaseLeavesTheExpectedDistribution) {
  std::map<std::string, int> counts;
  for (size_t number = 0; number < Cases().size(); ++number) {
    const SamplerCase& c = Cases()[number];
    ++counts[c.name];
    const std::map<TokenId, double> distribution = Distribution(c);
    ASSERT_EQ(distribution.size(), c.expected.size())
        << c.name << ", case " << number;
    for (const auto& [id, p] : c.expected) {
      ASSERT_TRUE(distribution.contains(id)) << c.name << ", case " << number;
      EXPECT_NEAR(distribution.at(id), p, 3e-6)
          << c.name << ", case " << number << ", id " << id;
    }
  }
  EXPECT_GE(counts.size(), 20u);
}

// Pearson's statistic of COUNTS against EXPECTED probabilities, as a number of
// standard deviations above its mean; cells that expect fewer than 10 are
// joined.
double ChiSquareExcess(const std::map<TokenId, double>& expected,
                       const std::map<TokenId, int>& counts, int draws) {
  double statistic = 0;
  double rest_expected = 0;
  double rest_count = 0;
  int cells = 0;
  const auto add = [&](double wanted, double got) {
    statistic += (got - wanted) * (got - wanted) / wanted;
    ++cells;
  };
  for (const auto& [id, p] : expected) {
    const auto it = counts.find(id);
    const double got = it == counts.end() ? 0 : it->second;
    if (p * draws < 10) {
      rest_expected += p * draws;
      rest_count += got;
    } else {
      add(p * draws, got);
    }
  }
  if (rest_expected >= 10) add(rest_expected, rest_count);
  const double freedom = std::max(1, cells - 1);
  return (statistic - freedom) / std::sqrt(2 * freedom);
}

// The first case of each sampler, and of two whole chains, that leaves at least
// four tokens.
std::vector<size_t> OnePerName() {
  std::set<std::string> seen = {"ties_top_k", "ties_top_p", "ties_typ_p",
                                "ties_xtc", "holes"};
  std::vector<size_t> numbers;
  for (size_t i = 0; i < Cases().size(); ++i) {
    if (Cases()[i].expected.size() >= 4 &&
        seen.insert(Cases()[i].name).second) {
      numbers.push_back(i);
    }
  }
  return numbers;
}

class SamplerDrawsTest : public testing::TestWithParam<size_t> {};

TEST_P(SamplerDrawsTest, AMillionDrawsFollowTheDefinition) {
  constexpr int kDraws = 1'000'000;
  SamplerCase c = Cases()[GetParam()];
  c.params.seed = 20240229;
  SamplerChain chain(c.params, c.vocabulary);
  chain.Prime(c.history);
  std::map<TokenId, int> counts;
  for (int i = 0; i < kDraws; ++i) {
    const SampleRecord record =
        chain.Sample(c.logits, {.position = static_cast<uint64_t>(i)});
    ++counts[record.id];
  }
  for (const auto& [id, count] : counts) {
    ASSERT_TRUE(c.expected.contains(id)) << "token " << id << " was drawn";
  }
  // Five standard deviations; the statistic's right tail is somewhat heavier
  // than a normal one's, its left tail lighter.
  const double excess = ChiSquareExcess(c.expected, counts, kDraws);
  RecordProperty("excess", std::to_string(excess));
  EXPECT_LT(std::fabs(excess), 5.0);
}

INSTANTIATE_TEST_SUITE_P(EverySampler, SamplerDrawsTest,
                         testing::ValuesIn(OnePerName()),
                         [](const testing::TestParamInfo<size_t>& number) {
                           return Cases()[number.param].name;
                         });

TEST(SamplerTest, XtcActsAsOftenAsItsProbabilitySays) {
  SamplingParams params;
  params.temp = 1.0f;
  params.top_p = 1.0f;
  params.min_p = 0.0f;
  params.xtc_probability = 0.3f;
  params.xtc_threshold = 0.1f;
  // Probabilities 0.5, 0.3, 0.15, 0.05: XTC leaves the last two.
  const std::vector<float> logits = {std::log(0.5f), std::log(0.3f),
                                     std::log(0.15f), std::log(0.05f)};
  SamplerChain chain(params, {.size = 4});
  constexpr int kDraws = 1'000'000;
  std::map<TokenId, int> counts;
  for (int i = 0; i < kDraws; ++i) {
    ++counts[chain.Sample(logits, {.position = static_cast<uint64_t>(i)}).id];
  }
  const std::map<TokenId, double> expected = {{0, 0.7 * 0.5},
                                              {1, 0.7 * 0.3},
                                              {2, 0.7 * 0.15 + 0.3 * 0.75},
                                              {3, 0.7 * 0.05 + 0.3 * 0.25}};
  EXPECT_LT(std::fabs(ChiSquareExcess(expected, counts, kDraws)), 5.0);
}

TEST(SamplerTest, AWrongDistributionFailsTheChiSquare) {
  const std::map<TokenId, double> expected = {{0, 0.5}, {1, 0.3}, {2, 0.2}};
  const std::map<TokenId, int> counts = {{0, 503000}, {1, 298000}, {2, 199000}};
  EXPECT_GT(ChiSquareExcess(expected, counts, 1'000'000), 5.0);
}

}  // namespace
}  // namespace fullstop
