#include <algorithm>
#include <cmath>

#include "kernels/operations.h"

namespace fullstop::kernels::reference {
namespace {

double Sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

double GeluTanh(double g) {
  const double root = std::sqrt(2 / 3.14159265358979323846);
  // (1 + tanh(y)) / 2 without its cancellation.
  return g * Sigmoid(2 * root * (g + 0.044715 * g * g * g));
}

double GeluErf(double g) { return g * (1 + std::erf(g / std::sqrt(2.0))) / 2; }

double Xielu(double g, const ActivationParameters& p) {
  const double beta = p.beta;
  if (g > 0) return p.alpha * g * g + beta * g;
  const double low = std::min(g, static_cast<double>(p.epsilon));
  return (std::expm1(low) - g) * p.alpha_negative + beta * g;
}

double Clamped(double g, double u, const ActivationParameters& p) {
  const double limit = p.limit;
  const double below = std::isnan(g) ? g : std::min(g, limit);
  const double within = std::isnan(u) ? u : std::clamp(u, -limit, limit);
  return below * Sigmoid(p.alpha * below) * (within + 1);
}

double Value(Activation activation, double g, double u,
             const ActivationParameters& p) {
  switch (activation) {
    case Activation::kIdentity:
      return g * u;
    case Activation::kSilu:
      return g / (1 + std::exp(-g)) * u;
    case Activation::kSigmoid:
      return Sigmoid(g) * u;
    case Activation::kGeluTanh:
      return GeluTanh(g) * u;
    case Activation::kGeluErf:
      return GeluErf(g) * u;
    case Activation::kRelu:
      return (g < 0 ? 0 : g) * u;
    case Activation::kReluSquared:
      return (g < 0 ? 0 : g * g) * u;
    case Activation::kClampedSwiGlu:
      return Clamped(g, u, p);
    case Activation::kXielu:
      return Xielu(g, p) * u;
  }
  return 0;
}

template <Activation activation>
void Activate(const float* gate, const float* up, int64_t n,
              const ActivationParameters& p, float* out) {
  for (int64_t i = 0; i < n; ++i) {
    const double u = up == nullptr ? 1 : up[i];
    out[i] = static_cast<float>(Value(activation, gate[i], u, p));
  }
}

void SoftCap(float* x, int64_t n, float cap) {
  for (int64_t i = 0; i < n; ++i) {
    const double c = cap;
    x[i] = static_cast<float>(c * std::tanh(x[i] / c));
  }
}

}  // namespace

const ActivationOperations kActivationTable = {
    .functions = {Activate<Activation::kIdentity>, Activate<Activation::kSilu>,
                  Activate<Activation::kSigmoid>,
                  Activate<Activation::kGeluTanh>,
                  Activate<Activation::kGeluErf>, Activate<Activation::kRelu>,
                  Activate<Activation::kReluSquared>,
                  Activate<Activation::kClampedSwiGlu>,
                  Activate<Activation::kXielu>},
    .soft_cap = SoftCap};

}  // namespace fullstop::kernels::reference
