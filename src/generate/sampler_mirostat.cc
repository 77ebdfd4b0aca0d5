#include <algorithm>
#include <cmath>

#include "generate/sampler.h"

namespace fullstop {
namespace {

// Basu, Ramachandran, Keskar, Varshney: "Mirostat: a neural text decoding
// algorithm that directly controls perplexity", ICLR 2021. Version 1 estimates
// Zipf's exponent from the most probable tokens and keeps the k that it
// implies; version 2 keeps tokens whose surprise is at most mu bits. The chain
// owns mu and moves it when the token is accepted.
class Mirostat : public Sampler {
 public:
  Mirostat(const SamplingParams& params, const SamplerVocabulary& vocabulary)
      : version_(params.mirostat),
        vocabulary_size_(static_cast<double>(vocabulary.size)) {}
  SamplerStage stage() const override { return SamplerStage::kMirostat; }

  void Apply(const DrawContext& draw, Candidates* candidates) const override {
    if (candidates->size() < 2) return;
    if (version_ == 1) {
      const double k =
          Version1Count(candidates->Top(kFitted), draw.mirostat_mu);
      if (!(k < static_cast<double>(candidates->size()))) return;
      const auto kept = static_cast<size_t>(std::max(k, 1.0));
      candidates->KeepThrough(candidates->Top(kept).back());
      return;
    }
    const LogitSummary& summary = candidates->summary();
    const double floor = summary.log_sum_exp - draw.mirostat_mu * std::log(2.0);
    const std::span<const float> logits = candidates->logits();
    if (summary.max < floor) {
      candidates->KeepThrough(candidates->Top(1).front());
      return;
    }
    candidates->Keep([&](size_t i) { return logits[i] >= floor; });
  }

 private:
  // The number of tokens that the exponent is estimated from.
  static constexpr size_t kFitted = 100;

  double Version1Count(const std::vector<LogitEntry>& top, double mu) const {
    double products = 0.0;
    double squares = 0.0;
    for (size_t i = 0; i + 1 < top.size(); ++i) {
      const auto rank = static_cast<double>(i + 1);
      const double t = std::log((rank + 1.0) / rank);
      const double b = static_cast<double>(top[i].logit) - top[i + 1].logit;
      products += t * b;
      squares += t * t;
    }
    const double s = products / squares;
    const double epsilon = s - 1.0;
    const double spread = 1.0 - std::pow(vocabulary_size_, -epsilon);
    // As epsilon goes to 0, so does the spread, and their ratio to 1 / ln N.
    const double ratio = std::fabs(epsilon) < 1e-9
                             ? 1.0 / std::log(vocabulary_size_)
                             : epsilon / spread;
    return std::pow(ratio * std::exp2(mu), 1.0 / s);
  }

  int32_t version_;
  double vocabulary_size_;
};

}  // namespace

std::unique_ptr<Sampler> MakeMirostat(const SamplingParams& params,
                                      const SamplerVocabulary& vocabulary) {
  return std::make_unique<Mirostat>(params, vocabulary);
}

}  // namespace fullstop
