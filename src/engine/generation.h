// One reply: logits to tokens to text, until it ends.
#ifndef FULLSTOP_ENGINE_GENERATION_H_
#define FULLSTOP_ENGINE_GENERATION_H_

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/token_id.h"
#include "engine/cached_sequence.h"
#include "generate/loop_detector.h"
#include "generate/loop_policy.h"
#include "generate/sampler_chain.h"
#include "generate/stop_machine.h"
#include "protocol/reply_events.h"
#include "protocol/reply_grammar.h"
#include "protocol/turn_protocol.h"

namespace fullstop {

struct GenerationOptions {
  SamplingParams sampling;
  StopConfig stops;
  OnLoop on_loop = OnLoop::kStop;
  // Ids that the model's files forbid the sampler.
  std::vector<TokenId> suppress;
  // False hides the stop ids from the sampler: penalties, DRY and XTC treat
  // them as any token, as those of peers do, and records say nothing of them.
  // For measurements.
  bool exempt_stops = true;
  // How many of the first candidates each step's record lists.
  size_t top = 0;
  // The most tokens of thought, its markers included: then the thought is
  // closed by the model's own marker, and the reply goes on.
  std::optional<uint64_t> reasoning_budget;
  // The reply begins with the opening of a thought.
  bool open_thought = false;
  // What replies are parsed by; made of the protocol, without tools, where it
  // is absent.
  std::shared_ptr<const ReplyGrammar> grammar;
};

// A loop that was met and lived through.
struct LoopNote {
  Loop loop;
  size_t stepped_back = 0;  // tokens taken back; 0 where it was only noticed
};

struct GenerationStep {
  // Where it ended the reply between two tokens, there is no token.
  bool closed = false;
  TokenId id = 0;
  SampleRecord record;
  // What the stop machine was told with the token.
  StopEvents events;
  // What may be shown now.
  std::vector<Piece> pieces;
  // What the reply says, as far as it is settled.
  std::vector<ReplyEvent> said;
  // The token was not drawn but set: a part of a thought's marker.
  bool forced = false;
  std::optional<LoopNote> loop;
  size_t stepped_back = 0;  // tokens, this one included
  std::optional<End> end;
};

// Draws the tokens of one reply. SEQUENCE must hold the prompt, its last logits
// at hand (CachedSequence::Prepare). Afterwards it holds prompt and reply but
// the token that ended it, which is evaluated only if the next rendering has
// it; what was stepped back is in neither. One thread at a time; what is passed
// in must outlive the object.
class Generation {
 public:
  // Throws Error (kUsage) for options that contradict each other or the model.
  Generation(const TurnProtocol& protocol, CachedSequence& sequence,
             GenerationOptions options);

  // The next token. CANCELLED ends the reply with it. A computation that fails
  // (logits that are no numbers, a device that is gone) ends it with the cause
  // error, whose text says what failed. Not to be called after the end.
  GenerationStep Next(bool cancelled);
  // Ends the reply before its first token, or between two.
  GenerationStep Close(const StopEvents& events);

  const StopMachine& machine() const { return machine_; }
  // The reply's tokens, the one that ended it included.
  const std::vector<TokenId>& ids() const { return ids_; }
  uint64_t seed() const { return chain_.params().seed; }
  // How often a thought was closed at its budget.
  uint64_t thoughts_closed() const { return thoughts_closed_; }

 private:
  // Whether the reply's text ends inside a character.
  bool WithinCharacter() const;
  // The token that the next one has to be, if any.
  std::optional<TokenId> NextForced();
  // What is known of a token that is not drawn.
  SampleRecord RecordOf(TokenId id);
  // The next token: FORCED, else drawn.
  SampleRecord Draw(std::optional<TokenId> forced);
  // Makes STEP's token part of the sequence; a failure ends the reply.
  void Evaluate(GenerationStep* step);
  // Takes COUNT tokens back, to go on or, where the reply has ENDED, not to.
  void StepBack(size_t count, bool ended);

  const TurnProtocol* protocol_;
  CachedSequence* sequence_;
  SamplerChain chain_;
  StopMachine machine_;
  LoopPolicy loops_;
  size_t top_;
  size_t prompt_length_;
  std::vector<TokenId> ids_;
  std::optional<uint64_t> reasoning_budget_;
  std::deque<TokenId> forced_;
  uint64_t thoughts_closed_ = 0;
};

}  // namespace fullstop

#endif  // FULLSTOP_ENGINE_GENERATION_H_
