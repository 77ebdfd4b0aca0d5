// How much is measured: fixed before the first figure, so that the same plan
// gives the same report.
#ifndef FULLSTOP_MEASURE_PLAN_H_
#define FULLSTOP_MEASURE_PLAN_H_

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace fullstop {

struct Plan {
  uint64_t seed = 1;
  size_t known = 0;         // known replies
  size_t greedy = 0;        // own replies, the most probable token each time
  size_t sampled = 0;       // own replies, by the model's own settings
  uint64_t max_tokens = 0;  // of an own reply
  size_t variants = 0;      // known replies in each other dress
  // Own replies by other settings: how many settings, in the order of
  // SweepOrder; replies by each; tokens of one.
  size_t sweep_settings = 0;
  size_t sweep_replies = 0;
  uint64_t sweep_tokens = 0;
  // What did not fit, a sentence each.
  std::vector<std::string> left_out = {};
};

// What a machine does with a model, in seconds.
struct Cost {
  double known = 0;  // a known reply
  double token = 0;  // a token of an own reply
};

// What there is to be measured.
struct Extent {
  size_t known = 0;
  size_t dresses = 0;
  size_t settings = 0;  // to reply by; 0 where that was not asked for
};

// What fits into so many SECONDS, in this order: known replies, eight of them
// whatever they cost; own replies; other dresses; own replies by other
// settings.
Plan MakePlan(double seconds, const Cost& cost, const Extent& extent);

// "24 known replies, 8 + 16 own ones of at most 256 tokens, 8 in other dress".
std::string DescribePlan(const Plan& plan);

nlohmann::ordered_json PlanToJson(const Plan& plan);
// A plan, or a report that holds one (`live.plan` of a target). Throws
// Error (kFormat) where it is neither.
Plan PlanFromJson(const nlohmann::ordered_json& json);

// "60s", "5m", "1h", or seconds. Throws Error (kUsage).
double ParseDuration(const std::string& text);

}  // namespace fullstop

#endif  // FULLSTOP_MEASURE_PLAN_H_
