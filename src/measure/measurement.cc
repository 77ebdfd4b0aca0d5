#include "measure/measurement.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>
#include <set>
#include <utility>

#include "base/error.h"
#include "measure/variants.h"

namespace fullstop {
namespace {

using Clock = std::chrono::steady_clock;

// A reply whose tokens are on average less probable than the vocabulary's size
// to this power is no text to the model.
constexpr double kNormalPower = -0.45;
// A token is an heir where its median at ends is so much above the one inside,
// and above so much.
constexpr double kHeirRatio = 100;
constexpr double kHeirLeast = 0.01;
constexpr double kCalibrationSeconds = 1;
constexpr uint64_t kCalibrationTokens = 64;

// Special tokens that could end a reply, and what ends it by the files.
Watched WatchedOf(const TurnProtocol& protocol,
                  const std::vector<TokenId>& declared) {
  Watched watched;
  watched.stops = declared;
  for (const SpecialToken& token : protocol.facts().specials) {
    const bool is_declared =
        std::ranges::find(declared, token.id) != declared.end();
    if (!is_declared) watched.specials.push_back(token.id);
  }
  return watched;
}

std::vector<double> Inside(const ForcedReply& reply) {
  return {reply.p_stop.begin(), reply.p_stop.end() - 1};
}

// VALUE of each of REPLIES, its median.
template <typename Value>
Estimate MedianBy(const std::vector<const ForcedReply*>& replies, uint64_t seed,
                  const Value& value) {
  std::vector<double> values;
  for (const ForcedReply* reply : replies) values.push_back(value(*reply));
  return MedianOf(values, seed);
}

std::vector<Heir> HeirsIn(const std::vector<const ForcedReply*>& replies,
                          const std::vector<TokenId>& specials) {
  std::vector<Heir> heirs;
  for (size_t k = 0; k < specials.size(); ++k) {
    std::vector<double> ends;
    std::vector<double> insides;
    for (const ForcedReply* reply : replies) {
      ends.push_back(reply->special_end[k]);
      insides.push_back(reply->special_inside[k]);
    }
    const Heir heir{specials[k], Median(std::move(ends)),
                    Median(std::move(insides))};
    if (heir.at_end > kHeirLeast && heir.at_end >= kHeirRatio * heir.inside) {
      heirs.push_back(heir);
    }
  }
  std::ranges::sort(heirs, std::greater(), &Heir::at_end);
  return heirs;
}

std::optional<Heir> NextIn(const std::vector<const ForcedReply*>& replies,
                           const std::vector<TokenId>& stops) {
  std::map<TokenId, std::vector<double>> next;
  for (const ForcedReply* reply : replies) {
    next[reply->next].push_back(reply->next_probability);
  }
  for (auto& [id, probabilities] : next) {
    const bool is_stop = std::ranges::find(stops, id) != stops.end();
    if (!is_stop && 2 * probabilities.size() > replies.size()) {
      return Heir{id, Median(std::move(probabilities)), 0};
    }
  }
  return std::nullopt;
}

class Measurer {
 public:
  Measurer(const TurnProtocol& protocol, ForwardModel& model, const Plan& plan,
           const MeasureOptions& options)
      : protocol_(&protocol), model_(&model), plan_(&plan), options_(&options) {
    result_.plan = plan;
    result_.watched = WatchedOf(protocol, options.declared);
  }

  std::optional<Measurement> Run() {
    const bool whole = MeasureKnown() && MeasureDresses() && MeasureOwn();
    if (!whole) return std::nullopt;
    return std::move(result_);
  }

 private:
  bool Goes(std::string_view what, size_t done, size_t total) const {
    return !options_->progress || !options_->progress(what, done, total);
  }

  bool MeasureKnown() {
    Sweep sweep(SweepSettings(options_->sampling), result_.watched.stops);
    Teacher teacher(*model_);
    const size_t count = std::min(plan_->known, options_->known.size());
    for (size_t i = 0; i < count; ++i) {
      if (!Goes("known replies", i, count)) return false;
      const KnownReply& known = options_->known[i];
      const auto text = RenderForced(*protocol_, known);
      if (!text) {
        ++result_.refused;
        continue;
      }
      result_.known.push_back(
          teacher.Measure(*text, result_.watched,
                          [&](auto logits) { sweep.Take(logits, text->ids); }));
      result_.known.back().index = i;
      result_.known.back().text = known.reply;
    }
    if (result_.known.empty()) {
      throw Error::Usage("the template renders none of the known replies");
    }
    result_.sweep = sweep.Points(plan_->seed);
    return true;
  }

  bool MeasureDresses() {
    if (plan_->variants == 0) return true;
    std::vector<Variant> variants = VariantsOf(*protocol_);
    variants.insert(variants.begin(),
                    {"as the template writes it", [this](const auto& known) {
                       return RenderForced(*protocol_, known);
                     }});
    Teacher teacher(*model_);
    const Watched stops{result_.watched.stops, {}};
    const size_t count = std::min(plan_->variants, options_->known.size());
    for (size_t i = 0; i < variants.size(); ++i) {
      std::vector<double> logprobs;
      std::vector<double> ends;
      for (size_t k = 0; k < count; ++k) {
        if (!Goes("other dresses", i * count + k, variants.size() * count)) {
          return false;
        }
        const auto text = variants[i].render(options_->known[k]);
        if (!text) continue;
        const ForcedReply reply = teacher.Measure(*text, stops);
        logprobs.push_back(reply.logprob);
        ends.push_back(reply.p_stop.back());
      }
      if (logprobs.empty()) continue;
      result_.dresses.push_back({variants[i].name, logprobs.size(),
                                 MedianOf(logprobs, plan_->seed),
                                 MedianOf(ends, plan_->seed)});
    }
    return true;
  }

  bool MeasureOwn() {
    const size_t count = plan_->greedy + plan_->sampled;
    for (size_t i = 0; i < count; ++i) {
      const bool greedy = i < plan_->greedy;
      const size_t prompt = greedy ? i : i - plan_->greedy;
      const KnownReply& known =
          options_->known[prompt % options_->known.size()];
      if (!RenderForced(*protocol_, known)) continue;  // counted as refused
      OwnReplyOptions options;
      options.sampling = options_->sampling;
      options.sampling.seed = plan_->seed + i;
      if (greedy) options.sampling.temp = 0;
      options.suppress = options_->suppress;
      options.max_tokens = plan_->max_tokens;
      options.cancelled = [&](size_t tokens) {
        return !Goes("own replies", i * plan_->max_tokens + tokens,
                     count * plan_->max_tokens);
      };
      OwnReply reply =
          MakeOwnReply(*protocol_, *model_, known.messages, options);
      if (reply.end.cause == EndCause::kCancelled) return false;
      result_.own.push_back(std::move(reply));
    }
    return true;
  }

  const TurnProtocol* protocol_;
  ForwardModel* model_;
  const Plan* plan_;
  const MeasureOptions* options_;
  Measurement result_;
};

double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

}  // namespace

double NormalLogprob(size_t vocabulary_size) {
  return kNormalPower * std::log(static_cast<double>(vocabulary_size));
}

KnownSummary SumUp(const Measurement& measurement, size_t vocabulary_size) {
  std::vector<const ForcedReply*> all;
  std::vector<const ForcedReply*> normal;
  for (const ForcedReply& reply : measurement.known) {
    all.push_back(&reply);
    if (reply.logprob > NormalLogprob(vocabulary_size)) {
      normal.push_back(&reply);
    }
  }
  const auto& summed = normal.size() >= kLeastNormal ? normal : all;
  const uint64_t seed = measurement.plan.seed;
  KnownSummary summary;
  summary.normal = normal.size();
  summary.summed = summed.size();
  summary.logprob = MedianBy(all, seed, [](auto& r) { return r.logprob; });
  summary.p_stop_end =
      MedianBy(summed, seed, [](auto& r) { return r.p_stop.back(); });
  summary.p_stop_inside =
      MedianBy(summed, seed, [](auto& r) { return Median(Inside(r)); });
  summary.stop_rank = MedianBy(
      summed, seed, [](auto& r) { return static_cast<double>(r.stop_rank); });
  std::vector<EndAndInside> pairs;
  for (const ForcedReply* reply : summed) {
    pairs.push_back({reply->p_stop.back(), Inside(*reply)});
  }
  summary.separation = Separation(pairs, seed);
  summary.heirs = HeirsIn(summed, measurement.watched.specials);
  summary.next = NextIn(summed, measurement.watched.stops);
  return summary;
}

std::array<FaultShare, kReplyFaults.size()> CountFaults(
    const std::vector<OwnReply>& replies) {
  std::array<FaultShare, kReplyFaults.size()> shares;
  for (size_t i = 0; i < kReplyFaults.size(); ++i) {
    FaultShare& share = shares[i];
    share.fault = kReplyFaults[i];
    share.count = static_cast<size_t>(
        std::ranges::count_if(replies, [&share](const OwnReply& reply) {
          return reply.faults.contains(share.fault);
        }));
    share.share = Share(share.count, replies.size());
  }
  return shares;
}

Estimate ShareEnded(const std::vector<OwnReply>& replies) {
  const auto ended = std::ranges::count_if(replies, [](const OwnReply& reply) {
    const EndCause cause = reply.end.cause;
    return cause == EndCause::kTurnEnd || cause == EndCause::kSequenceEnd ||
           cause == EndCause::kToolCall || cause == EndCause::kStopString;
  });
  return Share(static_cast<size_t>(ended), replies.size());
}

Cost Calibrate(const TurnProtocol& protocol, ForwardModel& model,
               const MeasureOptions& options) {
  Cost cost;
  const Watched watched = WatchedOf(protocol, options.declared);
  const Clock::time_point start = Clock::now();
  size_t replies = 0;
  const KnownReply* last = nullptr;
  {
    Teacher teacher(model);
    for (const KnownReply& known : options.known) {
      if (SecondsSince(start) > kCalibrationSeconds) break;
      const auto text = RenderForced(protocol, known);
      if (!text) continue;
      teacher.Measure(*text, watched);
      ++replies;
      last = &known;
    }
  }
  if (last == nullptr) return cost;
  cost.known = SecondsSince(start) / static_cast<double>(replies);
  OwnReplyOptions own;
  own.sampling = options.sampling;
  own.max_tokens = kCalibrationTokens;
  const Clock::time_point begun = Clock::now();
  own.cancelled = [begun](size_t) {
    return SecondsSince(begun) > kCalibrationSeconds;
  };
  const OwnReply reply = MakeOwnReply(protocol, model, last->messages, own);
  cost.token = SecondsSince(begun) /
               static_cast<double>(std::max<size_t>(1, reply.tokens));
  return cost;
}

std::optional<Measurement> Measure(const TurnProtocol& protocol,
                                   ForwardModel& model, const Plan& plan,
                                   const MeasureOptions& options) {
  return Measurer(protocol, model, plan, options).Run();
}

}  // namespace fullstop
