#include "format/dequantize.h"
#include "kernels/operations.h"

namespace fullstop::kernels::reference {
namespace {

size_t NothingPrepared(int64_t, int64_t) { return 0; }
void PrepareNothing(const LinearInput&, int64_t, int64_t, void*) {}

// One row of weights as floats.
size_t ScratchBytes(int64_t columns) {
  return static_cast<size_t>(columns) * sizeof(float);
}

template <TensorType type>
void Linear(const LinearInput& input, const PackedRows& w,
            const OutputRange& out, void* scratch) {
  float* weights = static_cast<float*>(scratch);
  for (int64_t n = out.begin; n < out.end; ++n) {
    const auto* packed =
        reinterpret_cast<const std::byte*>(w.data + n * w.row_bytes);
    Dequantize(type, packed, weights, static_cast<size_t>(input.columns));
    for (int64_t m = 0; m < input.rows; ++m) {
      const float* x = input.x + m * input.stride;
      double sum = 0;
      for (int64_t k = 0; k < input.columns; ++k) {
        sum += static_cast<double>(x[k]) * weights[k];
      }
      out.y[m * out.stride + n] = static_cast<float>(sum);
    }
  }
}

double MultiplyInRegisters(int64_t times) {
  constexpr int kSums = 8;
  const volatile double one = 1;
  const double factor = one;
  double sums[kSums] = {};
  for (int64_t i = 0; i < times; ++i) {
    for (double& sum : sums) sum = sum * factor + factor;
  }
  volatile double used = 0;
  for (const double sum : sums) used = used + sum;
  return static_cast<double>(times) * kSums * 2;
}

}  // namespace

const LinearForm kLinear = {
    .prepared_bytes = NothingPrepared,
    .prepare = PrepareNothing,
    .scratch_bytes = ScratchBytes,
    .prepare_grain = 1,
    .grain = 1,
    .width = 1,
    .functions =
        {
            .f32 = Linear<TensorType::kF32>,
            .f16 = Linear<TensorType::kF16>,
            .bf16 = Linear<TensorType::kBF16>,
            .q4_0 = Linear<TensorType::kQ4_0>,
            .q4_1 = Linear<TensorType::kQ4_1>,
            .q5_0 = Linear<TensorType::kQ5_0>,
            .q5_1 = Linear<TensorType::kQ5_1>,
            .q8_0 = Linear<TensorType::kQ8_0>,
            .iq4_nl = Linear<TensorType::kIQ4_NL>,
            .mxfp4 = Linear<TensorType::kMXFP4>,
            .q2_k = Linear<TensorType::kQ2_K>,
            .q3_k = Linear<TensorType::kQ3_K>,
            .q4_k = Linear<TensorType::kQ4_K>,
            .q5_k = Linear<TensorType::kQ5_K>,
            .q6_k = Linear<TensorType::kQ6_K>,
            .iq4_xs = Linear<TensorType::kIQ4_XS>,
            .iq2_xxs = Linear<TensorType::kIQ2_XXS>,
            .iq2_xs = Linear<TensorType::kIQ2_XS>,
            .iq2_s = Linear<TensorType::kIQ2_S>,
            .iq3_xxs = Linear<TensorType::kIQ3_XXS>,
            .iq3_s = Linear<TensorType::kIQ3_S>,
            .iq1_s = Linear<TensorType::kIQ1_S>,
            .iq1_m = Linear<TensorType::kIQ1_M>,
            .tq1_0 = Linear<TensorType::kTQ1_0>,
            .tq2_0 = Linear<TensorType::kTQ2_0>,
            .nvfp4 = Linear<TensorType::kNVFP4>,
        },
    .multiply_in_registers = MultiplyInRegisters,
};

}  // namespace fullstop::kernels::reference
