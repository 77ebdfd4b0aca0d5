#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "format/half.h"
#include "kernels/operations.h"

namespace fullstop::kernels::reference {
namespace {

void RmsNorm(const float* x, const float* weight, int64_t n, float epsilon,
             float* out) {
  double sum = 0;
  for (int64_t i = 0; i < n; ++i) sum += static_cast<double>(x[i]) * x[i];
  const double scale = 1 / std::sqrt(sum / static_cast<double>(n) +
                                     static_cast<double>(epsilon));
  for (int64_t i = 0; i < n; ++i) {
    const double w = weight == nullptr ? 1 : weight[i];
    out[i] = static_cast<float>(x[i] * scale * w);
  }
}

void LayerNorm(const float* x, const float* weight, const float* bias,
               int64_t n, float epsilon, float* out) {
  double sum = 0;
  for (int64_t i = 0; i < n; ++i) sum += x[i];
  const double mean = sum / static_cast<double>(n);
  double squares = 0;
  for (int64_t i = 0; i < n; ++i) squares += (x[i] - mean) * (x[i] - mean);
  const double scale = 1 / std::sqrt(squares / static_cast<double>(n) +
                                     static_cast<double>(epsilon));
  for (int64_t i = 0; i < n; ++i) {
    const double w = weight == nullptr ? 1 : weight[i];
    const double b = bias == nullptr ? 0 : bias[i];
    out[i] = static_cast<float>((x[i] - mean) * scale * w + b);
  }
}

void Add(float* x, const float* y, int64_t n) {
  for (int64_t i = 0; i < n; ++i) x[i] += y[i];
}

void Scale(float* x, int64_t n, float factor) {
  for (int64_t i = 0; i < n; ++i) x[i] *= factor;
}

void MultiplyAdd(const float* x, const float* y, int64_t n, float* out) {
  for (int64_t i = 0; i < n; ++i) {
    out[i] = static_cast<float>(out[i] + static_cast<double>(x[i]) * y[i]);
  }
}

// The states are rounded once a position.
void DeltaRule(const DeltaRuleInput& input, float* state, float* out) {
  for (int64_t j = 0; j < input.value_length; ++j) {
    double read = 0;
    for (int64_t i = 0; i < input.key_length; ++i) {
      const double s = state[i * input.value_length + j];
      read += input.decay * s * input.k[i];
    }
    const double delta = (input.v[j] - read) * input.beta;
    double sum = 0;
    for (int64_t i = 0; i < input.key_length; ++i) {
      float& s = state[i * input.value_length + j];
      const double now =
          static_cast<double>(input.decay) * s + input.k[i] * delta;
      s = static_cast<float>(now);
      sum += now * input.q[i];
    }
    out[j] = static_cast<float>(sum);
  }
}

void Rotate(float* a, float* b, float cos, float sin) {
  const double x = *a;
  const double y = *b;
  *a = static_cast<float>(x * cos - y * sin);
  *b = static_cast<float>(x * sin + y * cos);
}

void RopeAdjacent(float* x, int64_t rotated, const float* cos,
                  const float* sin) {
  for (int64_t i = 0; i < rotated / 2; ++i) {
    Rotate(&x[2 * i], &x[2 * i + 1], cos[i], sin[i]);
  }
}

void RopeHalves(float* x, int64_t rotated, const float* cos, const float* sin) {
  const int64_t half = rotated / 2;
  for (int64_t i = 0; i < half; ++i) {
    Rotate(&x[i], &x[i + half], cos[i], sin[i]);
  }
}

template <auto Convert, typename From, typename To>
void ConvertRow(const From* x, int64_t n, To* out) {
  for (int64_t i = 0; i < n; ++i) out[i] = Convert(x[i]);
}

uint32_t ReadMemory(const void* memory, size_t bytes) {
  uint32_t sum = 0;
  for (size_t at = 0; at < bytes; at += sizeof(sum)) {
    uint32_t word;
    std::memcpy(&word, static_cast<const std::byte*>(memory) + at,
                sizeof(word));
    sum += word;
  }
  return sum;
}

}  // namespace

const RowOperations kRows = {
    .rms_norm = RmsNorm,
    .layer_norm = LayerNorm,
    .add = Add,
    .scale = Scale,
    .multiply_add = MultiplyAdd,
    .delta_rule = DeltaRule,
    .rope_adjacent = RopeAdjacent,
    .rope_halves = RopeHalves,
    .f32_to_f16 = ConvertRow<FloatToHalf, float, uint16_t>,
    .f16_to_f32 = ConvertRow<HalfToFloat, uint16_t, float>,
    .f32_to_bf16 = ConvertRow<FloatToBfloat16, float, uint16_t>,
    .bf16_to_f32 = ConvertRow<Bfloat16ToFloat, uint16_t, float>,
    .read_memory = ReadMemory,
};

}  // namespace fullstop::kernels::reference
