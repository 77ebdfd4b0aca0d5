#include "cli/why.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "cli/command.h"
#include "generate/end.h"
#include "generate/sampler_params.h"

namespace fullstop::cli {
namespace {

std::string Quoted(std::string_view bytes) {
  return Json(bytes).dump(-1, ' ', false, Json::error_handler_t::replace);
}

// A cut of a stop less probable than this is what cutting is for.
constexpr double kNotable = 0.01;

std::string DescribeStages(const SampleRecord& record) {
  std::string out;
  size_t before = 0;
  for (const StageEffect& effect : record.stages) {
    if (before != 0 && effect.kept != before) {
      out += fmt::format("{}{} left {}", out.empty() ? "" : ", ",
                         SamplerStageName(effect.stage), effect.kept);
    } else if (effect.changed > 0 &&
               effect.stage != SamplerStage::kTemperature) {
      out += fmt::format("{}{} changed {}", out.empty() ? "" : ", ",
                         SamplerStageName(effect.stage), effect.changed);
    }
    before = effect.kept;
  }
  return out;
}

// Whether STAGE only keeps the best candidates: what it removes was improbable.
bool Truncates(SamplerStage stage) {
  return stage == SamplerStage::kTopNSigma || stage == SamplerStage::kTopK ||
         stage == SamplerStage::kTypicalP || stage == SamplerStage::kTopP ||
         stage == SamplerStage::kMinP || stage == SamplerStage::kMirostat;
}

std::string DescribeLosses(const SampleRecord& record,
                           const Tokenizer& tokenizer) {
  std::string out;
  for (const StopLoss& loss : record.stop_losses) {
    if (Truncates(loss.stage) && record.p_stop < kNotable) continue;
    out += fmt::format(
        "{}{} {} {}", out.empty() ? "" : ", ", SamplerStageName(loss.stage),
        loss.removed ? "removed" : "lowered", tokenizer.TokenBytes(loss.id));
  }
  return out;
}

// What the end means, in a sentence.
std::string Meaning(const End& end) {
  switch (end.cause) {
    case EndCause::kTurnEnd:
    case EndCause::kSequenceEnd:
    case EndCause::kToolCall:
      return "the model drew a token that ends its turn";
    case EndCause::kTurnOpen:
      return "the model did not close its turn, it drew a token that opens "
             "another";
    case EndCause::kStopString:
      return "the text held a stop string, which is not shown";
    case EndCause::kLoop:
      return "the model said the same again and again";
    case EndCause::kMaxTokens:
      return "the limit on tokens cut the reply short";
    case EndCause::kContextFull:
      return "the context was full, which cut the reply short";
    case EndCause::kCancelled:
      return "you stopped it";
    case EndCause::kError:
      break;
  }
  return "something went wrong";
}

// Where the model itself was nearest to an end; at the end, if it drew one.
std::string NearestEnd(const Reply& reply, const Tokenizer& tokenizer) {
  const GenerationStep* nearest = nullptr;
  for (const GenerationStep& step : reply.tail) {
    if (step.closed) continue;
    if (nearest == nullptr || reply.end.id ||
        step.record.p_stop > nearest->record.p_stop) {
      nearest = &step;
    }
  }
  if (nearest == nullptr) return "; no token was drawn\n";
  if (reply.end.id) {
    return fmt::format(", where P(stop) was {:.2g}\n", nearest->record.p_stop);
  }
  return fmt::format(
      ";\nof the tokens below, an end was most probable at {}: {:.2g}\n",
      Quoted(tokenizer.TokenBytes(nearest->id)), nearest->record.p_stop);
}

}  // namespace

std::string ExplainEnd(const Reply& reply, const LoadedModel& model) {
  const Tokenizer& tokenizer = model.tokenizer();
  std::string out = "the reply ended with " + DescribeEnd(reply.end) + "\n";
  out += Meaning(reply.end) + NearestEnd(reply, tokenizer);
  out += "stops:\n";
  for (const Stop& stop : model.protocol().stops().stops) {
    std::string from;
    for (const Source& source : stop.from) {
      from += fmt::format("{}{}: {}", from.empty() ? "" : "; ",
                          ProvenanceName(source.provenance), source.where);
    }
    out += fmt::format("  {:>7} {:<22} {:<13} {}\n", stop.id, stop.text,
                       StopRoleName(stop.role), from);
  }
  const auto tokens = std::ranges::count_if(
      reply.tail, [](const GenerationStep& step) { return !step.closed; });
  if (tokens == 0) return out;
  out += "the last " + Count(static_cast<uint64_t>(tokens), "token") + ":\n";
  out += fmt::format("  {:<18} {:>9} {:>10}  {}\n", "token", "p", "P(stop)",
                     "what the samplers did");
  for (const GenerationStep& step : reply.tail) {
    if (step.closed) continue;
    std::string did = DescribeStages(step.record);
    const std::string losses = DescribeLosses(step.record, tokenizer);
    if (!losses.empty()) did += (did.empty() ? "" : "; ") + losses;
    out += fmt::format("  {:<18} {:>9.4f} {:>10.2e}  {}\n",
                       Quoted(tokenizer.TokenBytes(step.id)),
                       std::exp(step.record.logprob), step.record.p_stop, did);
  }
  return out;
}

}  // namespace fullstop::cli
