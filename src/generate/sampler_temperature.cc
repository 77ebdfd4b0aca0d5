#include <algorithm>
#include <cmath>

#include "generate/sampler.h"

namespace fullstop {
namespace {

// Temperature, and dynamic temperature as llama.cpp's temp_ext has it: the
// entropy of the candidates over its greatest possible value, bent by an
// exponent, picks a temperature between temp - range and temp + range. Tokens
// that were removed before do not count among the candidates.
class Temperature : public Sampler {
 public:
  explicit Temperature(const SamplingParams& params)
      : temp_(params.temp),
        range_(params.dynatemp_range),
        exponent_(params.dynatemp_exponent) {}
  SamplerStage stage() const override { return SamplerStage::kTemperature; }

  void Apply(const DrawContext&, Candidates* candidates) const override {
    const double temp = Choose(*candidates);
    const auto single = static_cast<float>(temp);
    if (single > 0.0f) {
      if (single != 1.0f) candidates->Divide(single);
      return;
    }
    candidates->KeepThrough(candidates->Top(1).front());
  }

 private:
  double Choose(const Candidates& candidates) const {
    if (range_ == 0.0 || temp_ == 0.0) return temp_;
    if (candidates.size() < 2) return 1.0;
    const double most = std::log(static_cast<double>(candidates.size()));
    const double low = std::max(0.0, temp_ - range_);
    const double high = temp_ + range_;
    return low + (high - low) *
                     std::pow(candidates.summary().entropy / most, exponent_);
  }

  double temp_;
  double range_;
  double exponent_;
};

}  // namespace

std::unique_ptr<Sampler> MakeTemperature(const SamplingParams& params) {
  return std::make_unique<Temperature>(params);
}

}  // namespace fullstop
