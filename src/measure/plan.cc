#include "measure/plan.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <string_view>
#include <utility>

#include "base/error.h"

namespace fullstop {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kLeastKnown = 8;
constexpr size_t kMostGreedy = 8;
constexpr size_t kMostSampled = 24;
constexpr size_t kInOtherDress = 8;
constexpr size_t kLeastOwn = 4;
// Longer replies come first: one that is cut early tells little.
constexpr std::array<uint64_t, 3> kLimits = {256, 128, 64};
// Of what is left at each step, so that the next ones come to their turn.
constexpr double kShareOfKnown = 0.5;
constexpr double kShareOfOwn = 0.75;
constexpr double kShareOfOwnBesideSweep = 0.3;
// By each setting.
constexpr std::array<size_t, 2> kSweepReplies = {8, 4};
// With fewer there is nothing to compare.
constexpr size_t kLeastSettings = 5;

size_t Fitting(double seconds, double each) {
  if (each <= 0) return kMostGreedy + kMostSampled;
  return static_cast<size_t>(std::max(0.0, std::floor(seconds / each)));
}

void PlanOwn(double seconds, const Cost& cost, Plan* plan) {
  for (const uint64_t limit : kLimits) {
    const size_t fit =
        Fitting(seconds, cost.token * static_cast<double>(limit) + cost.known);
    if (fit < kLeastOwn) continue;
    plan->max_tokens = limit;
    plan->greedy = std::min(kMostGreedy, fit / 3);
    plan->sampled = std::min(kMostSampled, fit - plan->greedy);
    return;
  }
  plan->left_out.push_back(
      "own replies: fewer than " + std::to_string(kLeastOwn) + " of " +
      std::to_string(kLimits.back()) + " tokens fit into the time");
}

// All settings with the longest replies that let them; else as many settings as
// the shortest ones allow.
void PlanSweep(double seconds, const Cost& cost, const Extent& extent,
               Plan* plan) {
  const auto fitting = [&](size_t replies, uint64_t limit) {
    return Fitting(seconds / static_cast<double>(replies),
                   cost.token * static_cast<double>(limit) + cost.known);
  };
  const auto take = [&](size_t replies, uint64_t limit) {
    plan->sweep_replies = replies;
    plan->sweep_tokens = limit;
    plan->sweep_settings = std::min(fitting(replies, limit), extent.settings);
  };
  const size_t least = std::min(kLeastSettings, extent.settings);
  for (const size_t replies : kSweepReplies) {
    for (const uint64_t limit : kLimits) {
      if (fitting(replies, limit) >= extent.settings) {
        return take(replies, limit);
      }
    }
  }
  for (const size_t replies : kSweepReplies) {
    if (fitting(replies, kLimits.back()) < least) continue;
    take(replies, kLimits.back());
    plan->left_out.push_back(
        std::to_string(extent.settings - plan->sweep_settings) + " of " +
        std::to_string(extent.settings) + " settings of the sweep");
    return;
  }
  plan->left_out.push_back(
      "the sweep: fewer than " + std::to_string(least) + " settings with " +
      std::to_string(kSweepReplies.back()) + " replies of " +
      std::to_string(kLimits.back()) + " tokens fit into the time");
}

}  // namespace

Plan MakePlan(double seconds, const Cost& cost, const Extent& extent) {
  Plan plan;
  const auto known_within = [&](double time) {
    const size_t least = std::min(kLeastKnown, extent.known);
    return std::clamp(Fitting(time, cost.known), least, extent.known);
  };
  plan.known = known_within(seconds * kShareOfKnown);
  double left = seconds - static_cast<double>(plan.known) * cost.known;
  const double share =
      extent.settings > 0 ? kShareOfOwnBesideSweep : kShareOfOwn;
  PlanOwn(left * share, cost, &plan);
  const size_t own = plan.greedy + plan.sampled;
  left -= static_cast<double>(own) *
          (cost.token * static_cast<double>(plan.max_tokens) + cost.known);
  const size_t dressed = std::min(kInOtherDress, plan.known);
  const double all = static_cast<double>(dressed * extent.dresses);
  if (all * cost.known <= left) {
    plan.variants = dressed;
    left -= all * cost.known;
  } else {
    plan.left_out.push_back("other dresses");
  }
  if (extent.settings > 0) PlanSweep(left, cost, extent, &plan);
  const bool is_known_alone =
      own == 0 && plan.variants == 0 && plan.sweep_settings == 0;
  if (is_known_alone) plan.known = known_within(seconds);
  if (plan.known < extent.known) {
    plan.left_out.insert(
        plan.left_out.begin(),
        std::to_string(extent.known - plan.known) + " known replies");
  }
  return plan;
}

std::string DescribePlan(const Plan& plan) {
  std::string text = std::to_string(plan.known) + " known replies";
  if (plan.greedy + plan.sampled > 0) {
    text += ", " + std::to_string(plan.greedy) + " greedy and " +
            std::to_string(plan.sampled) + " sampled ones of at most " +
            std::to_string(plan.max_tokens) + " tokens";
  }
  if (plan.variants > 0) {
    text += ", " + std::to_string(plan.variants) + " in each other dress";
  }
  if (plan.sweep_settings > 0) {
    text += ", " + std::to_string(plan.sweep_replies) + " by each of " +
            std::to_string(plan.sweep_settings) + " settings of at most " +
            std::to_string(plan.sweep_tokens) + " tokens";
  }
  return text + "; seed " + std::to_string(plan.seed);
}

Json PlanToJson(const Plan& plan) {
  return {{"seed", plan.seed},
          {"known", plan.known},
          {"greedy", plan.greedy},
          {"sampled", plan.sampled},
          {"max_tokens", plan.max_tokens},
          {"variants", plan.variants},
          {"sweep_settings", plan.sweep_settings},
          {"sweep_replies", plan.sweep_replies},
          {"sweep_tokens", plan.sweep_tokens},
          {"left_out", plan.left_out}};
}

Plan PlanFromJson(const Json& json) {
  const Json* object = &json;
  if (json.is_object() && json.contains("targets")) {
    for (const Json& target : json["targets"]) {
      const auto inner = Json::json_pointer("/live/plan");
      if (target.contains(inner)) object = &target.at(inner);
    }
  }
  if (!object->is_object()) throw Error::Format("it is no object");
  const auto number = [object](const char* name) {
    const auto member = object->find(name);
    if (member == object->end() || !member->is_number_unsigned()) {
      throw Error::Format(std::string("it has no number `") + name + "`")
          .Advice("a plan stands under live.plan in what --format json wrote");
    }
    return member->get<uint64_t>();
  };
  Plan plan;
  plan.seed = number("seed");
  plan.known = number("known");
  plan.greedy = number("greedy");
  plan.sampled = number("sampled");
  plan.max_tokens = number("max_tokens");
  plan.variants = number("variants");
  if (object->contains("sweep_settings")) {
    plan.sweep_settings = number("sweep_settings");
    plan.sweep_replies = number("sweep_replies");
    plan.sweep_tokens = number("sweep_tokens");
  }
  if (plan.known == 0) throw Error::Format("its `known` is 0");
  const auto left_out = object->find("left_out");
  if (left_out == object->end() || !left_out->is_array()) return plan;
  for (const Json& each : *left_out) {
    if (each.is_string()) plan.left_out.push_back(each.get<std::string>());
  }
  return plan;
}

double ParseDuration(const std::string& text) {
  double value = 0;
  const char* end = text.data() + text.size();
  const auto [rest, failed] = std::from_chars(text.data(), end, value);
  const std::string_view unit(rest, static_cast<size_t>(end - rest));
  constexpr std::array<std::pair<std::string_view, double>, 4> kUnits = {
      {{"", 1}, {"s", 1}, {"m", 60}, {"h", 3600}}};
  for (const auto& [name, seconds] : kUnits) {
    if (failed == std::errc() && unit == name && value > 0 &&
        std::isfinite(value)) {
      return value * seconds;
    }
  }
  throw Error::Usage("'" + text + "' is no length of time")
      .Advice("say 60s, 5m or 1h");
}

}  // namespace fullstop
