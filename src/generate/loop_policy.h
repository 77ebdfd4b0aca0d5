// What to do about loops: warn, stop, or step back and steer away.
#ifndef FULLSTOP_GENERATE_LOOP_POLICY_H_
#define FULLSTOP_GENERATE_LOOP_POLICY_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/token_id.h"
#include "generate/loop_detector.h"

namespace fullstop {

enum class OnLoop { kWarn, kStop, kStepBack };

struct LoopVerdict {
  enum class Kind {
    kNone,
    kWarn,      // a loop began here; told once for each loop
    kStop,      // the reply ends here, its cause is the loop
    kStepBack,  // take REMOVE tokens back and draw again
  };
  Kind kind = Kind::kNone;
  Loop loop;
  // kStepBack: how many tokens to take off text, ids, cache, sampler and stop
  // machine; none of them was to be shown yet. The policy took them off itself.
  size_t remove = 0;
};

// The policy of one reply. It is pure: tokens in, verdicts out. A copy costs a
// detector's copy. One thread.
//
// Stepping back keeps the loop's first instance and removes what repeats it,
// except for tokens that complete a character and for tokens that were shown:
// no more than LoopDetector::kMaxHeld are kept from being shown, and those only
// while a repetition is under way, and what stands after a step back is never
// taken back later. After kMaxStepBacks, the next loop ends the reply.
//
// Steering away. The first removed token is banned at its position. That alone
// leads a stuck model into the same loop by another way, so later tokens are
// banned too: after the first step back those that would go on with the loop
// where the last kSteeredCopy tokens are a stretch of it, wherever in its unit
// that begins; after a second one, which shows that the model has only moved to
// another loop, those that would go on with any text where the last
// kSteeredCopy tokens stood in the reply before. A loop copies at least twice
// as much. Tables and refrains are thus left alone until the reply has looped,
// and but for the loop itself until it has looped twice.
//
// A stop id is never banned; if one was the first removed token, the reply ends
// instead.
class LoopPolicy {
 public:
  static constexpr size_t kMaxStepBacks = 3;
  static constexpr size_t kSteeredCopy = 16;

  LoopPolicy(OnLoop action, std::vector<TokenId> stop_ids);

  // The reply's next token. WITHIN_CHARACTER: the reply's text ends inside a
  // character with it. After kStop no more tokens may come.
  LoopVerdict Accept(TokenId id, bool within_character = false);

  // Takes back the last N tokens (of a speculation that failed); the policy is
  // then what it was. REQUIRES: n <= size(), and no step back since then.
  void Rollback(size_t n);

  // Tokens of the reply as it stands, without those taken back.
  size_t size() const { return detector_.size(); }
  // How many tokens at the tail must not be shown yet; 0 unless stepping back.
  size_t held() const;
  // Ids that must not be drawn as the next token, ascending, each once; no stop
  // id among them. Costs a look at the loop's unit after a step back, and after
  // a second one LoopDetector::Continuations.
  std::vector<TokenId> banned() const;

  size_t step_backs() const { return step_backs_; }
  // Tokens taken back in all: they were generated and count in the usage and
  // towards the greatest number of tokens.
  uint64_t removed_tokens() const { return removed_tokens_; }

  friend bool operator==(const LoopPolicy&, const LoopPolicy&) = default;

 private:
  struct Ban {
    size_t index;
    TokenId id;
    friend bool operator==(const Ban&, const Ban&) = default;
  };
  struct Warning {
    size_t size;
    Loop loop;
    friend bool operator==(const Warning&, const Warning&) = default;
  };

  LoopVerdict Warn(const Loop& loop);
  LoopVerdict StepBack(const Loop& loop);
  // The tokens that would go on with the loop that was stepped back from.
  std::vector<TokenId> LoopContinuations() const;
  bool IsStop(TokenId id) const;

  OnLoop action_;
  // Ascending.
  std::vector<TokenId> stop_ids_;
  LoopDetector detector_;
  // Of each token, whether the text ends inside a character with it.
  std::vector<bool> within_character_;
  std::vector<Ban> bans_;
  std::vector<Warning> warnings_;
  // What the last step back left: tokens before it are free to show.
  size_t settled_ = 0;
  size_t step_backs_ = 0;
  // The first that was stepped back from: its first instance still stands.
  Loop left_;
  uint64_t removed_tokens_ = 0;
};

}  // namespace fullstop

#endif  // FULLSTOP_GENERATE_LOOP_POLICY_H_
