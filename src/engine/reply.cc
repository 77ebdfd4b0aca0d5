#include "engine/reply.h"

#include <chrono>
#include <utility>

#include "base/error.h"

namespace fullstop {
namespace {

using Clock = std::chrono::steady_clock;

double Seconds(Clock::time_point from, Clock::time_point to) {
  return std::chrono::duration<double>(to - from).count();
}

std::vector<ReplyEvent> Read(const TurnProtocol& protocol,
                             const GenerationStep& step,
                             const StopMachine& machine, ReplyReader* reader) {
  if (!step.closed) {
    reader->Add(step.id, protocol.tokenizer()->TokenBytes(step.id),
                protocol.IsControl(step.id));
  }
  reader->StepBack(step.stepped_back);
  size_t bytes = 0;
  for (const Piece& piece : step.pieces) bytes += piece.bytes.size();
  std::vector<ReplyEvent> events =
      reader->Release(bytes, step.end ? 0 : machine.rollback_limit());
  if (step.end) JoinEvents(reader->Finish(), &events);
  return events;
}

}  // namespace

void ReplyText::Add(const Piece& piece) {
  if (piece.section == Section::kThought) {
    if (!piece.marker) reasoning_ += piece.bytes;
  } else if (piece.section != Section::kHeader) {
    text_ += piece.bytes;
  }
}

Reply GenerateReply(const TurnProtocol& protocol, CachedSequence& sequence,
                    const std::vector<TokenId>& prompt,
                    const GenerationOptions& options, ReplyObserver& observer) {
  const Clock::time_point start = Clock::now();
  observer.OnBegin(options, prompt.size());
  Reply reply;
  reply.prompt_tokens = static_cast<int32_t>(prompt.size());
  const CachedSequence::Prepared prepared =
      sequence.Prepare(prompt, [&observer](int32_t done, int32_t total) {
        observer.OnPrompt(done, total);
        return !observer.Cancelled();
      });
  reply.cached_tokens = prepared.kept;
  const Clock::time_point evaluated = Clock::now();
  reply.prompt_seconds = Seconds(start, evaluated);

  Generation generation(protocol, sequence, options);
  reply.seed = generation.seed();
  ReplyText text;
  ReplyReader reader(
      options.grammar ? options.grammar : ReplyGrammar::Make(protocol.facts()),
      options.stops.start == Section::kThought);
  const auto take = [&](GenerationStep step) {
    for (const Piece& piece : step.pieces) text.Add(piece);
    step.said = Read(protocol, step, generation.machine(), &reader);
    if (step.loop) reply.loops.push_back(*step.loop);
    observer.OnStep(step, generation.machine());
    if (reply.tail.size() == kReplyTail) reply.tail.pop_front();
    reply.tail.push_back(std::move(step));
  };
  if (prepared.cancelled) {
    StopEvents events;
    events.cancelled = true;
    take(generation.Close(events));
  } else if (options.stops.max_tokens == 0) {
    reply.end.cause = EndCause::kMaxTokens;
  }
  while (!generation.machine().end() && options.stops.max_tokens != 0) {
    take(generation.Next(observer.Cancelled()));
    if (reply.first_token_seconds == 0) {
      reply.first_token_seconds = Seconds(start, Clock::now());
    }
  }
  reply.generate_seconds = Seconds(evaluated, Clock::now());
  if (generation.machine().end()) reply.end = *generation.machine().end();
  reply.said = reader.reply();
  // Headers have no reader; an answer without a header is one all the same.
  reply.text =
      protocol.facts().reasoning.header ? reply.said.content : text.text();
  reply.thoughts_closed = generation.thoughts_closed();
  reply.ids = generation.ids();
  reply.usage = generation.machine().usage();
  return reply;
}

}  // namespace fullstop
