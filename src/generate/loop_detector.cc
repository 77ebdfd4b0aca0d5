#include "generate/loop_detector.h"

#include <algorithm>

namespace fullstop {
namespace {

// Periods above kAlwaysTried matter only once their run is longer than this:
// three periods less one, less what may be shown of it.
constexpr size_t kAlwaysTried = 64;
constexpr int32_t kLongRun = 64;

}  // namespace

void LoopDetector::Accept(TokenId id) {
  const size_t count = std::min(ids_.size(), kMaxPeriod);
  const TokenId* past = ids_.data() + (ids_.size() - count);
  int32_t* runs = runs_.data() + (kMaxPeriod - count);
  // Negative as soon as one of its terms is.
  int32_t margin = 0;
  for (size_t i = 0; i < count; ++i) {
    const int32_t run = past[i] == id ? runs[i] + 1 : 0;
    runs[i] = run;
    margin |= kLongRun - run;
  }
  has_long_run_ = margin < 0;
  ids_.push_back(id);
  Scan();
}

// The runs are the Z-function of the tokens read backwards.
void LoopDetector::Rollback(size_t n) {
  ids_.resize(ids_.size() - n);
  std::fill(runs_.begin(), runs_.end(), 0);
  has_long_run_ = false;
  const size_t size = ids_.size();
  const auto backwards = [&](size_t i) { return ids_[size - 1 - i]; };
  size_t left = 0;
  size_t right = 0;
  for (size_t i = 1; i < size && i <= kMaxPeriod; ++i) {
    size_t run = i < right ? std::min(right - i, Run(i - left)) : 0;
    while (i + run < size && backwards(run) == backwards(i + run)) ++run;
    runs_[kMaxPeriod - i] = static_cast<int32_t>(run);
    has_long_run_ = has_long_run_ || run > size_t{kLongRun};
    if (i + run > right) {
      left = i;
      right = i + run;
    }
  }
  Scan();
}

std::vector<TokenId> LoopDetector::Continuations(size_t copy) const {
  std::vector<TokenId> ids;
  const size_t most = std::min(ids_.size(), kMaxPeriod);
  for (size_t period = 1; period <= most; ++period) {
    if (Run(period) >= copy) ids.push_back(ids_[ids_.size() - period]);
  }
  return ids;
}

void LoopDetector::Scan() {
  loop_.reset();
  held_ = 0;
  const size_t most = has_long_run_ ? kMaxPeriod : kAlwaysTried;
  for (size_t period = 1; period <= most; ++period) {
    const size_t run = Run(period);
    if (run == 0 || run + kMaxHeld <= 2 * period) continue;
    if (!IsSmallestPeriod(period)) continue;
    const size_t needed = LoopSpan(period) - period;
    const size_t shown = needed > kMaxHeld ? needed - kMaxHeld : 0;
    if (run > shown) held_ = std::max(held_, std::min(run - shown, kMaxHeld));
    if (run >= needed) {
      loop_ = Loop{period, (run + period) / period, ids_.size() - run - period};
      return;
    }
  }
}

bool LoopDetector::IsSmallestPeriod(size_t period) const {
  // A smaller period of a stretch of two periods divides it; so does one of a
  // shorter stretch, if it is to go on. The largest divisors are enough.
  const size_t span = Run(period) + period;
  size_t rest = period;
  for (size_t prime = 2; rest > 1; ++prime) {
    if (prime * prime > rest) prime = rest;
    if (rest % prime != 0) continue;
    while (rest % prime == 0) rest /= prime;
    const size_t divisor = period / prime;
    if (Run(divisor) + divisor >= span) return false;
  }
  return true;
}

size_t LoopDetector::LoopSpan(size_t period) const {
  if (period < kShortPeriod) return kDullSpan;
  if (period <= kDullSpan && IsDullRow(period)) {
    return std::max(kDullCount * period, kDullSpan);
  }
  return std::max(3 * period, kLongSpan);
}

bool LoopDetector::IsDullRow(size_t period) const {
  const size_t window = std::min(Run(period) + period, 2 * period);
  for (size_t inner = 1; inner < kShortPeriod; ++inner) {
    size_t stretch = 0;
    for (size_t i = ids_.size() - window + inner; i < ids_.size(); ++i) {
      stretch = ids_[i] == ids_[i - inner] ? std::max(stretch, inner) + 1 : 0;
      if (stretch >= 2 * inner && 3 * stretch >= 2 * period) return true;
    }
  }
  return false;
}

size_t LoopDetector::Run(size_t period) const {
  return static_cast<size_t>(runs_[kMaxPeriod - period]);
}

}  // namespace fullstop
