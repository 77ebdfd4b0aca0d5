// Finds the point from which a reply only repeats itself, by token ids alone.
#ifndef FULLSTOP_GENERATE_LOOP_DETECTOR_H_
#define FULLSTOP_GENERATE_LOOP_DETECTOR_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/token_id.h"

namespace fullstop {

// The tail of a reply that is an exact repetition.
struct Loop {
  // In tokens: the smallest that the repetition has.
  size_t period = 0;
  // How many whole periods it spans.
  size_t count = 0;
  // The index, from the reply's first token, at which the repetition begins:
  // the first instance stands at [start, start + period).
  size_t start = 0;
  friend bool operator==(const Loop&, const Loop&) = default;
};

// A repetition becomes a loop at its end's token, once it spans at least 3
// periods and kLongSpan tokens. Ordinary tables, rulers and arrays of zeros are
// no loops, so a dull unit needs more: kDullSpan tokens, and kDullCount periods
// unless it is shorter than kShortPeriod. A unit is dull if it is that short,
// or if it is no longer than kDullSpan and an exact repetition of so short a
// period makes up two thirds of it, as in a table's row of equal cells.
//
// Fed with the tokens of one reply. A token costs a vectorised comparison with
// each of the last kMaxPeriod tokens (about a microsecond), at any length. A
// copy costs 4 bytes for each token and 16 KiB. One thread.
class LoopDetector {
 public:
  static constexpr size_t kMaxPeriod = 4096;
  static constexpr size_t kShortPeriod = 8;
  static constexpr size_t kLongSpan = 48;
  static constexpr size_t kDullSpan = 128;
  static constexpr size_t kDullCount = 8;
  // What a caller that wants to take a loop back has to hold at most.
  static constexpr size_t kMaxHeld = 64;

  void Accept(TokenId id);
  // Takes back the last N tokens; the detector is then what it was. REQUIRES:
  // n <= size(). Costs about 10 microseconds, and the length of a repetition.
  void Rollback(size_t n);

  size_t size() const { return ids_.size(); }
  TokenId token(size_t index) const { return ids_[index]; }

  // The loop at the tail, of the smallest period if there are several.
  const std::optional<Loop>& loop() const { return loop_; }

  // How many tokens at the tail belong to a repetition that, if it became a
  // loop, would be taken back before they are shown: those behind its first
  // instance, as far as they are among the last kMaxHeld at the token that
  // makes it a loop. Until there is a loop, a token that was let go once is not
  // held again.
  size_t held() const { return held_; }

  // The tokens that would prolong a copy: whatever stood behind an earlier
  // occurrence, at most kMaxPeriod tokens back, of the last COPY tokens.
  // The nearest first, one for each. Costs a look at each of the last
  // kMaxPeriod tokens.
  std::vector<TokenId> Continuations(size_t copy) const;

  friend bool operator==(const LoopDetector&, const LoopDetector&) = default;

 private:
  // Brings loop_ and held_ up to date.
  void Scan();
  // Whether the last p + runs_[p - 1] tokens have no smaller period.
  bool IsSmallestPeriod(size_t period) const;
  // How many tokens a repetition must span to be a loop.
  size_t LoopSpan(size_t period) const;
  bool IsDullRow(size_t period) const;
  size_t Run(size_t period) const;

  std::vector<TokenId> ids_;
  // [kMaxPeriod - p]: how many tokens at the tail equal the one p before them.
  std::vector<int32_t> runs_ = std::vector<int32_t>(kMaxPeriod, 0);
  // Whether a run is so long that periods beyond the shortest ones matter.
  bool has_long_run_ = false;
  std::optional<Loop> loop_;
  size_t held_ = 0;
};

}  // namespace fullstop

#endif  // FULLSTOP_GENERATE_LOOP_DETECTOR_H_
