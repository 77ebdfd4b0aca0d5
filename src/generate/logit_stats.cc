#include "generate/logit_stats.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "generate/fast_exp.h"

namespace fullstop {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kHighest = std::numeric_limits<float>::max();
// Small enough to stay in the first-level cache.
constexpr size_t kBlock = 1024;

// Floats as integers of the same order, but for NaN, which come first or last,
// and -0 before 0. An involution. Compilers vectorise the greatest of integers,
// not of floats, which need not be associative.
int32_t ToOrdered(float x) {
  const auto bits = std::bit_cast<int32_t>(x);
  return bits ^ ((bits >> 31) & 0x7fffffff);
}

float FromOrdered(int32_t ordered) {
  return std::bit_cast<float>(ordered ^ ((ordered >> 31) & 0x7fffffff));
}

struct BlockScan {
  float min;
  float max;
  // Whether all are finite or -infinity.
  bool valid() const { return min >= -kInfinity && max <= kHighest; }
};

BlockScan ScanBlock(std::span<const float> block) {
  int32_t least = std::numeric_limits<int32_t>::max();
  int32_t greatest = std::numeric_limits<int32_t>::min();
  for (const float x : block) {
    const int32_t ordered = ToOrdered(x);
    least = ordered < least ? ordered : least;
    greatest = ordered > greatest ? ordered : greatest;
  }
  return {FromOrdered(least), FromOrdered(greatest)};
}

// sum(exp(d)) and sum(exp(d) * d), d = logit - MAX.
struct Moments {
  double weight = 0.0;
  double weighted = 0.0;
};

Moments SumBlock(std::span<const float> block, float max) {
  std::array<float, kBlock> weight;
  std::array<float, kBlock> weighted;
  for (size_t i = 0; i < block.size(); ++i) {
    // -infinity would make the product no number; its weight is nil anyway.
    const float d = ClampNonPositive(block[i] - max);
    weight[i] = ExpNonPositive(d);
    weighted[i] = weight[i] * d;
  }
  return {SumInDouble({weight.data(), block.size()}),
          SumInDouble({weighted.data(), block.size()})};
}

[[noreturn]] void ThrowBadLogit(std::span<const float> logits) {
  size_t id = 0;
  while (logits[id] <= kHighest) ++id;
  throw Error::Format(
      fmt::format("the logit of token {} is {}", id, logits[id]))
      .Advice("the model's weights, or the computation on them, are broken");
}

// Takes blocks in order and keeps the sums relative to the highest logit yet.
class Summarizer {
 public:
  void Add(std::span<const float> block, const BlockScan& scan) {
    if (scan.max == -kInfinity) return;
    if (scan.max > max_) {
      if (max_ > -kInfinity) {
        const double shift = static_cast<double>(max_) - scan.max;
        const double scale = std::exp(shift);
        sum_.weighted = (sum_.weighted + sum_.weight * shift) * scale;
        sum_.weight *= scale;
      }
      max_ = scan.max;
    }
    const Moments more = SumBlock(block, max_);
    sum_.weight += more.weight;
    sum_.weighted += more.weighted;
  }

  void Finish(LogitSummary* summary) const {
    summary->max = max_;
    summary->log_sum_exp = max_ + std::log(sum_.weight);
    // -sum(p (d - ln W)) with d = logit - max: ln W - E[d].
    summary->entropy =
        std::max(0.0, std::log(sum_.weight) - sum_.weighted / sum_.weight);
  }

 private:
  float max_ = -kInfinity;
  Moments sum_;
};

}  // namespace

// Four sums at a time, so that the loop vectorises.
double SumInDouble(std::span<const float> values) {
  double sums[4] = {};
  size_t i = 0;
  for (; i + 4 <= values.size(); i += 4) {
    for (size_t j = 0; j < 4; ++j) sums[j] += values[i + j];
  }
  for (; i < values.size(); ++i) sums[0] += values[i];
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

LogitSummary SummarizeLogits(std::span<const float> logits,
                             std::span<float> copy) {
  LogitSummary summary;
  Summarizer summarizer;
  size_t impossible = 0;
  size_t best_block = 0;
  float best = -kInfinity;
  for (size_t begin = 0; begin < logits.size(); begin += kBlock) {
    const auto block =
        logits.subspan(begin, std::min(kBlock, logits.size() - begin));
    if (!copy.empty()) {
      std::copy(block.begin(), block.end(),
                copy.begin() + static_cast<ptrdiff_t>(begin));
    }
    const BlockScan scan = ScanBlock(block);
    if (!scan.valid()) ThrowBadLogit(logits);
    if (scan.min == -kInfinity) {
      impossible += static_cast<size_t>(
          std::count(block.begin(), block.end(), -kInfinity));
    }
    if (scan.max > best) {
      best = scan.max;
      best_block = begin;
    }
    summarizer.Add(block, scan);
  }
  summary.possible = logits.size() - impossible;
  if (summary.possible == 0) {
    throw Error::Format(
        fmt::format("none of the {} logits is above -infinity", logits.size()))
        .Advice("the model's weights, or the computation on them, are broken");
  }
  summarizer.Finish(&summary);
  summary.argmax = static_cast<TokenId>(
      std::find(logits.begin() + static_cast<ptrdiff_t>(best_block),
                logits.end(), best) -
      logits.begin());
  return summary;
}

LogitSummary SummarizeLogits(std::span<const float> logits) {
  return SummarizeLogits(logits, {});
}

double LogProbability(std::span<const float> logits,
                      const LogitSummary& summary, TokenId id) {
  return logits[static_cast<size_t>(id)] - summary.log_sum_exp;
}

uint64_t LogitRank(std::span<const float> logits, TokenId id) {
  const auto own = static_cast<size_t>(id);
  const float logit = logits[own];
  uint64_t before = 0;
  for (size_t i = 0; i < own; ++i) before += logits[i] >= logit ? 1 : 0;
  for (size_t i = own; i < logits.size(); ++i) {
    before += logits[i] > logit ? 1 : 0;
  }
  return before + 1;
}

double ProbabilityOfSet(std::span<const float> logits,
                        const LogitSummary& summary,
                        std::span<const TokenId> ids) {
  double sum = 0.0;
  for (const TokenId id : ids) {
    if (id < 0 || static_cast<size_t>(id) >= logits.size()) continue;
    sum += std::exp(LogProbability(logits, summary, id));
  }
  return sum;
}

std::vector<LogitEntry> TopLogits(std::span<const float> logits, size_t k,
                                  std::span<const TokenId> ids) {
  k = std::min(k, logits.size());
  std::vector<LogitEntry> best;
  if (k == 0) return best;
  const auto entry = [&](size_t i) {
    return LogitEntry{ids.empty() ? static_cast<TokenId>(i) : ids[i],
                      logits[i]};
  };
  // A heap with the worst of the best at its front pays while K is small; ids
  // ascend, so that a later equal logit never displaces an earlier one.
  constexpr size_t kHeapLimit = 1024;
  if (k <= kHeapLimit) {
    size_t i = 0;
    for (; i < k; ++i) best.push_back(entry(i));
    std::make_heap(best.begin(), best.end(), RanksBefore);
    for (; i < logits.size(); ++i) {
      if (!(logits[i] > best.front().logit)) continue;
      std::pop_heap(best.begin(), best.end(), RanksBefore);
      best.back() = entry(i);
      std::push_heap(best.begin(), best.end(), RanksBefore);
    }
    std::sort_heap(best.begin(), best.end(), RanksBefore);
    return best;
  }
  best.reserve(logits.size());
  for (size_t i = 0; i < logits.size(); ++i) best.push_back(entry(i));
  const auto end = best.begin() + static_cast<ptrdiff_t>(k);
  std::nth_element(best.begin(), end - 1, best.end(), RanksBefore);
  best.resize(k);
  std::sort(best.begin(), best.end(), RanksBefore);
  return best;
}

}  // namespace fullstop
