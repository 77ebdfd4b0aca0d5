#include "measure/measurement_json.h"

#include <string>
#include <utility>

#include "base/utf8.h"
#include "generate/end_json.h"

namespace fullstop {
namespace {

using Json = nlohmann::ordered_json;

Json EstimateToJson(const Estimate& estimate) {
  return {{"value", estimate.value},
          {"low", estimate.low},
          {"high", estimate.high}};
}

class Writer {
 public:
  Writer(const Measurement& measurement, const KnownSummary& summary,
         const Tokenizer& tokenizer)
      : measurement_(&measurement),
        summary_(&summary),
        tokenizer_(&tokenizer) {}

  Json Whole() const {
    Json dresses = Json::array();
    for (const DressScore& each : measurement_->dresses) {
      dresses.push_back({{"name", each.name},
                         {"replies", each.replies},
                         {"logprob", EstimateToJson(each.logprob)},
                         {"p_stop", EstimateToJson(each.p_stop)}});
    }
    Json sweep = Json::array();
    for (const SweepPoint& each : measurement_->sweep) {
      sweep.push_back({{"name", each.Name()},
                       {"p_stop", EstimateToJson(each.p_stop)},
                       {"replies", Drawn(each.replies)}});
    }
    return {{"plan", PlanToJson(measurement_->plan)},
            {"known", Known()},
            {"own", Own()},
            {"dresses", std::move(dresses)},
            {"sweep", std::move(sweep)}};
  }

 private:
  Json Token(TokenId id) const {
    return {{"id", id},
            {"text", ReplaceInvalidUtf8(tokenizer_->info(id).text)}};
  }

  Json Tokens(const std::vector<TokenId>& ids) const {
    Json tokens = Json::array();
    for (const TokenId id : ids) tokens.push_back(Token(id));
    return tokens;
  }

  Json HeirToJson(const Heir& heir) const {
    Json json = Token(heir.id);
    json["at_end"] = heir.at_end;
    json["inside"] = heir.inside;
    return json;
  }

  Json Known() const {
    Json heirs = Json::array();
    for (const Heir& heir : summary_->heirs) heirs.push_back(HeirToJson(heir));
    Json replies = Json::array();
    for (const ForcedReply& reply : measurement_->known) {
      replies.push_back({{"text", ReplaceInvalidUtf8(reply.text)},
                         {"tokens", reply.tokens},
                         {"logprob", reply.logprob},
                         {"p_stop", reply.p_stop},
                         {"stop_rank", reply.stop_rank},
                         {"next", Token(reply.next)},
                         {"next_probability", reply.next_probability}});
    }
    Json next = nullptr;
    if (summary_->next) next = HeirToJson(*summary_->next);
    return {{"stops", Tokens(measurement_->watched.stops)},
            {"normal", summary_->normal},
            {"summed", summary_->summed},
            {"refused", measurement_->refused},
            {"prompt", ReplaceInvalidUtf8(measurement_->prompt)},
            {"logprob", EstimateToJson(summary_->logprob)},
            {"p_stop_end", EstimateToJson(summary_->p_stop_end)},
            {"p_stop_inside", EstimateToJson(summary_->p_stop_inside)},
            {"stop_rank", EstimateToJson(summary_->stop_rank)},
            {"separation", EstimateToJson(summary_->separation)},
            {"row_separation", EstimateToJson(summary_->row_separation)},
            {"row_spread", summary_->row_spread},
            {"heirs", std::move(heirs)},
            {"next", std::move(next)},
            {"replies", std::move(replies)}};
  }

  static Json Ended(const std::vector<OwnReply>& replies) {
    Json ended = EstimateToJson(ShareEnded(replies));
    ended["count"] = CountEnded(replies);
    return ended;
  }

  // null where none were.
  static Json Drawn(const std::vector<OwnReply>& replies) {
    if (replies.empty()) return nullptr;
    Json causes = Json::array();
    for (const auto& [cause, count] : CountCauses(replies)) {
      causes.push_back({{"cause", EndCauseName(cause)}, {"count", count}});
    }
    std::vector<double> tokens;
    for (const OwnReply& reply : replies) {
      tokens.push_back(static_cast<double>(reply.tokens));
    }
    return {{"drawn", replies.size()},
            {"ended", Ended(replies)},
            {"causes", std::move(causes)},
            {"tokens", Median(std::move(tokens))}};
  }

  Json Own() const {
    Json faults = Json::object();
    for (const FaultShare& each : CountFaults(measurement_->own)) {
      Json share = EstimateToJson(each.share);
      share["count"] = each.count;
      faults[std::string(ReplyFaultName(each.fault))] = std::move(share);
    }
    Json replies = Json::array();
    for (const OwnReply& reply : measurement_->own) {
      Json found = Json::array();
      for (const ReplyFault fault : reply.faults) {
        found.push_back(ReplyFaultName(fault));
      }
      replies.push_back({{"messages", reply.messages},
                         {"greedy", reply.greedy},
                         {"seed", reply.seed},
                         {"tokens", reply.tokens},
                         {"end", EndToJson(reply.end)},
                         {"faults", std::move(found)},
                         {"text", ReplaceInvalidUtf8(reply.text)}});
    }
    return {{"ended", Ended(measurement_->own)},
            {"faults", std::move(faults)},
            {"replies", std::move(replies)}};
  }

  const Measurement* measurement_;
  const KnownSummary* summary_;
  const Tokenizer* tokenizer_;
};

}  // namespace

Json MeasurementToJson(const Measurement& measurement,
                       const KnownSummary& summary,
                       const Tokenizer& tokenizer) {
  return Writer(measurement, summary, tokenizer).Whole();
}

Json ComparisonToJson(const Comparison& comparison, const std::string& path) {
  return {{"path", ReplaceInvalidUtf8(path)},
          {"replies", comparison.replies},
          {"text", EstimateToJson(comparison.text)},
          {"odds", EstimateToJson(comparison.odds)},
          {"agreed", comparison.agreed},
          {"agreement", EstimateToJson(comparison.agreement)}};
}

}  // namespace fullstop
