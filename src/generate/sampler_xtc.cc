#include <algorithm>
#include <cmath>

#include "generate/random.h"
#include "generate/sampler.h"

namespace fullstop {
namespace {

// "Exclude top choices" (Weidmann, text-generation-webui pull request 6335;
// llama.cpp's code for min_keep): with the given probability, of the tokens at
// least as probable as the threshold all but the least probable go. Stop ids
// neither go nor count among them.
class Xtc : public Sampler {
 public:
  explicit Xtc(const SamplingParams& params)
      : probability_(params.xtc_probability),
        threshold_(params.xtc_threshold),
        min_keep_(static_cast<size_t>(params.min_keep)) {}
  SamplerStage stage() const override { return SamplerStage::kXtc; }

  void Apply(const DrawContext& draw, Candidates* candidates) const override {
    if (UniformAt(draw.seed, draw.position, RandomUse::kXtc) >= probability_) {
      return;
    }
    const double floor =
        candidates->summary().log_sum_exp + std::log(threshold_);
    std::vector<LogitEntry> top;
    for (size_t i = 0; i < candidates->size(); ++i) {
      if (candidates->logit(i) >= floor && !draw.IsStop(candidates->id(i))) {
        top.push_back({candidates->id(i), candidates->logit(i)});
      }
    }
    if (top.size() < 2 || candidates->size() - (top.size() - 1) < min_keep_) {
      return;
    }
    const LogitEntry last =
        *std::max_element(top.begin(), top.end(), RanksBefore);
    candidates->Keep([&](size_t i) {
      const LogitEntry entry{candidates->id(i), candidates->logit(i)};
      return !RanksBefore(entry, last) || draw.IsStop(entry.id);
    });
  }

 private:
  double probability_;
  double threshold_;
  size_t min_keep_;
};

}  // namespace

std::unique_ptr<Sampler> MakeXtc(const SamplingParams& params) {
  return std::make_unique<Xtc>(params);
}

}  // namespace fullstop
