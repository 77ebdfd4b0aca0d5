#include <algorithm>
#include <unordered_map>

#include "generate/sampler.h"

namespace fullstop {

namespace {

// Repetition: Keskar, McCann, Varshney, Xiong, Socher: "CTRL", 2019, with
// negative logits multiplied, as all implementations do it. Frequency and
// presence: OpenAI's API reference. Stop ids stay as they are.
class Penalties : public Sampler {
 public:
  explicit Penalties(const SamplingParams& params)
      : last_n_(params.repeat_last_n),
        repeat_(params.repeat_penalty),
        frequency_(params.frequency_penalty),
        presence_(params.presence_penalty) {}
  SamplerStage stage() const override { return SamplerStage::kPenalties; }

  void Apply(const DrawContext& draw, Candidates* candidates) const override {
    std::unordered_map<TokenId, int32_t> counts;
    for (const TokenId id : Window(draw.history)) ++counts[id];
    for (const auto& [id, count] : counts) {
      if (draw.IsStop(id)) continue;
      const std::optional<size_t> i = candidates->Find(id);
      if (!i.has_value()) continue;
      const float logit = candidates->logit(*i);
      const float scaled = logit <= 0.0f ? logit * repeat_ : logit / repeat_;
      candidates->Set(
          *i, scaled - (static_cast<float>(count) * frequency_ + presence_));
    }
    candidates->DropImpossible();
  }

 private:
  std::span<const TokenId> Window(std::span<const TokenId> history) const {
    if (last_n_ < 0) return history;
    return history.last(std::min(history.size(), static_cast<size_t>(last_n_)));
  }

  int32_t last_n_;
  float repeat_;
  float frequency_;
  float presence_;
};

}  // namespace

std::unique_ptr<Sampler> MakePenalties(const SamplingParams& params) {
  return std::make_unique<Penalties>(params);
}

}  // namespace fullstop
