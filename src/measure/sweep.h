// What sampling does to an end: P(stop) as the settings leave it, computed from
// logits that were recorded at true ends, one step each.
#ifndef FULLSTOP_MEASURE_SWEEP_H_
#define FULLSTOP_MEASURE_SWEEP_H_

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/token_id.h"
#include "generate/sampler_params.h"
#include "measure/statistics.h"

namespace fullstop {

// Whose rule a penalty follows.
enum class PenaltyRule {
  kOurs,          // stop ids are exempt
  kLlamaCpp,      // the last 64 tokens, prompt included, whatever they are
  kTransformers,  // all tokens, prompt included, whatever they are
};

struct SweepSetting {
  std::string name;
  SamplingParams params;
  PenaltyRule rule = PenaltyRule::kOurs;
};

struct SweepPoint {
  std::string name;
  Estimate p_stop;  // the median over the ends
};

inline constexpr std::string_view kOwnSettings = "the model's own settings";
// What is declared, by rules that do not exempt stop ids; listed where it has a
// penalty.
inline constexpr std::string_view kOwnByLlamaCpp =
    "the model's own settings, as llama.cpp applies them";
inline constexpr std::string_view kOwnByTransformers =
    "the model's own settings, as transformers applies them";
inline constexpr std::string_view kNothingSet = "nothing set";

// Declared settings, and each of the usual ones by itself: temperatures, top-p,
// min-p, and repetition penalties by each rule.
std::vector<SweepSetting> SweepSettings(const SamplingParams& declared);

// The probability that a stop is drawn from LOGITS behind HISTORY.
double StopChance(std::span<const float> logits,
                  std::span<const TokenId> history,
                  std::span<const TokenId> stops, const SweepSetting& setting);

// Collects StopChance at ends.
class Sweep {
 public:
  Sweep(std::vector<SweepSetting> settings, std::vector<TokenId> stops);

  void Take(std::span<const float> logits, std::span<const TokenId> history);
  std::vector<SweepPoint> Points(uint64_t seed) const;

 private:
  std::vector<SweepSetting> settings_;
  std::vector<TokenId> stops_;
  std::vector<std::vector<double>> chances_;  // by setting
};

}  // namespace fullstop

#endif  // FULLSTOP_MEASURE_SWEEP_H_
