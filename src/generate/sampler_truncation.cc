// The samplers that keep the better part of the candidates: top-k, top-p,
// min-p, typical-p, top-n-sigma.
#include <algorithm>
#include <cmath>
#include <limits>

#include "generate/fast_exp.h"
#include "generate/sampler.h"

namespace fullstop {
namespace {

// Fan, Lewis, Dauphin: "Hierarchical neural story generation", ACL 2018.
class TopK : public Sampler {
 public:
  explicit TopK(const SamplingParams& params)
      : k_(static_cast<size_t>(params.top_k)) {}
  SamplerStage stage() const override { return SamplerStage::kTopK; }

  void Apply(const DrawContext&, Candidates* candidates) const override {
    if (k_ < candidates->size()) {
      candidates->KeepThrough(candidates->Top(k_).back());
    }
  }

 private:
  size_t k_;
};

// Holtzman, Buys, Du, Forbes, Choi: "The curious case of neural text
// degeneration", ICLR 2020. The token with which the sum reaches p is kept.
class TopP : public Sampler {
 public:
  explicit TopP(const SamplingParams& params)
      : p_(params.top_p), min_keep_(static_cast<size_t>(params.min_keep)) {}
  SamplerStage stage() const override { return SamplerStage::kTopP; }

  void Apply(const DrawContext&, Candidates* candidates) const override {
    const LogitSummary& summary = candidates->summary();
    const auto total = static_cast<double>(candidates->size());
    // All tokens less probable than (1 - p) / n sum to less than 1 - p, so that
    // those above reach p without them.
    const double floor = std::log((1.0 - p_) / total) + summary.log_sum_exp;
    std::span<const uint32_t> likely =
        candidates->IndicesAtLeast(static_cast<float>(floor - 0.001));
    if (likely.size() < min_keep_) {
      likely = candidates->IndicesAtLeast(-kHighest);
    }

    const std::span<const float> logits = candidates->logits();
    const auto scale =
        static_cast<float>(std::exp(summary.max - summary.log_sum_exp));
    std::vector<float> keys(likely.size());
    std::vector<float> weights(likely.size());
    for (size_t i = 0; i < likely.size(); ++i) {
      keys[i] = summary.max - logits[likely[i]];
    }
    for (size_t i = 0; i < likely.size(); ++i) {
      weights[i] = ExpNonPositive(-keys[i]) * scale;
    }
    const size_t last = PrefixByWeight(keys, weights, p_, false, min_keep_);
    std::vector<uint32_t> kept;
    for (size_t i = 0; i < likely.size(); ++i) {
      if (keys[i] < keys[last] || (keys[i] == keys[last] && i <= last)) {
        kept.push_back(likely[i]);
      }
    }
    candidates->KeepIndices(kept);
  }

 private:
  static constexpr float kHighest = std::numeric_limits<float>::max();

  double p_;
  size_t min_keep_;
};

// Nguyen, Baker, Neo, Roush, Kirsch, Shwartz-Ziv: "Turning up the heat: min-p
// sampling for creative and coherent LLM outputs", ICLR 2025. The comparison is
// made on logits, in single precision, as llama.cpp makes it.
class MinP : public Sampler {
 public:
  explicit MinP(const SamplingParams& params)
      : log_p_(std::log(params.min_p)),
        min_keep_(static_cast<size_t>(params.min_keep)) {}
  SamplerStage stage() const override { return SamplerStage::kMinP; }

  void Apply(const DrawContext&, Candidates* candidates) const override {
    const float floor = candidates->summary().max + log_p_;
    const std::span<const uint32_t> kept = candidates->IndicesAtLeast(floor);
    if (kept.size() >= min_keep_) {
      candidates->KeepIndices(kept);
    } else if (min_keep_ < candidates->size()) {
      candidates->KeepThrough(candidates->Top(min_keep_).back());
    }
  }

 private:
  float log_p_;
  size_t min_keep_;
};

// Meister, Pimentel, Wiher, Cotterell: "Locally typical sampling", TACL 2023.
// As in its authors' code and in llama.cpp the token with which the sum exceeds
// p is kept.
class TypicalP : public Sampler {
 public:
  explicit TypicalP(const SamplingParams& params)
      : p_(params.typ_p), min_keep_(static_cast<size_t>(params.min_keep)) {}
  SamplerStage stage() const override { return SamplerStage::kTypicalP; }

  void Apply(const DrawContext&, Candidates* candidates) const override {
    const LogitSummary& summary = candidates->summary();
    const std::span<const float> logits = candidates->logits();
    // |-ln p - H| = |logit - (log_sum_exp - H)|
    const auto typical =
        static_cast<float>(summary.log_sum_exp - summary.entropy);
    const auto scale =
        static_cast<float>(std::exp(summary.max - summary.log_sum_exp));
    std::vector<float> keys(logits.size());
    std::vector<float> weights(logits.size());
    for (size_t i = 0; i < logits.size(); ++i) {
      keys[i] = std::fabs(logits[i] - typical);
      weights[i] = ExpNonPositive(logits[i] - summary.max) * scale;
    }
    const size_t last = PrefixByWeight(keys, weights, p_, true, min_keep_);
    candidates->Keep([&](size_t i) {
      return keys[i] != keys[last] ? keys[i] < keys[last] : i <= last;
    });
  }

 private:
  double p_;
  size_t min_keep_;
};

// Tang, Liu, Xu, Huang, Lin: "Top-n-sigma: not all logits are you need",
// ACL 2025; the deviation is that of the whole population.
class TopNSigma : public Sampler {
 public:
  explicit TopNSigma(const SamplingParams& params) : n_(params.top_n_sigma) {}
  SamplerStage stage() const override { return SamplerStage::kTopNSigma; }

  void Apply(const DrawContext&, Candidates* candidates) const override {
    const std::span<const float> logits = candidates->logits();
    const auto count = static_cast<double>(logits.size());
    const float max = candidates->summary().max;
    double sum = 0.0;
    double squares = 0.0;
    for (const float logit : logits) {
      const double below = logit - max;
      sum += below;
      squares += below * below;
    }
    const double mean = sum / count;
    const double deviation =
        std::sqrt(std::max(0.0, squares / count - mean * mean));
    const auto floor = static_cast<float>(max - n_ * deviation);
    candidates->Keep([&](size_t i) { return logits[i] >= floor; });
  }

 private:
  double n_;
};

}  // namespace

std::unique_ptr<Sampler> MakeTopK(const SamplingParams& params) {
  return std::make_unique<TopK>(params);
}

std::unique_ptr<Sampler> MakeTopP(const SamplingParams& params) {
  return std::make_unique<TopP>(params);
}

std::unique_ptr<Sampler> MakeMinP(const SamplingParams& params) {
  return std::make_unique<MinP>(params);
}

std::unique_ptr<Sampler> MakeTypicalP(const SamplingParams& params) {
  return std::make_unique<TypicalP>(params);
}

std::unique_ptr<Sampler> MakeTopNSigma(const SamplingParams& params) {
  return std::make_unique<TopNSigma>(params);
}

}  // namespace fullstop
