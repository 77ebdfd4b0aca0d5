#include "generate/logit_stats.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
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
// Independent sums, so that loops over them vectorise.
constexpr size_t kLanes = 16;

struct BlockScan {
  float max = -kInfinity;
  uint32_t bad = 0;
  uint32_t impossible = 0;
};

BlockScan ScanBlock(std::span<const float> block) {
  std::array<float, kLanes> max;
  std::array<uint32_t, kLanes> bad{};
  std::array<uint32_t, kLanes> impossible{};
  max.fill(-kInfinity);
  size_t i = 0;
  for (; i + kLanes <= block.size(); i += kLanes) {
    for (size_t j = 0; j < kLanes; ++j) {
      const float x = block[i + j];
      max[j] = x > max[j] ? x : max[j];
      bad[j] += x <= kHighest ? 0 : 1;
      impossible[j] += x == -kInfinity ? 1 : 0;
    }
  }
  for (; i < block.size(); ++i) {
    const float x = block[i];
    max[0] = x > max[0] ? x : max[0];
    bad[0] += x <= kHighest ? 0 : 1;
    impossible[0] += x == -kInfinity ? 1 : 0;
  }
  BlockScan scan;
  for (size_t j = 0; j < kLanes; ++j) {
    scan.max = std::max(scan.max, max[j]);
    scan.bad += bad[j];
    scan.impossible += impossible[j];
  }
  return scan;
}

// sum(exp(d)) and sum(exp(d) * d), d = logit - MAX.
struct Moments {
  double weight = 0.0;
  double weighted = 0.0;
};

Moments SumBlock(std::span<const float> block, float max) {
  std::array<double, kLanes> weight{};
  std::array<double, kLanes> weighted{};
  std::array<float, kBlock> e;
  std::array<float, kBlock> ed;
  for (size_t i = 0; i < block.size(); ++i) {
    // -infinity would make the product no number; its weight is nil anyway.
    const float d = block[i] - max < -87.0f ? -87.0f : block[i] - max;
    e[i] = ExpNonPositive(d);
    ed[i] = e[i] * d;
  }
  size_t i = 0;
  for (; i + kLanes <= block.size(); i += kLanes) {
    for (size_t j = 0; j < kLanes; ++j) weight[j] += e[i + j];
    for (size_t j = 0; j < kLanes; ++j) weighted[j] += ed[i + j];
  }
  for (; i < block.size(); ++i) {
    weight[0] += e[i];
    weighted[0] += ed[i];
  }
  Moments sum;
  for (size_t j = 0; j < kLanes; ++j) {
    sum.weight += weight[j];
    sum.weighted += weighted[j];
  }
  return sum;
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
    if (scan.bad != 0) ThrowBadLogit(logits);
    impossible += scan.impossible;
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
