#include <cmath>

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
    out[i] = static_cast<float>(x[i] * scale * weight[i]);
  }
}

void Add(float* x, const float* y, int64_t n) {
  for (int64_t i = 0; i < n; ++i) x[i] += y[i];
}

void SiluMultiply(const float* gate, const float* up, int64_t n, float* out) {
  for (int64_t i = 0; i < n; ++i) {
    const double g = gate[i];
    out[i] = static_cast<float>(g / (1 + std::exp(-g)) * up[i]);
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

}  // namespace

const RowOperations kRows = {
    .rms_norm = RmsNorm,
    .add = Add,
    .silu_multiply = SiluMultiply,
    .rope_adjacent = RopeAdjacent,
    .rope_halves = RopeHalves,
    .f32_to_f16 = ConvertRow<FloatToHalf, float, uint16_t>,
    .f16_to_f32 = ConvertRow<HalfToFloat, uint16_t, float>,
    .f32_to_bf16 = ConvertRow<FloatToBfloat16, float, uint16_t>,
    .bf16_to_f32 = ConvertRow<Bfloat16ToFloat, uint16_t, float>,
};

}  // namespace fullstop::kernels::reference
