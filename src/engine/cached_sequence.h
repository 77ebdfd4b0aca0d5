// One sequence of a model's cache, and how it becomes another text with as
// little work as possible.
#ifndef FULLSTOP_ENGINE_CACHED_SEQUENCE_H_
#define FULLSTOP_ENGINE_CACHED_SEQUENCE_H_

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "base/token_id.h"
#include "model/forward.h"

namespace fullstop {

// The ids that the cache holds for one sequence. Views of logits live until the
// next call. One thread at a time.
class CachedSequence {
 public:
  // MODEL must outlive the object, and no one else may use SEQUENCE.
  // PREFILL_ROWS is how many rows one call of the model evaluates.
  CachedSequence(ForwardModel& model, SequenceId sequence,
                 int32_t prefill_rows = 512);
  CachedSequence(const CachedSequence&) = delete;
  CachedSequence& operator=(const CachedSequence&) = delete;
  ~CachedSequence();

  struct Prepared {
    int32_t kept = 0;       // tokens that stood in the cache already
    int32_t evaluated = 0;  // tokens evaluated now
    bool cancelled = false;
  };
  // Between two calls of the model: the tokens done and their total; false
  // cancels, and what is evaluated by then stays in the cache.
  using Progress = std::function<bool(int32_t done, int32_t total)>;

  // Cuts the cache to its longest common prefix with IDS and evaluates the
  // rest, at least the last id, whose logits are then at hand. Throws Error
  // (kUsage) for no ids, (kLimit) where they don't fit the context.
  Prepared Prepare(std::span<const TokenId> ids, const Progress& progress = {});
  // Evaluates one more token.
  void Append(TokenId id);
  // Keeps the first LENGTH tokens. No logits are at hand then.
  void Cut(int32_t length);
  // Keeps the first LENGTH tokens (at least 1) and evaluates the last of them
  // again, as a decode step, so that its logits are at hand.
  void StepBack(int32_t length);

  // Of the last token evaluated: [vocabulary size].
  std::span<const float> logits() const { return logits_; }
  const std::vector<TokenId>& ids() const { return ids_; }
  // Whether one more token can be appended.
  bool full() const;
  ForwardModel& model() const { return *model_; }

 private:
  void Evaluate(std::span<const TokenId> ids, Phase phase, bool wants_logits);

  ForwardModel* model_;
  SequenceId sequence_;
  int32_t prefill_rows_;
  std::vector<TokenId> ids_;
  std::span<const float> logits_;
};

}  // namespace fullstop

#endif  // FULLSTOP_ENGINE_CACHED_SEQUENCE_H_
