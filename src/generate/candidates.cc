#include "generate/candidates.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

namespace fullstop {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

// Ranges of keys of equal width; the last one has no upper bound.
constexpr size_t kBuckets = 1024;
constexpr float kBucketsPerUnit = 32.0f;

size_t BucketOf(float key) {
  const float scaled = key * kBucketsPerUnit;
  return scaled < static_cast<float>(kBuckets - 1) ? static_cast<size_t>(scaled)
                                                   : kBuckets - 1;
}

// What a prefix has to reach.
struct Goal {
  double target;
  bool exceed;
  size_t min_keep;

  bool Met(double weight, size_t count) const {
    return (exceed ? weight > target : weight >= target) && count >= min_keep;
  }
};

}  // namespace

LogitSummary Candidates::Reset(std::span<const float> logits) {
  logits_.resize(logits.size());
  dense_ = true;
  size_ = logits.size();
  changed_ = 0;
  summary_ = SummarizeLogits(logits, logits_);
  impossible_ = summary_->possible != size_;
  const LogitSummary raw = *summary_;
  DropImpossible();
  return raw;
}

std::optional<size_t> Candidates::Find(TokenId id) const {
  if (id < 0) return std::nullopt;
  if (dense_) {
    const auto i = static_cast<size_t>(id);
    return i < size_ ? std::optional<size_t>(i) : std::nullopt;
  }
  const auto end = ids_.begin() + static_cast<ptrdiff_t>(size_);
  const auto it = std::lower_bound(ids_.begin(), end, id);
  if (it == end || *it != id) return std::nullopt;
  return static_cast<size_t>(it - ids_.begin());
}

void Candidates::Set(size_t i, float logit) {
  logits_[i] = std::min(logit, std::numeric_limits<float>::max());
  impossible_ = impossible_ || logit == -kInfinity;
  ++changed_;
  summary_.reset();
}

void Candidates::DropImpossible() {
  if (!impossible_) return;
  impossible_ = false;
  Keep([this](size_t i) { return logits_[i] != -kInfinity; });
}

void Candidates::Divide(float divisor) {
  const float max = summary().max;
  const float shift = std::isfinite(max / divisor) ? 0.0f : max;
  for (size_t i = 0; i < size_; ++i) {
    logits_[i] = (logits_[i] - shift) / divisor;
    impossible_ = impossible_ || logits_[i] == -kInfinity;
  }
  changed_ += size_;
  summary_.reset();
  DropImpossible();
}

void Candidates::KeepThrough(const LogitEntry& last) {
  Keep([&](size_t i) { return !RanksBefore(last, {id(i), logits_[i]}); });
}

std::vector<LogitEntry> Candidates::Top(size_t k) const {
  return TopLogits(logits(), k,
                   dense_ ? std::span<const TokenId>()
                          : std::span<const TokenId>(ids_.data(), size_));
}

const LogitSummary& Candidates::summary() const {
  if (!summary_.has_value()) summary_ = SummarizeLogits(logits());
  return *summary_;
}

size_t Candidates::TakeChanged() { return std::exchange(changed_, 0); }

void Candidates::Shrink(size_t kept) {
  if (kept != size_) summary_.reset();
  dense_ = false;
  size_ = kept;
}

size_t PrefixByWeight(std::span<const float> keys,
                      std::span<const float> weights, double target,
                      bool exceed, size_t min_keep) {
  const Goal goal{target, exceed, std::max<size_t>(min_keep, 1)};
  std::array<double, kBuckets> bucket_weight{};
  std::array<size_t, kBuckets> bucket_count{};
  for (size_t i = 0; i < keys.size(); ++i) {
    const size_t bucket = BucketOf(keys[i]);
    bucket_weight[bucket] += weights[i];
    ++bucket_count[bucket];
  }
  double weight = 0.0;
  size_t count = 0;
  size_t bucket = 0;
  size_t last_used = 0;
  for (size_t b = 0; b < kBuckets; ++b) {
    if (bucket_count[b] != 0) last_used = b;
  }
  for (; bucket < last_used; ++bucket) {
    if (goal.Met(weight + bucket_weight[bucket],
                 count + bucket_count[bucket])) {
      break;
    }
    weight += bucket_weight[bucket];
    count += bucket_count[bucket];
  }

  std::vector<size_t> order;
  order.reserve(bucket_count[bucket]);
  for (size_t i = 0; i < keys.size(); ++i) {
    if (BucketOf(keys[i]) == bucket) order.push_back(i);
  }
  const auto before = [&](size_t a, size_t b) {
    return keys[a] != keys[b] ? keys[a] < keys[b] : a < b;
  };
  // Halve the part in which the last item lies until sorting it is cheap.
  auto low = order.begin();
  auto high = order.end();
  while (high - low > 32) {
    const auto middle = low + (high - low) / 2;
    std::nth_element(low, middle, high, before);
    double half = 0.0;
    for (auto it = low; it != middle; ++it) half += weights[*it];
    const auto half_count = static_cast<size_t>(middle - low);
    if (goal.Met(weight + half, count + half_count)) {
      high = middle;
    } else {
      weight += half;
      count += half_count;
      low = middle;
    }
  }
  std::sort(low, high, before);
  for (auto it = low; it != high; ++it) {
    weight += weights[*it];
    ++count;
    if (goal.Met(weight, count)) return *it;
  }
  return *(high - 1);
}

}  // namespace fullstop
