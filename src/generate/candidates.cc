#include "generate/candidates.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

namespace fullstop {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

// Ranges of keys, of equal width.
class Buckets {
 public:
  static constexpr size_t kCount = 1024;

  explicit Buckets(std::span<const float> keys) {
    float greatest = 0.0f;
    for (const float key : keys) greatest = std::max(greatest, key);
    if (greatest > 0.0f) per_unit_ = (kCount - 1) / greatest;
  }

  size_t Of(float key) const {
    const float scaled = key * per_unit_;
    return scaled < kCount ? static_cast<size_t>(scaled) : kCount - 1;
  }

 private:
  float per_unit_ = 0.0f;
};

struct Item {
  float key;
  float weight;
  uint32_t index;

  bool operator<(const Item& other) const {
    return key != other.key ? key < other.key : index < other.index;
  }
};

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
  if (logits_.size() < logits.size()) logits_.resize(logits.size());
  dense_ = true;
  size_ = logits.size();
  changed_ = 0;
  summary_ = SummarizeLogits(logits, {logits_.data(), size_});
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
  }
  changed_ += size_;
  summary_ = SummarizeLogits(logits());
  impossible_ = summary_->possible != size_;
  DropImpossible();
}

void Candidates::KeepThrough(const LogitEntry& last) {
  Keep([&](size_t i) { return !RanksBefore(last, {id(i), logits_[i]}); });
}

void Candidates::KeepIndices(std::span<const uint32_t> indices) {
  if (ids_.size() < size_) ids_.resize(size_);
  for (size_t i = 0; i < indices.size(); ++i) {
    ids_[i] = id(indices[i]);
    logits_[i] = logits_[indices[i]];
  }
  Shrink(indices.size());
}

std::span<const uint32_t> Candidates::IndicesAtLeast(float floor) {
  if (indices_.size() < size_) indices_.resize(size_);
  size_t count = 0;
  for (size_t i = 0; i < size_; ++i) {
    indices_[count] = static_cast<uint32_t>(i);
    count += logits_[i] >= floor ? 1 : 0;
  }
  return {indices_.data(), count};
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
  const Buckets buckets(keys);
  std::array<double, Buckets::kCount> bucket_weight{};
  std::array<size_t, Buckets::kCount> bucket_count{};
  size_t last_used = 0;
  for (size_t i = 0; i < keys.size(); ++i) {
    const size_t bucket = buckets.Of(keys[i]);
    bucket_weight[bucket] += weights[i];
    ++bucket_count[bucket];
    last_used = std::max(last_used, bucket);
  }
  double weight = 0.0;
  size_t count = 0;
  size_t bucket = 0;
  for (; bucket < last_used; ++bucket) {
    if (goal.Met(weight + bucket_weight[bucket],
                 count + bucket_count[bucket])) {
      break;
    }
    weight += bucket_weight[bucket];
    count += bucket_count[bucket];
  }

  std::vector<Item> items;
  items.reserve(bucket_count[bucket]);
  for (size_t i = 0; i < keys.size(); ++i) {
    if (buckets.Of(keys[i]) != bucket) continue;
    items.push_back({keys[i], weights[i], static_cast<uint32_t>(i)});
  }
  // Halve the part in which the last item lies until sorting it is cheap.
  auto low = items.begin();
  auto high = items.end();
  while (high - low > 32) {
    const auto middle = low + (high - low) / 2;
    std::nth_element(low, middle, high);
    double half = 0.0;
    for (auto it = low; it != middle; ++it) half += it->weight;
    const auto half_count = static_cast<size_t>(middle - low);
    if (goal.Met(weight + half, count + half_count)) {
      high = middle;
    } else {
      weight += half;
      count += half_count;
      low = middle;
    }
  }
  std::sort(low, high);
  for (auto it = low; it != high; ++it) {
    weight += it->weight;
    ++count;
    if (goal.Met(weight, count)) return it->index;
  }
  return (high - 1)->index;
}

}  // namespace fullstop
