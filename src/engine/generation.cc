#include "engine/generation.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/error.h"
#include "base/utf8.h"
#include "generate/sampler_dry_breakers.h"
#include "tokenizer/tokenizer.h"

namespace fullstop {
namespace {

std::vector<TokenId> StopIds(const StopSet& stops) {
  std::vector<TokenId> ids;
  for (const Stop& stop : stops.stops) ids.push_back(stop.id);
  return ids;
}

SamplerVocabulary VocabularyFor(const TurnProtocol& protocol,
                                const GenerationOptions& options) {
  const Tokenizer& tokenizer = *protocol.tokenizer();
  SamplerVocabulary vocabulary;
  vocabulary.size = tokenizer.size();
  if (options.exempt_stops) {
    vocabulary.stop_ids = StopIds(options.stops.stops);
  }
  vocabulary.suppress = options.suppress;
  if (options.sampling.dry_multiplier != 0) {
    vocabulary.dry_breakers =
        CompileDryBreakers(tokenizer, options.sampling.dry_sequence_breakers);
  }
  return vocabulary;
}

}  // namespace

Generation::Generation(const TurnProtocol& protocol, CachedSequence& sequence,
                       GenerationOptions options)
    : protocol_(&protocol),
      sequence_(&sequence),
      chain_(options.sampling, VocabularyFor(protocol, options)),
      machine_(options.stops),
      loops_(options.on_loop, StopIds(options.stops.stops)),
      top_(options.top),
      prompt_length_(sequence.ids().size()),
      reasoning_budget_(options.reasoning_budget) {
  chain_.Prime(sequence.ids());
  const std::optional<Marker>& opening = protocol.facts().reasoning.opening;
  if (options.open_thought && opening) {
    forced_.assign(opening->ids.begin(), opening->ids.end());
  }
}

bool Generation::WithinCharacter() const {
  std::string tail;
  for (size_t i = ids_.size() - std::min<size_t>(ids_.size(), 4);
       i < ids_.size(); ++i) {
    tail += protocol_->tokenizer()->TokenBytes(ids_[i]);
  }
  return IncompleteUtf8Suffix(tail) > 0;
}

std::optional<TokenId> Generation::NextForced() {
  const std::optional<Marker>& closing = protocol_->facts().reasoning.closing;
  if (forced_.empty() && reasoning_budget_ && closing &&
      machine_.section() == Section::kThought &&
      machine_.usage().reasoning_tokens >= *reasoning_budget_) {
    if (WithinCharacter()) return std::nullopt;
    forced_.assign(closing->ids.begin(), closing->ids.end());
    ++thoughts_closed_;
  }
  if (forced_.empty()) return std::nullopt;
  const TokenId id = forced_.front();
  forced_.pop_front();
  return id;
}

SampleRecord Generation::RecordOf(TokenId id) {
  SampleRecord record = chain_.Sample(
      sequence_->logits(),
      {.position = sequence_->ids().size(), .top = top_, .banned = {}});
  const std::span<const float> logits = sequence_->logits();
  const float most = *std::max_element(logits.begin(), logits.end());
  double sum = 0;
  for (const float logit : logits) sum += std::exp(double{logit} - most);
  record.id = id;
  record.logprob =
      double{logits[static_cast<size_t>(id)]} - most - std::log(sum);
  record.drawn_with = 1.0;
  return record;
}

SampleRecord Generation::Draw(std::optional<TokenId> forced) {
  if (forced) return RecordOf(*forced);
  const std::vector<TokenId> banned = loops_.banned();
  return chain_.Sample(
      sequence_->logits(),
      {.position = sequence_->ids().size(), .top = top_, .banned = banned});
}

GenerationStep Generation::Next(bool cancelled) {
  GenerationStep step;
  const std::optional<TokenId> forced = NextForced();
  step.forced = forced.has_value();
  try {
    step.record = Draw(forced);
  } catch (const Error& error) {
    step.events.error = error.message();
    return Close(step.events);
  }
  step.id = step.record.id;
  chain_.Accept(step.id);
  ids_.push_back(step.id);

  const LoopVerdict verdict = loops_.Accept(step.id, WithinCharacter());
  // What is taken back makes room.
  step.events.context_full = sequence_->full() && verdict.remove == 0;
  step.events.cancelled = cancelled;
  if (verdict.kind == LoopVerdict::Kind::kStop ||
      verdict.kind == LoopVerdict::Kind::kStepBack) {
    step.events.loop =
        LoopEvent{verdict.loop.period, verdict.loop.count, verdict.remove};
  }
  step.events.hold = loops_.held();

  const Tokenizer& tokenizer = *protocol_->tokenizer();
  StopStep stopped = machine_.Put({.id = step.id,
                                   .bytes = tokenizer.TokenBytes(step.id),
                                   .control = protocol_->IsControl(step.id)},
                                  step.events);
  step.pieces = std::move(stopped.pieces);
  step.end = std::move(stopped.end);
  step.stepped_back = stopped.stepped_back;
  if (verdict.kind == LoopVerdict::Kind::kWarn || step.stepped_back > 0) {
    step.loop = LoopNote{verdict.loop, step.stepped_back};
  }
  if (step.stepped_back > 0) {
    StepBack(step.stepped_back, step.end.has_value());
  } else if (!step.end) {
    Evaluate(&step);
  }
  return step;
}

void Generation::Evaluate(GenerationStep* step) {
  try {
    sequence_->Append(step->id);
  } catch (const Error& error) {
    step->events.error = error.message();
    StopStep stopped = machine_.Close(step->events);
    JoinPieces(std::move(stopped.pieces), &step->pieces);
    step->end = std::move(stopped.end);
  }
}

GenerationStep Generation::Close(const StopEvents& events) {
  GenerationStep step;
  step.events = events;
  StopStep stopped = machine_.Close(events);
  step.pieces = std::move(stopped.pieces);
  step.end = std::move(stopped.end);
  step.closed = true;
  return step;
}

void Generation::StepBack(size_t count, bool ended) {
  chain_.Rollback(count);
  forced_.clear();
  ids_.resize(ids_.size() - count);
  const auto length = static_cast<int32_t>(prompt_length_ + ids_.size());
  if (ended) {
    sequence_->Cut(length);
  } else {
    sequence_->StepBack(length);
  }
}

}  // namespace fullstop
