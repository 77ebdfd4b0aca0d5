// The tokens that a draw may still pick, as the samplers leave them.
#ifndef FULLSTOP_GENERATE_CANDIDATES_H_
#define FULLSTOP_GENERATE_CANDIDATES_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/token_id.h"
#include "generate/logit_stats.h"

namespace fullstop {

// Ids with their logits, always ascending by id; a logit is never -infinity:
// what cannot be drawn is dropped. One buffer serves all draws of a chain. A
// copy costs its buffers. One thread.
class Candidates {
 public:
  // Begins a draw with all of LOGITS that are above -infinity; index is id.
  // Throws as SummarizeLogits, whose answer for the raw logits it returns.
  LogitSummary Reset(std::span<const float> logits);

  size_t size() const { return size_; }
  TokenId id(size_t i) const {
    return dense_ ? static_cast<TokenId>(i) : ids_[i];
  }
  float logit(size_t i) const { return logits_[i]; }
  std::span<const float> logits() const { return {logits_.data(), size_}; }
  // The index of ID, if it is still there.
  std::optional<size_t> Find(TokenId id) const;

  // Sets one logit, at most to the highest finite number; -infinity drops the
  // candidate at the next DropImpossible, which must come before the summary is
  // asked for.
  void Set(size_t i, float logit);
  void DropImpossible();
  // Divides all logits. DIVISOR must be above 0. Where the highest would leave
  // the range of a float, all are shifted first, so that it becomes 0.
  void Divide(float divisor);

  // Keeps candidate i where KEEP(i) says so, in order.
  template <typename Predicate>
  void Keep(Predicate keep) {
    size_t kept = 0;
    if (ids_.size() < size_) ids_.resize(size_);
    for (size_t i = 0; i < size_; ++i) {
      const bool stays = keep(i);
      ids_[kept] = id(i);
      logits_[kept] = logits_[i];
      kept += stays ? 1 : 0;
    }
    Shrink(kept);
  }
  // Keeps what ranks no later than LAST.
  void KeepThrough(const LogitEntry& last);
  // Keeps the candidates at INDICES, which must ascend.
  void KeepIndices(std::span<const uint32_t> indices);

  // The indices of all logits that are at least FLOOR, ascending; valid until
  // the next call.
  std::span<const uint32_t> IndicesAtLeast(float floor);

  // The K best, best first.
  std::vector<LogitEntry> Top(size_t k) const;

  // Of the candidates as they stand, argmax an index and not an id; computed
  // when asked for after a change.
  const LogitSummary& summary() const;

  // How many logits Set and Divide changed since the last call.
  size_t TakeChanged();

 private:
  void Shrink(size_t kept);

  // While dense, index is id and ids_ holds nothing of use.
  bool dense_ = true;
  size_t size_ = 0;
  std::vector<TokenId> ids_;
  std::vector<float> logits_;
  std::vector<uint32_t> indices_;
  size_t changed_ = 0;
  bool impossible_ = false;
  mutable std::optional<LogitSummary> summary_;
};

// The smallest prefix, in ascending order of (key, index), whose WEIGHTS reach
// TARGET (or exceed it, if EXCEED) and which has at least MIN_KEEP items; all
// of them where the weights don't suffice. Answers the last item's index; KEYS
// must not be empty and no key negative. Expected time linear.
size_t PrefixByWeight(std::span<const float> keys,
                      std::span<const float> weights, double target,
                      bool exceed, size_t min_keep);

}  // namespace fullstop

#endif  // FULLSTOP_GENERATE_CANDIDATES_H_
