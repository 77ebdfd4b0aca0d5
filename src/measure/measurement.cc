#include "measure/measurement.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>
#include <set>
#include <utility>

#include "base/error.h"
#include "measure/variants.h"
#include "tokenizer/tokenizer.h"

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
Watched WatchedOf(const TurnProtocol& protocol, const MeasureOptions& options) {
  const std::vector<TokenId>& declared = options.declared;
  Watched watched;
  watched.stops = declared;
  watched.written = options.written.empty() ? declared : options.written;
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

// What the ends' logits say without those of all others.
void SumUpRows(const std::vector<const ForcedReply*>& replies, uint64_t seed,
               KnownSummary* summary) {
  std::vector<EndAndInside> pairs;
  double sum = 0;
  double squares = 0;
  double count = 0;
  for (const ForcedReply* reply : replies) {
    if (reply->end_logit.empty()) return;
    pairs.push_back({reply->end_logit.back(),
                     {reply->end_logit.begin(), reply->end_logit.end() - 1}});
    for (const double logit : reply->end_logit) {
      sum += logit;
      squares += logit * logit;
      ++count;
    }
  }
  summary->row_separation = Separation(pairs, seed);
  const double all =
      MedianBy(replies, seed, [](auto& r) { return r.logit_spread; }).value;
  const double mean = sum / count;
  const double variance = std::max(0.0, squares / count - mean * mean);
  if (all > 0) summary->row_spread = std::sqrt(variance) / all;
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
    result_.watched = WatchedOf(protocol, options);
  }

  std::optional<Measurement> Run() {
    const bool whole =
        MeasureKnown() && MeasureDresses() && MeasureOwn() && MeasureSweep();
    if (!whole) return std::nullopt;
    return std::move(result_);
  }

 private:
  bool Goes(std::string_view what, size_t done, size_t total) const {
    return !options_->progress || !options_->progress(what, done, total);
  }

  bool Fits(const ForcedText& text) const {
    return text.ids.size() <= static_cast<size_t>(model_->context_length());
  }

  std::string PromptOf(const ForcedText& text) const {
    std::string prompt;
    for (size_t i = 0; i < text.prompt; ++i) {
      prompt += protocol_->tokenizer()->TokenBytes(text.ids[i]);
    }
    return prompt;
  }

  bool MeasureKnown() {
    settings_ = SweepSettings(options_->sampling);
    Sweep sweep(settings_, result_.watched.stops);
    Teacher teacher(*model_);
    const size_t count = std::min(plan_->known, options_->known.size());
    for (size_t i = 0; i < count; ++i) {
      if (!Goes("known replies", i, count)) return false;
      const KnownReply& known = options_->known[i];
      const auto text = RenderForced(*protocol_, known);
      if (!text || !Fits(*text)) {
        ++result_.refused;
        continue;
      }
      if (result_.known.empty()) result_.prompt = PromptOf(*text);
      result_.known.push_back(
          teacher.Measure(*text, result_.watched,
                          [&](auto logits) { sweep.Take(logits, text->ids); }));
      result_.known.back().index = i;
      result_.known.back().text = known.reply;
    }
    if (result_.known.empty()) {
      throw Error::Usage(
          "the template renders none of the known replies, or the context has "
          "no room for them");
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
    const Watched stops{result_.watched.stops, {}, {}};
    const size_t count = std::min(plan_->variants, options_->known.size());
    for (size_t i = 0; i < variants.size(); ++i) {
      std::vector<double> logprobs;
      std::vector<double> ends;
      for (size_t k = 0; k < count; ++k) {
        if (!Goes("other dresses", i * count + k, variants.size() * count)) {
          return false;
        }
        const auto text = variants[i].render(options_->known[k]);
        if (!text || !Fits(*text)) continue;
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

  // The reply to the prompt of known reply I, of COUNT that are made at WORK;
  // a prompt that the template refuses has none. False where it was given up.
  bool Reply(std::string_view work, size_t done, size_t count, size_t i,
             OwnReplyOptions options, std::vector<OwnReply>* replies) {
    const KnownReply& known = options_->known[i % options_->known.size()];
    if (!RenderForced(*protocol_, known)) return true;  // counted as refused
    options.suppress = options_->suppress;
    options.cancelled = [&](size_t tokens) {
      return !Goes(work, done * options.max_tokens + tokens,
                   count * options.max_tokens);
    };
    OwnReply reply = MakeOwnReply(*protocol_, *model_, known.messages, options);
    if (reply.end.cause == EndCause::kCancelled) return false;
    replies->push_back(std::move(reply));
    return true;
  }

  // Greedy ones without thoughts, which loop so in models that are healthy.
  bool MeasureOwn() {
    const size_t count = plan_->greedy + plan_->sampled;
    for (size_t i = 0; i < count; ++i) {
      const bool greedy = i < plan_->greedy;
      OwnReplyOptions options;
      options.sampling = options_->sampling;
      options.sampling.seed = plan_->seed + i;
      options.max_tokens = plan_->max_tokens;
      if (greedy) {
        options.sampling.temp = 0;
        options.thinking = Thinking::kOff;
      }
      const size_t prompt = greedy ? i : i - plan_->greedy;
      if (!Reply("own replies", i, count, prompt, options, &result_.own)) {
        return false;
      }
    }
    return true;
  }

  // The same prompts and seeds by each setting, without thoughts, so that
  // answers end within the limit.
  bool MeasureSweep() {
    const std::vector<size_t> order = SweepOrder(settings_);
    const size_t count = std::min(plan_->sweep_settings, order.size());
    for (size_t i = 0; i < count; ++i) {
      const SweepSetting& setting = settings_[order[i]];
      OwnReplyOptions options;
      options.sampling = setting.params;
      options.exempt_stops = setting.rule == PenaltyRule::kOurs;
      options.thinking = Thinking::kOff;
      options.max_tokens = plan_->sweep_tokens;
      for (size_t k = 0; k < plan_->sweep_replies; ++k) {
        options.sampling.seed = plan_->seed + k;
        if (!Reply("sweep", i * plan_->sweep_replies + k,
                   count * plan_->sweep_replies, k, options,
                   &result_.sweep[order[i]].replies)) {
          return false;
        }
      }
    }
    return true;
  }

  const TurnProtocol* protocol_;
  ForwardModel* model_;
  const Plan* plan_;
  const MeasureOptions* options_;
  std::vector<SweepSetting> settings_;
  Measurement result_;
};

double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// Seconds of a known reply of mean length.
double CostOfKnown(const TurnProtocol& protocol, ForwardModel& model,
                   const MeasureOptions& options) {
  const Watched watched = WatchedOf(protocol, options);
  std::vector<ForcedText> texts;
  double tokens = 0;
  for (const KnownReply& known : options.known) {
    auto text = RenderForced(protocol, known);
    const auto room = static_cast<size_t>(model.context_length());
    if (!text || text->ids.size() > room) continue;
    tokens += static_cast<double>(text->ids.size());
    texts.push_back(*std::move(text));
  }
  if (texts.empty()) return 0;
  Teacher teacher(model);
  const Clock::time_point start = Clock::now();
  double done = 0;
  for (const ForcedText& text : texts) {
    teacher.Measure(text, watched);
    done += static_cast<double>(text.ids.size());
    if (SecondsSince(start) > kCalibrationSeconds) break;
  }
  return SecondsSince(start) / done * tokens /
         static_cast<double>(texts.size());
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
  SumUpRows(summed, seed, &summary);
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

Cost Calibrate(const TurnProtocol& protocol, ForwardModel& model,
               const MeasureOptions& options) {
  Cost cost;
  cost.known = CostOfKnown(protocol, model, options);
  if (cost.known == 0) return cost;
  OwnReplyOptions own;
  own.sampling = options.sampling;
  own.max_tokens = kCalibrationTokens;
  // Without the prompt, whose cost is known.
  Clock::time_point first;
  own.cancelled = [&first, &cost](size_t tokens) {
    if (tokens == 1) first = Clock::now();
    if (tokens < 2) return false;
    const double seconds = SecondsSince(first);
    cost.token = seconds / static_cast<double>(tokens - 1);
    return seconds > kCalibrationSeconds;
  };
  const auto prompt = std::ranges::find_if(options.known, [&](auto& known) {
    return RenderForced(protocol, known).has_value();
  });
  MakeOwnReply(protocol, model, prompt->messages, own);
  if (cost.token == 0) cost.token = cost.known;  // it says nothing
  return cost;
}

std::optional<Measurement> Measure(const TurnProtocol& protocol,
                                   ForwardModel& model, const Plan& plan,
                                   const MeasureOptions& options) {
  return Measurer(protocol, model, plan, options).Run();
}

}  // namespace fullstop
