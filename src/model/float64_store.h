// What a graph computed in float64 holds, and the functions that its steps
// share. For the tests of this room; no part of the library.
#ifndef FULLSTOP_MODEL_FLOAT64_STORE_H_
#define FULLSTOP_MODEL_FLOAT64_STORE_H_

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <span>
#include <vector>

#include "format/dequantize.h"
#include "format/gguf.h"
#include "model/graph.h"

namespace fullstop {

using Numbers = std::vector<double>;

class Float64Store {
 protected:
  // Both must outlive the object.
  Float64Store(const Graph& graph, const GgufFile& file) : graph_(graph) {
    for (const TensorSpec& spec : graph.tensors) {
      tensors_.push_back(Read(*file.FindTensor(spec.name)));
    }
  }

  // Zeros for each value at each of POSITIONS positions.
  void MakeValues(size_t positions) {
    values_.clear();
    for (const ValueSpec& value : graph_.values) {
      values_.emplace_back(positions * value.width);
    }
  }

  static Numbers Read(const GgufTensor& tensor) {
    uint64_t count = 1;
    for (const uint64_t n : tensor.shape) count *= n;
    std::vector<float> floats(count);
    Dequantize(tensor.type, tensor.data.data(), floats.data(), count);
    return {floats.begin(), floats.end()};
  }

  const Numbers& Tensor(TensorId id) const {
    return tensors_[static_cast<uint32_t>(id)];
  }
  size_t Width(ValueId id) const { return graph_.value(id).width; }
  std::span<double> RowOf(ValueId id, size_t p) {
    return std::span(values_[static_cast<uint32_t>(id)])
        .subspan(p * Width(id), Width(id));
  }

  // Row ROW of MATRIX times X.
  static double Dot(const Numbers& matrix, size_t row,
                    std::span<const double> x) {
    double sum = 0;
    for (size_t i = 0; i < x.size(); ++i)
      sum += matrix[row * x.size() + i] * x[i];
    return sum;
  }

  static void Softmax(Numbers& x) {
    const double largest = *std::max_element(x.begin(), x.end());
    double total = 0;
    for (double& v : x) total += v = std::exp(v - largest);
    for (double& v : x) v /= total;
  }

  static double Activated(Activation activation, const ActivationParameters& p,
                          double g, double u) {
    const auto sigmoid = [](double x) { return 1 / (1 + std::exp(-x)); };
    switch (activation) {
      case Activation::kIdentity:
        return g * u;
      case Activation::kSilu:
        return g * sigmoid(g) * u;
      case Activation::kSigmoid:
        return sigmoid(g) * u;
      case Activation::kGeluTanh:
        return g / 2 * u *
               (1 + std::tanh(std::sqrt(2 / std::numbers::pi) *
                              (g + 0.044715 * g * g * g)));
      case Activation::kGeluErf:
        return g * std::erfc(-g / std::numbers::sqrt2) / 2 * u;
      case Activation::kRelu:
        return std::max(g, 0.0) * u;
      case Activation::kReluSquared:
        return std::max(g, 0.0) * std::max(g, 0.0) * u;
      case Activation::kClampedSwiGlu: {
        const double low = std::min<double>(g, p.limit);
        return low * sigmoid(p.alpha * low) *
               (std::clamp<double>(u, -p.limit, p.limit) + 1);
      }
      case Activation::kXielu:
        return ((g > 0 ? p.alpha * g * g
                       : (std::expm1(std::min<double>(g, p.epsilon)) - g) *
                             p.alpha_negative) +
                p.beta * g) *
               u;
    }
    return 0;
  }

  // By repeated search for the best that is left.
  static std::vector<size_t> Best(Numbers x, size_t count) {
    std::vector<size_t> best;
    for (size_t i = 0; i < count; ++i) {
      best.push_back(static_cast<size_t>(std::max_element(x.begin(), x.end()) -
                                         x.begin()));
      x[best.back()] = -std::numeric_limits<double>::infinity();
    }
    return best;
  }

  static Numbers ToLength(std::span<const double> x, double epsilon) {
    double sum = epsilon;
    for (const double v : x) sum += v * v;
    Numbers out = Copy(x);
    for (double& v : out) v /= std::sqrt(sum);
    return out;
  }

  static Numbers Copy(std::span<const double> x) {
    return {x.begin(), x.end()};
  }

  const Graph& graph_;
  std::vector<Numbers> tensors_;
  // [position][width] each.
  std::vector<Numbers> values_;
};

}  // namespace fullstop

#endif  // FULLSTOP_MODEL_FLOAT64_STORE_H_
