#include "model/rope.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace fullstop {
namespace {

// The index of the pair that turns ROTATIONS times over the original context:
// base^(-2i / rotated) * context = 2 pi * rotations, solved for i.
double PairThatTurns(const RopeSpec& spec, double rotations) {
  const double rotated = static_cast<double>(spec.rotated);
  return rotated *
         std::log(spec.original_context / (rotations * 2 * std::numbers::pi)) /
         (2 * std::log(spec.base));
}

}  // namespace

std::vector<double> RopeFrequencies(const RopeSpec& spec,
                                    std::span<const float> factors) {
  const double rotated = static_cast<double>(spec.rotated);
  double low = 0;
  double high = 0;
  if (spec.scaling == RopeSpec::Scaling::kYarn) {
    low = std::max(0.0, std::floor(PairThatTurns(spec, spec.beta_fast)));
    high =
        std::min(rotated - 1, std::ceil(PairThatTurns(spec, spec.beta_slow)));
  }
  std::vector<double> frequencies(spec.rotated / 2);
  for (size_t i = 0; i < frequencies.size(); ++i) {
    const double pair = static_cast<double>(i);
    double frequency = std::pow(spec.base, -2 * pair / rotated);
    if (!factors.empty()) frequency /= factors[i];
    const double interpolated = frequency / spec.factor;
    switch (spec.scaling) {
      case RopeSpec::Scaling::kNone:
        frequencies[i] = frequency;
        break;
      case RopeSpec::Scaling::kLinear:
        frequencies[i] = interpolated;
        break;
      case RopeSpec::Scaling::kYarn: {
        const double ramp =
            std::clamp((pair - low) / std::max(0.001, high - low), 0.0, 1.0);
        frequencies[i] = interpolated * ramp + frequency * (1 - ramp);
        break;
      }
    }
  }
  return frequencies;
}

void RopeAngles(std::span<const double> frequencies, int64_t position,
                double magnitude, float* cos, float* sin) {
  for (size_t i = 0; i < frequencies.size(); ++i) {
    const double angle = static_cast<double>(position) * frequencies[i];
    cos[i] = static_cast<float>(std::cos(angle) * magnitude);
    sin[i] = static_cast<float>(std::sin(angle) * magnitude);
  }
}

}  // namespace fullstop
