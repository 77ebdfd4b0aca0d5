#include "measure/sweep.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "generate/candidates.h"
#include "generate/logit_stats.h"
#include "generate/sampler.h"

namespace fullstop {
namespace {

constexpr std::array kTemperatures = {0.3f, 0.7f, 1.0f, 1.5f};
constexpr std::array kTopPs = {0.95f, 0.8f};
constexpr std::array kMinPs = {0.05f, 0.2f};
constexpr std::array kPenalties = {1.05f, 1.1f, 1.2f, 1.3f, 1.5f};
constexpr std::array kPeerRules = {PenaltyRule::kLlamaCpp,
                                   PenaltyRule::kTransformers};
constexpr int32_t kWholeHistory = -1;

// Every sampler off: the model's own distribution.
SamplingParams Plain() {
  SamplingParams params;
  params.temp = 1.0f;
  params.top_p = 1.0f;
  params.min_p = 0.0f;
  return params;
}

constexpr const char* kPenalty = "repeat penalty";

template <size_t kSize>
void AddEach(const char* group, const std::array<float, kSize>& values,
             float SamplingParams::* field,
             std::vector<SweepSetting>* settings) {
  for (const float value : values) {
    SweepSetting setting{group, Describe(value), Plain()};
    setting.params.*field = value;
    settings->push_back(std::move(setting));
  }
}

// PARAMS as peers apply them.
SweepSetting ByPeers(std::string_view group, const std::string& value,
                     const SamplingParams& params, PenaltyRule rule) {
  const bool whole = rule == PenaltyRule::kTransformers;
  SweepSetting setting{std::string(group), value, params, rule};
  setting.group += whole ? kAsTransformers : kAsLlamaCpp;
  if (whole) setting.params.repeat_last_n = kWholeHistory;
  return setting;
}

}  // namespace

std::string SweepPoint::Name() const {
  return value.empty() ? group : group + " " + value;
}

std::vector<SweepSetting> SweepSettings(const SamplingParams& declared) {
  std::vector<SweepSetting> settings = {
      {std::string(kOwnSettings), "", declared},
      {std::string(kNothingSet), "", Plain()}};
  const bool penalises = declared.repeat_penalty != 1.0f ||
                         declared.presence_penalty != 0.0f ||
                         declared.frequency_penalty != 0.0f;
  for (const PenaltyRule rule : kPeerRules) {
    if (penalises) {
      settings.push_back(ByPeers(kOwnSettings, "", declared, rule));
    }
  }
  AddEach(kPenalty, kPenalties, &SamplingParams::repeat_penalty, &settings);
  for (const PenaltyRule rule : kPeerRules) {
    for (const float value : kPenalties) {
      SamplingParams params = Plain();
      params.repeat_penalty = value;
      settings.push_back(ByPeers(kPenalty, Describe(value), params, rule));
    }
  }
  AddEach("temperature", kTemperatures, &SamplingParams::temp, &settings);
  AddEach("top-p", kTopPs, &SamplingParams::top_p, &settings);
  AddEach("min-p", kMinPs, &SamplingParams::min_p, &settings);
  return settings;
}

std::vector<size_t> SweepOrder(const std::vector<SweepSetting>& settings) {
  // How many of its group come behind it, and its place.
  std::vector<std::pair<size_t, size_t>> places;
  for (size_t i = 0; i < settings.size(); ++i) {
    size_t behind = settings[i].value.empty() ? 0 : 1;
    for (size_t k = i + 1; k < settings.size(); ++k) {
      behind += settings[k].group == settings[i].group ? 1 : 0;
    }
    places.emplace_back(behind, i);
  }
  std::ranges::sort(places);
  std::vector<size_t> order;
  for (const auto& [behind, i] : places) order.push_back(i);
  return order;
}

double StopChance(std::span<const float> logits,
                  std::span<const TokenId> history,
                  std::span<const TokenId> stops, const SweepSetting& setting) {
  Candidates candidates;
  candidates.Reset(logits);
  SamplerVocabulary vocabulary;
  vocabulary.size = logits.size();
  DrawContext draw;
  draw.history = history;
  if (setting.rule == PenaltyRule::kOurs) {
    vocabulary.stop_ids.assign(stops.begin(), stops.end());
    draw.stop_ids = stops;
  }
  for (const SamplerStage stage : EffectiveChain(setting.params)) {
    MakeSampler(stage, setting.params, vocabulary)->Apply(draw, &candidates);
    candidates.DropImpossible();
  }
  const LogitSummary& summary = candidates.summary();
  if (setting.params.temp == 0) {
    const TokenId first = candidates.id(static_cast<size_t>(summary.argmax));
    return std::ranges::binary_search(stops, first) ? 1 : 0;
  }
  std::vector<TokenId> places;
  for (const TokenId id : stops) {
    const std::optional<size_t> place = candidates.Find(id);
    if (place) places.push_back(static_cast<TokenId>(*place));
  }
  return ProbabilityOfSet(candidates.logits(), summary, places);
}

Sweep::Sweep(std::vector<SweepSetting> settings, std::vector<TokenId> stops)
    : settings_(std::move(settings)),
      stops_(std::move(stops)),
      chances_(settings_.size()) {
  std::ranges::sort(stops_);
}

void Sweep::Take(std::span<const float> logits,
                 std::span<const TokenId> history) {
  for (size_t i = 0; i < settings_.size(); ++i) {
    chances_[i].push_back(StopChance(logits, history, stops_, settings_[i]));
  }
}

std::vector<SweepPoint> Sweep::Points(uint64_t seed) const {
  std::vector<SweepPoint> points;
  for (size_t i = 0; i < settings_.size(); ++i) {
    points.push_back(
        {settings_[i].group, settings_[i].value, MedianOf(chances_[i], seed)});
  }
  return points;
}

}  // namespace fullstop
