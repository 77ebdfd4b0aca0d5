// What sampling does to an end: P(stop) as the settings leave it, computed from
// logits that were recorded at true ends, one step each; and replies that are
// drawn by them.
#ifndef FULLSTOP_MEASURE_SWEEP_H_
#define FULLSTOP_MEASURE_SWEEP_H_

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/token_id.h"
#include "generate/sampler_params.h"
#include "measure/own_replies.h"
#include "measure/statistics.h"

namespace fullstop {

// Whose rule a penalty follows.
enum class PenaltyRule {
  kOurs,          // stop ids are exempt
  kLlamaCpp,      // the last 64 tokens, prompt included, whatever they are
  kTransformers,  // all tokens, prompt included, whatever they are
};

struct SweepSetting {
  // What is set, and to what; VALUE is empty where GROUP says it all.
  std::string group;
  std::string value;
  SamplingParams params;
  PenaltyRule rule = PenaltyRule::kOurs;
};

struct SweepPoint {
  std::string group;
  std::string value;
  Estimate p_stop;  // the median over the ends
  // Drawn by it; empty where none were.
  std::vector<OwnReply> replies = {};

  // "temperature 0.3".
  std::string Name() const;
};

inline constexpr std::string_view kOwnSettings = "the model's own settings";
// Behind the group of what is set, where a penalty is applied by rules that do
// not exempt stop ids; of the model's own settings where they have a penalty.
inline constexpr std::string_view kAsLlamaCpp = ", as llama.cpp applies it";
inline constexpr std::string_view kAsTransformers =
    ", as transformers applies it";
inline constexpr std::string_view kNothingSet = "nothing set";

// Declared settings, and each of the usual ones by itself: temperatures, top-p,
// min-p, and repetition penalties by each rule.
std::vector<SweepSetting> SweepSettings(const SamplingParams& declared);

// The indices of SETTINGS as they are worth replies: first what its group says
// all of, then the last value of each group, which does most, then the ones
// before.
std::vector<size_t> SweepOrder(const std::vector<SweepSetting>& settings);

// The probability that a stop is drawn from LOGITS behind HISTORY.
double StopChance(std::span<const float> logits,
                  std::span<const TokenId> history,
                  std::span<const TokenId> stops, const SweepSetting& setting);

// Collects StopChance at ends.
class Sweep {
 public:
  Sweep(std::vector<SweepSetting> settings, std::vector<TokenId> stops);

  const std::vector<SweepSetting>& settings() const { return settings_; }

  void Take(std::span<const float> logits, std::span<const TokenId> history);
  // In the order of the settings.
  std::vector<SweepPoint> Points(uint64_t seed) const;

 private:
  std::vector<SweepSetting> settings_;
  std::vector<TokenId> stops_;
  std::vector<std::vector<double>> chances_;  // by setting
};

}  // namespace fullstop

#endif  // FULLSTOP_MEASURE_SWEEP_H_
