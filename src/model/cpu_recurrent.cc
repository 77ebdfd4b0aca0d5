#include "model/cpu_recurrent.h"

#include <algorithm>
#include <cmath>

namespace fullstop {
namespace {

// Channels of a convolution that one thread takes at once.
constexpr size_t kChannelsAtOnce = 256;

std::vector<float> Transposed(const kernels::Matrix& matrix,
                              const kernels::Kernels& kernels) {
  const auto columns = static_cast<size_t>(matrix.columns);
  const auto rows = static_cast<size_t>(matrix.rows);
  std::vector<float> row(columns);
  std::vector<float> out(rows * columns);
  for (size_t r = 0; r < rows; ++r) {
    kernels.DequantizeRow(matrix, static_cast<int64_t>(r), row.data());
    for (size_t c = 0; c < columns; ++c) out[c * rows + r] = row[c];
  }
  return out;
}

// x / sqrt(sum(x^2) + EPSILON) * FACTOR
void ScaleToLength(const float* x, size_t n, double epsilon, double factor,
                   float* out) {
  double sum = 0;
  for (size_t i = 0; i < n; ++i) sum += static_cast<double>(x[i]) * x[i];
  const double scale = factor / std::sqrt(sum + epsilon);
  for (size_t i = 0; i < n; ++i) out[i] = static_cast<float>(x[i] * scale);
}

double Softplus(double x) { return x > 30 ? x : std::log1p(std::exp(x)); }

}  // namespace

CpuRecurrent::CpuRecurrent(const Graph& graph, const CpuWeights& weights,
                           const kernels::Kernels& kernels, ThreadPool& pool,
                           const StateCache& states)
    : weights_(weights), kernels_(kernels), pool_(pool), states_(states) {
  for (const Step& step : graph.steps) {
    if (const auto* convolution = std::get_if<ConvolutionStep>(&step.op)) {
      taps_[convolution->weight] =
          Transposed(weights.matrix(convolution->weight), kernels);
    }
  }
}

void CpuRecurrent::Begin(std::span<const RowPlace> places) {
  places_ = places;
  runs_.clear();
  for (size_t row = 0; row < places.size(); ++row) {
    const auto run = std::find_if(
        runs_.begin(), runs_.end(),
        [&](const Run& r) { return r.sequence == places[row].sequence; });
    if (run == runs_.end()) {
      runs_.push_back({places[row].sequence, {row}});
    } else {
      run->rows.push_back(row);
    }
  }
}

void CpuRecurrent::Save(const Part& part, size_t row) const {
  float* to = states_.Checkpoint(part.run->sequence, part.state,
                                 places_[row].position + 1);
  if (to == nullptr) return;
  const float* from = states_.Live(part.run->sequence, part.state);
  std::copy_n(from + part.begin, part.width, to + part.begin);
}

// The state is the inputs of the last K - 1 positions, the oldest first.
void CpuRecurrent::ConvolvePart(const ConvolutionStep& step, const Part& part,
                                size_t channels, const float* in, float* out) {
  const std::vector<float>& taps = taps_.at(step.weight);
  const size_t before = taps.size() / channels - 1;
  float* state = states_.Live(part.run->sequence, part.state) + part.begin;
  const auto width = static_cast<int64_t>(part.width);
  for (const size_t row : part.run->rows) {
    const float* x = in + row * channels + part.begin;
    float* y = out + row * channels + part.begin;
    if (step.bias) {
      std::copy_n(weights_.vector(*step.bias).data() + part.begin, part.width,
                  y);
    } else {
      std::fill_n(y, part.width, 0.0f);
    }
    const float* tap = taps.data() + part.begin;
    for (size_t k = 0; k < before; ++k) {
      kernels_.MultiplyAdd(state + k * channels, tap + k * channels, width, y);
    }
    kernels_.MultiplyAdd(x, tap + before * channels, width, y);
    for (size_t k = 0; k < before; ++k) {
      const float* next = k + 1 < before ? state + (k + 1) * channels : x;
      std::copy_n(next, part.width, state + k * channels);
    }
    for (size_t k = 0; k < before; ++k) {
      Save({part.run, part.state, part.begin + k * channels, part.width}, row);
    }
  }
}

void CpuRecurrent::Convolve(const ConvolutionStep& step, size_t channels,
                            const float* in, float* out) {
  const size_t parts = (channels + kChannelsAtOnce - 1) / kChannelsAtOnce;
  pool_.ParallelFor(runs_.size() * parts, 1, [&](size_t i, size_t, int) {
    const size_t begin = i % parts * kChannelsAtOnce;
    ConvolvePart(step,
                 {&runs_[i / parts], step.state, begin,
                  std::min(kChannelsAtOnce, channels - begin)},
                 channels, in, out);
  });
}

void CpuRecurrent::DeltaHead(const DeltaRuleStep& step, const DeltaRows& rows,
                             const Run& run, size_t head) {
  const size_t key_head = step.tiled ? head % step.key_heads
                                     : head * step.key_heads / step.value_heads;
  const size_t size = rows.key_length * rows.value_length;
  const double decay = weights_.vector(step.decay)[head];
  const double offset = weights_.vector(step.offset)[head];
  float* state = states_.Live(run.sequence, step.state) + head * size;
  std::vector<float> query(rows.key_length);
  std::vector<float> key(rows.key_length);
  for (const size_t row : run.rows) {
    const size_t from = (row * step.key_heads + key_head) * rows.key_length;
    ScaleToLength(rows.query + from, rows.key_length, step.epsilon,
                  1 / std::sqrt(static_cast<double>(rows.key_length)),
                  query.data());
    ScaleToLength(rows.key + from, rows.key_length, step.epsilon, 1,
                  key.data());
    const size_t at = row * step.value_heads + head;
    const kernels::DeltaRuleInput input = {
        .q = query.data(),
        .k = key.data(),
        .v = rows.value + at * rows.value_length,
        .key_length = static_cast<int64_t>(rows.key_length),
        .value_length = static_cast<int64_t>(rows.value_length),
        .decay = static_cast<float>(
            std::exp(decay * Softplus(rows.alpha[at] + offset))),
        .beta = static_cast<float>(
            1 / (1 + std::exp(-static_cast<double>(rows.beta[at]))))};
    kernels_.DeltaRule(input, state, rows.out + at * rows.value_length);
    Save({&run, step.state, head * size, size}, row);
  }
}

void CpuRecurrent::ApplyDeltaRule(const DeltaRuleStep& step,
                                  const DeltaRows& rows) {
  const size_t heads = step.value_heads;
  pool_.ParallelFor(runs_.size() * heads, 1, [&](size_t i, size_t, int) {
    DeltaHead(step, rows, runs_[i / heads], i % heads);
  });
}

}  // namespace fullstop
