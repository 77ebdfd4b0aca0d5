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

// The pairs at which YaRN's ramp from no interpolation to full begins and ends.
struct Ramp {
  double low;
  double high;
};
Ramp YarnRamp(const RopeSpec& spec) {
  double low = PairThatTurns(spec, spec.beta_fast);
  double high = PairThatTurns(spec, spec.beta_slow);
  if (spec.round_bounds) {
    low = std::floor(low);
    high = std::ceil(high);
  }
  return {std::max(0.0, low),
          std::min(static_cast<double>(spec.rotated) - 1, high)};
}

double Base(const RopeSpec& spec, double context) {
  if (spec.scaling != RopeSpec::Scaling::kDynamic ||
      context <= spec.original_context) {
    return spec.base;
  }
  const double rotated = static_cast<double>(spec.rotated);
  const double stretch =
      spec.factor * context / spec.original_context - (spec.factor - 1);
  return spec.base * std::pow(stretch, rotated / (rotated - 2));
}

}  // namespace

bool UsesLongFactors(const RopeSpec& spec, double context) {
  return spec.long_factors.has_value() && context > spec.original_context;
}

std::vector<double> RopeFrequencies(const RopeSpec& spec,
                                    std::span<const float> factors,
                                    double context) {
  const double rotated = static_cast<double>(spec.rotated);
  const double base = Base(spec, context);
  const Ramp yarn =
      spec.scaling == RopeSpec::Scaling::kYarn ? YarnRamp(spec) : Ramp{};
  std::vector<double> frequencies(spec.rotated / 2);
  for (size_t i = 0; i < frequencies.size(); ++i) {
    const double pair = static_cast<double>(i);
    double frequency = std::pow(base, -2 * pair / rotated);
    if (!factors.empty()) frequency /= factors[i];
    const double interpolated = frequency / spec.factor;
    switch (spec.scaling) {
      case RopeSpec::Scaling::kNone:
      case RopeSpec::Scaling::kDynamic:
        frequencies[i] = frequency;
        break;
      case RopeSpec::Scaling::kLinear:
        frequencies[i] = interpolated;
        break;
      case RopeSpec::Scaling::kYarn: {
        const double ramp = std::clamp(
            (pair - yarn.low) / std::max(0.001, yarn.high - yarn.low), 0.0,
            1.0);
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
