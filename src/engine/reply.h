// One reply from a prompt's ids to its end, with all that a surface reports.
#ifndef FULLSTOP_ENGINE_REPLY_H_
#define FULLSTOP_ENGINE_REPLY_H_

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "engine/generation.h"
#include "engine/reply_reader.h"

namespace fullstop {

// Watches a reply. All calls come from the thread that generates.
class ReplyObserver {
 public:
  virtual ~ReplyObserver() = default;
  // A reply to a prompt of so many tokens begins.
  virtual void OnBegin(const GenerationOptions& options, size_t prompt_tokens) {
    (void)options;
    (void)prompt_tokens;
  }
  // Whether the user gave up; asked before each call of the model.
  virtual bool Cancelled() { return false; }
  // DONE of TOTAL new prompt tokens are evaluated.
  virtual void OnPrompt(int32_t done, int32_t total) {
    (void)done;
    (void)total;
  }
  // One token was drawn; MACHINE is in the state behind it.
  virtual void OnStep(const GenerationStep& step, const StopMachine& machine) {
    (void)step;
    (void)machine;
  }
};

// Sorts pieces into what a user reads as answer and as thought. A value.
class ReplyText {
 public:
  void Add(const Piece& piece);
  // The answer and its calls; the thoughts; both without the thoughts' markers.
  const std::string& text() const { return text_; }
  const std::string& reasoning() const { return reasoning_; }

 private:
  std::string text_;
  std::string reasoning_;
};

struct Reply {
  // The answer and its calls as they were written.
  std::string text;
  // What the reply says: thought, answer, calls.
  ParsedReply said;
  // How often the thought was closed at its budget.
  uint64_t thoughts_closed = 0;
  // The reply's tokens, the one that ended it included.
  std::vector<TokenId> ids;
  End end;
  ReplyUsage usage;
  uint64_t seed = 0;
  int32_t prompt_tokens = 0;
  int32_t cached_tokens = 0;       // of these, not evaluated again
  double prompt_seconds = 0;       // for the evaluated ones
  double generate_seconds = 0;     // from the first draw to the end
  double first_token_seconds = 0;  // from the start to the first draw's end
  std::vector<LoopNote> loops;
  // The last steps, for an explanation of the end.
  std::deque<GenerationStep> tail;
};

inline constexpr size_t kReplyTail = 16;

// Evaluates PROMPT in SEQUENCE, as little of it as the cache allows, and
// generates. Throws Error for a prompt that does not fit and for options that
// contradict each other; what happens later is the reply's end.
Reply GenerateReply(const TurnProtocol& protocol, CachedSequence& sequence,
                    const std::vector<TokenId>& prompt,
                    const GenerationOptions& options, ReplyObserver& observer);

}  // namespace fullstop

#endif  // FULLSTOP_ENGINE_REPLY_H_
