#include "generate/sampler_params.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "base/error.h"

namespace fullstop {
namespace {

struct StageName {
  SamplerStage stage;
  std::string_view name;
};

constexpr StageName kStageNames[] = {
    {SamplerStage::kLogitBias, "logit_bias"},
    {SamplerStage::kSuppress, "suppress"},
    {SamplerStage::kIgnoreEos, "ignore_eos"},
    {SamplerStage::kConstraint, "constraint"},
    {SamplerStage::kBan, "ban"},
    {SamplerStage::kPenalties, "penalties"},
    {SamplerStage::kDry, "dry"},
    {SamplerStage::kTopNSigma, "top_n_sigma"},
    {SamplerStage::kTopK, "top_k"},
    {SamplerStage::kTypicalP, "typ_p"},
    {SamplerStage::kTopP, "top_p"},
    {SamplerStage::kMinP, "min_p"},
    {SamplerStage::kXtc, "xtc"},
    {SamplerStage::kTemperature, "temperature"},
    {SamplerStage::kMirostat, "mirostat"},
};

constexpr float kHuge = std::numeric_limits<float>::max();

bool InUserChain(SamplerStage stage) {
  return stage >= SamplerStage::kPenalties &&
         stage <= SamplerStage::kTemperature;
}

bool IsOn(const SamplingParams& p, SamplerStage stage) {
  switch (stage) {
    case SamplerStage::kPenalties:
      return p.repeat_last_n != 0 &&
             (p.repeat_penalty != 1.0f || p.frequency_penalty != 0.0f ||
              p.presence_penalty != 0.0f);
    case SamplerStage::kDry:
      return p.dry_multiplier != 0.0f && p.dry_penalty_last_n != 0;
    case SamplerStage::kTopNSigma:
      return p.top_n_sigma > 0.0f;
    case SamplerStage::kTopK:
      return p.top_k > 0;
    case SamplerStage::kTypicalP:
      return p.typ_p < 1.0f;
    case SamplerStage::kTopP:
      return p.top_p < 1.0f;
    case SamplerStage::kMinP:
      return p.min_p > 0.0f;
    case SamplerStage::kXtc:
      return p.xtc_probability > 0.0f && p.xtc_threshold <= 0.5f;
    case SamplerStage::kTemperature:
      return p.temp != 1.0f || p.dynatemp_range > 0.0f;
    case SamplerStage::kMirostat:
      return p.mirostat != 0;
    default:
      return false;
  }
}

bool StaysWithMirostat(SamplerStage stage) {
  return stage == SamplerStage::kPenalties || stage == SamplerStage::kDry ||
         stage == SamplerStage::kTemperature;
}

// Written so that a value that is not a number fails.
void CheckRange(std::string_view flag, float value, float low, float high) {
  if (value >= low && value <= high) return;
  const std::string allowed = high == kHuge
                                  ? fmt::format("{} or more", low)
                                  : fmt::format("between {} and {}", low, high);
  throw Error::Usage(fmt::format("{} is {}", flag, value))
      .Advice(fmt::format("give a number that is {}", allowed));
}

void CheckAboveZero(std::string_view flag, float value) {
  if (value > 0.0f && value <= kHuge) return;
  throw Error::Usage(fmt::format("{} is {}", flag, value))
      .Advice("give a number above 0");
}

void CheckFinite(std::string_view flag, float value) {
  if (std::isfinite(value)) return;
  throw Error::Usage(fmt::format("{} is {}", flag, value))
      .Advice("give a finite number");
}

void CheckAtLeast(std::string_view flag, int32_t value, int32_t low) {
  if (value >= low) return;
  throw Error::Usage(fmt::format("{} is {}", flag, value))
      .Advice(fmt::format("give a whole number, {} or more", low));
}

void CheckOrder(const std::vector<SamplerStage>& order) {
  for (size_t i = 0; i < order.size(); ++i) {
    const std::string_view name = SamplerStageName(order[i]);
    if (!InUserChain(order[i])) {
      throw Error::Usage(fmt::format("--samplers names '{}'", name))
          .Advice("its place is fixed and not part of the order");
    }
    if (std::find(order.begin(), order.begin() + static_cast<ptrdiff_t>(i),
                  order[i]) != order.begin() + static_cast<ptrdiff_t>(i)) {
      throw Error::Usage(fmt::format("--samplers names '{}' twice", name))
          .Advice("name each sampler once");
    }
  }
}

std::optional<SamplerStage> FindUserStage(std::string_view name) {
  if (name == "typical") name = "typ_p";
  if (name == "temp") name = "temperature";
  for (const StageName& entry : kStageNames) {
    if (entry.name == name && InUserChain(entry.stage)) return entry.stage;
  }
  return std::nullopt;
}

std::string AllUserNames() {
  std::string names;
  for (const StageName& entry : kStageNames) {
    if (!InUserChain(entry.stage)) continue;
    if (!names.empty()) names += ", ";
    names += entry.name;
  }
  return names;
}

}  // namespace

std::string_view SamplerStageName(SamplerStage stage) {
  return kStageNames[static_cast<size_t>(stage)].name;
}

void ValidateSamplingParams(const SamplingParams& p) {
  CheckRange("--temp", p.temp, 0, kHuge);
  CheckRange("--dynatemp-range", p.dynatemp_range, 0, kHuge);
  CheckAboveZero("--dynatemp-exp", p.dynatemp_exponent);
  CheckAtLeast("--top-k", p.top_k, 0);
  CheckRange("--top-p", p.top_p, 0, 1);
  CheckRange("--min-p", p.min_p, 0, 1);
  CheckRange("--typical", p.typ_p, 0, 1);
  CheckRange("--top-nsigma", p.top_n_sigma, 0, kHuge);
  CheckRange("--xtc-probability", p.xtc_probability, 0, 1);
  CheckRange("--xtc-threshold", p.xtc_threshold, 0, 1);
  CheckAtLeast("--min-keep", p.min_keep, 0);
  CheckAtLeast("--repeat-last-n", p.repeat_last_n, -1);
  CheckAboveZero("--repeat-penalty", p.repeat_penalty);
  CheckFinite("--frequency-penalty", p.frequency_penalty);
  CheckFinite("--presence-penalty", p.presence_penalty);
  CheckRange("--dry-multiplier", p.dry_multiplier, 0, kHuge);
  CheckRange("--dry-base", p.dry_base, 1, kHuge);
  CheckAtLeast("--dry-allowed-length", p.dry_allowed_length, 0);
  CheckAtLeast("--dry-penalty-last-n", p.dry_penalty_last_n, -1);
  if (p.mirostat < 0 || p.mirostat > 2) {
    throw Error::Usage(fmt::format("--mirostat is {}", p.mirostat))
        .Advice("give 0 for off, 1 or 2 for the version");
  }
  CheckAboveZero("--mirostat-ent", p.mirostat_ent);
  CheckRange("--mirostat-lr", p.mirostat_lr, 0, kHuge);
  for (const LogitBias& bias : p.logit_bias) {
    if (bias.bias <= kHuge) continue;
    throw Error::Usage(
        fmt::format("--logit-bias of token {} is {}", bias.id, bias.bias))
        .Advice("give a finite number, or -inf to forbid the token");
  }
  CheckOrder(p.samplers);
}

std::vector<SamplerStage> ParseSamplerOrder(std::string_view text) {
  std::vector<SamplerStage> order;
  while (!text.empty()) {
    const size_t end = std::min(text.find_first_of(";,"), text.size());
    const std::string_view name = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::optional<SamplerStage> stage = FindUserStage(name);
    if (!stage.has_value()) {
      throw Error::Usage(fmt::format("--samplers names '{}'", name))
          .Advice("the samplers are " + AllUserNames());
    }
    order.push_back(*stage);
  }
  CheckOrder(order);
  return order;
}

std::vector<SamplerStage> EffectiveChain(const SamplingParams& params) {
  std::vector<SamplerStage> chain;
  for (const SamplerStage stage : params.samplers) {
    if (!IsOn(params, stage)) continue;
    if (params.mirostat != 0 && !StaysWithMirostat(stage)) continue;
    chain.push_back(stage);
  }
  if (params.mirostat != 0) chain.push_back(SamplerStage::kMirostat);
  return chain;
}

std::vector<SamplerStage> UnusedSamplers(const SamplingParams& params) {
  const std::vector<SamplerStage> chain = EffectiveChain(params);
  std::vector<SamplerStage> unused;
  for (const StageName& entry : kStageNames) {
    if (!InUserChain(entry.stage) || !IsOn(params, entry.stage)) continue;
    const bool greedy =
        entry.stage == SamplerStage::kTemperature && params.temp == 0.0f;
    if (!greedy &&
        std::find(chain.begin(), chain.end(), entry.stage) == chain.end()) {
      unused.push_back(entry.stage);
    }
  }
  return unused;
}

}  // namespace fullstop
