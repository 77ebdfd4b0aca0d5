#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "generate/sampler.h"

namespace fullstop {
namespace {

using Breakers = std::vector<std::vector<TokenId>>;

// "Don't repeat yourself" (Weidmann, text-generation-webui pull request 5677),
// with the sequence breakers of koboldcpp pull request 982 as llama.cpp has
// them: a token that would prolong a repetition of the text's end is penalised
// by its length. Stop ids stay as they are.
class Dry : public Sampler {
 public:
  Dry(const SamplingParams& params, const SamplerVocabulary& vocabulary)
      : multiplier_(params.dry_multiplier),
        base_(params.dry_base),
        allowed_(static_cast<size_t>(params.dry_allowed_length)),
        last_n_(params.dry_penalty_last_n),
        breakers_(vocabulary.dry_breakers) {
    std::sort(breakers_.begin(), breakers_.end());
  }
  SamplerStage stage() const override { return SamplerStage::kDry; }

  void Apply(const DrawContext& draw, Candidates* candidates) const override {
    std::vector<TokenId> backwards(draw.history.rbegin(), draw.history.rend());
    if (last_n_ >= 0) {
      backwards.resize(
          std::min(backwards.size(), static_cast<size_t>(last_n_)));
    }
    if (backwards.size() <= allowed_) return;
    const size_t limit = LengthToBreaker(backwards);
    if (limit < allowed_) return;
    for (const auto& [id, length] : Continuations(backwards, limit)) {
      if (draw.IsStop(id) || IsBreaker(id)) continue;
      const std::optional<size_t> i = candidates->Find(id);
      if (!i.has_value()) continue;
      candidates->Set(*i, candidates->logit(*i) - Penalty(length));
    }
    candidates->DropImpossible();
  }

 private:
  // All breakers that begin with HEAD.
  std::span<const std::vector<TokenId>> BreakersWith(TokenId head) const {
    const auto heads_before = [](const std::vector<TokenId>& breaker,
                                 TokenId id) { return breaker[0] < id; };
    const auto begin = std::lower_bound(breakers_.begin(), breakers_.end(),
                                        head, heads_before);
    auto end = begin;
    while (end != breakers_.end() && (*end)[0] == head) ++end;
    return {begin, end};
  }

  bool IsBreaker(TokenId id) const {
    const auto found = BreakersWith(id);
    return !found.empty() && found.front().size() == 1;
  }

  // The number of tokens behind the last breaker, the newest token first in
  // BACKWARDS.
  size_t LengthToBreaker(const std::vector<TokenId>& backwards) const {
    for (size_t i = 0; i < backwards.size(); ++i) {
      size_t longest = 0;
      for (const std::vector<TokenId>& breaker : BreakersWith(backwards[i])) {
        if (breaker.size() > i + 1 || breaker.size() <= longest) continue;
        const auto newest = backwards.rend() - static_cast<ptrdiff_t>(i + 1);
        if (std::equal(breaker.begin(), breaker.end(), newest)) {
          longest = breaker.size();
        }
      }
      if (longest > 0) return i + 1 - longest;
    }
    return backwards.size();
  }

  // For each token that once followed a repetition of the text's end, the
  // length of the longest such repetition, at most LIMIT: the Z-function of
  // BACKWARDS.
  std::unordered_map<TokenId, size_t> Continuations(
      const std::vector<TokenId>& backwards, size_t limit) const {
    std::unordered_map<TokenId, size_t> longest;
    const size_t n = backwards.size();
    std::vector<size_t> z(n, 0);
    size_t left = 0;
    size_t right = 0;
    for (size_t i = 1; i < n; ++i) {
      size_t length = i < right ? std::min(right - i, z[i - left]) : 0;
      while (i + length < n && backwards[length] == backwards[i + length]) {
        ++length;
      }
      z[i] = length;
      if (i + length > right) {
        left = i;
        right = i + length;
      }
      const size_t bounded = std::min(length, limit);
      if (bounded < allowed_) continue;
      size_t& entry = longest[backwards[i - 1]];
      entry = std::max(entry, bounded);
    }
    return longest;
  }

  float Penalty(size_t length) const {
    // Long repetitions would leave the range of a float.
    constexpr float kMost = 1e30f;
    const auto excess = static_cast<float>(length - allowed_);
    return std::min(multiplier_ * std::pow(base_, excess), kMost);
  }

  float multiplier_;
  float base_;
  size_t allowed_;
  int32_t last_n_;
  Breakers breakers_;
};

}  // namespace

std::unique_ptr<Sampler> MakeDry(const SamplingParams& params,
                                 const SamplerVocabulary& vocabulary) {
  return std::make_unique<Dry>(params, vocabulary);
}

}  // namespace fullstop
