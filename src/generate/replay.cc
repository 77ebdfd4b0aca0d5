#include "generate/replay.h"

#include "base/error.h"
#include "protocol/join.h"

namespace fullstop {
namespace {

// The event of an end that no token brings about.
StopEvents EventOf(const End& end) {
  StopEvents events;
  if (end.cause == EndCause::kLoop) {
    events.loop = LoopEvent{end.period, end.count, 0};
  }
  events.context_full = end.cause == EndCause::kContextFull;
  events.cancelled = end.cause == EndCause::kCancelled;
  if (end.cause == EndCause::kError) events.error = end.text;
  return events;
}

}  // namespace

StopConfig ReplayConfig(const TraceHeader& header, const ReplayChanges& changes,
                        const Tokenizer& vocabulary) {
  StopConfig config = header.config;
  std::vector<Finding> findings;
  OverrideStops(changes.stops, vocabulary, &config.stops, &findings);
  config.stop_strings.insert(config.stop_strings.end(),
                             changes.stop_strings.begin(),
                             changes.stop_strings.end());
  if (changes.max_tokens) config.max_tokens = changes.max_tokens;
  return config;
}

void CheckVocabulary(const Trace& trace, const Tokenizer& vocabulary) {
  for (const TraceToken& token : trace.tokens) {
    const bool known =
        token.id >= 0 && static_cast<size_t>(token.id) < vocabulary.size();
    if (!known || vocabulary.TokenBytes(token.id) != token.bytes) {
      throw Error::Usage("token " + std::to_string(token.id) +
                         " of the trace is another one in this vocabulary")
          .Advice("give the model that the trace was recorded with: " +
                  trace.header.model);
    }
  }
}

ReplayResult Replay(const Trace& trace, const StopConfig& config) {
  StopMachine machine(config);
  ReplayResult result;
  for (const TraceToken& token : trace.tokens) {
    if (machine.end()) break;
    JoinPieces(machine.Put({token.id, token.bytes, token.control}, token.events)
                   .pieces,
               &result.pieces);
    ++result.tokens_read;
  }
  if (trace.end) {
    JoinPieces(machine.Close(EventOf(trace.end->end)).pieces, &result.pieces);
  }
  result.end = machine.end();
  result.usage = machine.usage();
  StopEvents over;
  over.cancelled = true;
  JoinPieces(machine.Close(over).pieces, &result.pieces);
  return result;
}

}  // namespace fullstop
