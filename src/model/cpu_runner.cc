#include "model/cpu_runner.h"

#include <algorithm>
#include <cmath>
#include <variant>

#include "model/rope.h"
#include "model/routing.h"

namespace fullstop {
CpuRunner::CpuRunner(const Graph& graph, const CpuWeights& weights,
                     const kernels::Kernels& kernels, ThreadPool& pool,
                     KvCache& cache, const StateCache& states, int32_t context)
    : graph_(graph),
      weights_(weights),
      kernels_(kernels),
      pool_(pool),
      linear_(kernels, pool),
      attention_(kernels, pool, cache),
      experts_(weights, kernels, pool),
      recurrent_(graph, weights, kernels, pool, states),
      values_(graph.values.size()) {
  for (const RopeSpec& rope : graph.ropes) {
    const std::optional<TensorId> tensor =
        UsesLongFactors(rope, context) ? rope.long_factors : rope.factors;
    std::span<const float> factors;
    if (tensor) factors = weights.vector(*tensor);
    angles_.push_back({RopeFrequencies(rope, factors, context), {}, {}});
  }
}

void CpuRunner::Run(std::span<const Row> rows, Phase phase) {
  batch_ = rows;
  phase_ = phase == Phase::kPrefill ? kernels::Phase::kPrefill
                                    : kernels::Phase::kDecode;
  rows_.clear();
  places_.clear();
  for (size_t i = 0; i < rows.size(); ++i) {
    rows_.push_back(i);
    places_.push_back({rows[i].sequence, rows[i].position});
  }
  for (size_t i = 0; i < values_.size(); ++i) {
    values_[i].Reserve(rows.size() * graph_.values[i].width);
  }
  if (!graph_.states.empty()) recurrent_.Begin(places_);
  ComputeAngles();
  for (const Step& step : graph_.steps) {
    std::visit([this](const auto& op) { Do(op); }, step.op);
    if (rows_.empty()) return;
  }
  Do(SelectStep{{graph_.hidden}});
}

void CpuRunner::ComputeAngles() {
  for (size_t i = 0; i < angles_.size(); ++i) {
    Angles& angles = angles_[i];
    const size_t pairs = angles.frequencies.size();
    angles.cos.resize(batch_.size() * pairs);
    angles.sin.resize(batch_.size() * pairs);
    ForRows([&, magnitude = graph_.ropes[i].magnitude](size_t row) {
      RopeAngles(angles.frequencies, batch_[row].position, magnitude,
                 angles.cos.data() + row * pairs,
                 angles.sin.data() + row * pairs);
    });
  }
}

template <typename Body>
void CpuRunner::ForRows(Body body) {
  constexpr size_t kRowsAtOnce = 8;
  pool_.ParallelFor(rows_.size(), kRowsAtOnce,
                    [&](size_t begin, size_t end, int) {
                      for (size_t row = begin; row < end; ++row) body(row);
                    });
}

void CpuRunner::Do(const EmbedStep& step) {
  const kernels::Matrix& table = weights_.matrix(step.table);
  ForRows([&](size_t i) {
    const Row& row = batch_[rows_[i]];
    float* out = RowOf(step.out, i);
    if (row.embedding != nullptr && step.embedded) {
      std::copy_n(row.embedding, Width(step.out), out);
    } else {
      kernels_.DequantizeRow(table, row.token, out);
    }
  });
}

CpuRunner::Piecewise CpuRunner::Pieces(std::optional<TensorId> tensor,
                                       int64_t length) const {
  if (!tensor) return {nullptr, 0};
  const std::vector<float>& all = weights_.vector(*tensor);
  const bool shared = static_cast<int64_t>(all.size()) == length;
  return {all.data(), shared ? 0 : length};
}

void CpuRunner::Do(const NormStep& step) {
  const auto length = static_cast<int64_t>(Width(step.in) / step.groups);
  const auto epsilon = static_cast<float>(step.epsilon);
  const Piecewise weight = Pieces(step.weight, length);
  const Piecewise bias = Pieces(step.bias, length);
  ForRows([&](size_t i) {
    for (int64_t group = 0; group < static_cast<int64_t>(step.groups);
         ++group) {
      const float* in = RowOf(step.in, i) + group * length;
      float* out = RowOf(step.out, i) + group * length;
      const float* shift = bias.Of(group);
      if (step.kind == NormStep::Kind::kLayer) {
        kernels_.LayerNorm(in, weight.Of(group), shift, length, epsilon, out);
        continue;
      }
      kernels_.RmsNorm(in, weight.Of(group), length, epsilon, out);
      if (shift != nullptr) kernels_.Add(out, shift, length);
    }
  });
}

void CpuRunner::Do(const LinearStep& step) {
  targets_.clear();
  for (const LinearPart& part : step.parts) {
    const auto width = static_cast<int64_t>(Width(part.out));
    targets_.push_back(
        {kernels::RowsOf(weights_.matrix(part.weight),
                         static_cast<int64_t>(part.first), width),
         part.bias ? weights_.vector(*part.bias).data() + part.first : nullptr,
         Value(part.out), width});
  }
  const auto columns = static_cast<int64_t>(Width(step.in));
  const LinearJob job{Value(step.in), columns,
                      static_cast<int64_t>(rows_.size()), columns, targets_};
  linear_.Run(phase_, {&job, 1});
}

void CpuRunner::Do(const HeadLinearStep& step) {
  const std::vector<kernels::Matrix>& heads = weights_.slices(step.weight);
  const size_t in_stride = Width(step.in) / heads.size();
  const size_t out_stride = Width(step.out) / heads.size();
  targets_.clear();
  for (size_t head = 0; head < heads.size(); ++head) {
    targets_.push_back({heads[head], nullptr,
                        Value(step.out) + head * out_stride + step.out_begin,
                        static_cast<int64_t>(Width(step.out))});
  }
  std::vector<LinearJob> jobs;
  for (size_t head = 0; head < heads.size(); ++head) {
    jobs.push_back({Value(step.in) + head * in_stride + step.in_begin,
                    static_cast<int64_t>(Width(step.in)),
                    static_cast<int64_t>(rows_.size()), heads[head].columns,
                    std::span(targets_).subspan(head, 1)});
  }
  linear_.Run(phase_, jobs);
}

void CpuRunner::Do(const RopeStep& step) {
  const Angles& angles = angles_[static_cast<uint32_t>(step.rope)];
  const size_t pairs = angles.frequencies.size();
  const kernels::RopePairs form = step.pairs == RopePairs::kAdjacent
                                      ? kernels::RopePairs::kAdjacent
                                      : kernels::RopePairs::kHalves;
  ForRows([&](size_t i) {
    kernels_.Rope(
        RowOf(step.value, i) + step.begin, static_cast<int64_t>(step.heads),
        static_cast<int64_t>(step.head_length), static_cast<int64_t>(2 * pairs),
        form, angles.cos.data() + rows_[i] * pairs,
        angles.sin.data() + rows_[i] * pairs);
  });
}

void CpuRunner::Do(const AttentionStep& step) {
  const AttentionForm form = {
      .scale = static_cast<float>(step.scale),
      .soft_cap = static_cast<float>(step.soft_cap),
      .window = static_cast<int64_t>(step.window),
      .chunk = static_cast<int64_t>(step.chunk),
      .sinks = step.sinks ? weights_.vector(*step.sinks).data() : nullptr};
  attention_.Run(
      phase_, step.layer, graph_.cache[step.layer], form,
      {places_, Value(step.query), step.key ? Value(*step.key) : nullptr,
       step.value ? Value(*step.value) : nullptr, Value(step.out)});
}

void CpuRunner::Do(const ActivateStep& step) {
  ForRows([&](size_t i) {
    const float* up = step.up ? RowOf(*step.up, i) : nullptr;
    kernels_.Activate(step.activation, step.parameters, RowOf(step.gate, i), up,
                      static_cast<int64_t>(Width(step.out)),
                      RowOf(step.out, i));
  });
}

void CpuRunner::Do(const AddStep& step) {
  ForRows([&](size_t i) {
    kernels_.Add(RowOf(step.out, i), RowOf(step.in, i),
                 static_cast<int64_t>(Width(step.out)));
  });
}

void CpuRunner::Do(const ScaleStep& step) {
  const double by = step.by ? weights_.vector(*step.by).front() : 1.0;
  const auto factor = static_cast<float>(step.factor * by);
  ForRows([&](size_t i) {
    kernels_.Scale(RowOf(step.value, i),
                   static_cast<int64_t>(Width(step.value)), factor);
  });
}

void CpuRunner::Do(const PositionScaleStep& step) {
  ForRows([&](size_t i) {
    const double position = batch_[rows_[i]].position;
    const double periods = std::floor((position + step.offset) / step.length);
    kernels_.Scale(RowOf(step.value, i),
                   static_cast<int64_t>(Width(step.value)),
                   static_cast<float>(1 + step.rate * std::log1p(periods)));
  });
}

void CpuRunner::Do(const CopyStep& step) {
  ForRows([&](size_t i) {
    for (uint64_t group = 0; group < step.groups; ++group) {
      std::copy_n(
          RowOf(step.in, i) + group * step.in_stride + step.in_begin,
          step.length,
          RowOf(step.out, i) + group * step.out_stride + step.out_begin);
    }
  });
}

void CpuRunner::Do(const RouteStep& step) {
  const auto vector = [&](std::optional<TensorId> tensor) {
    return tensor ? std::span<const float>(weights_.vector(*tensor))
                  : std::span<const float>();
  };
  ForRows([&](size_t i) {
    ChooseExperts(step, {RowOf(step.logits, i), Width(step.logits)},
                  vector(step.choice_bias), vector(step.expert_factors),
                  RowOf(step.out, i));
  });
}

void CpuRunner::Do(const ExpertsStep& step) {
  experts_.Run(phase_, step,
               {.count = rows_.size(),
                .in = Value(step.in),
                .routes = Value(step.routes),
                .chosen = Width(step.routes) / 2,
                .out = Value(step.out)});
}

void CpuRunner::Do(const ConvolutionStep& step) {
  recurrent_.Convolve(step, Width(step.in), Value(step.in), Value(step.out));
}

void CpuRunner::Do(const DeltaRuleStep& step) {
  recurrent_.ApplyDeltaRule(
      step, {.query = Value(step.query),
             .key = Value(step.key),
             .value = Value(step.value),
             .alpha = Value(step.alpha),
             .beta = Value(step.beta),
             .out = Value(step.out),
             .key_length = Width(step.key) / step.key_heads,
             .value_length = Width(step.value) / step.value_heads});
}

void CpuRunner::Do(const SelectStep& step) {
  size_t kept = 0;
  for (size_t i = 0; i < rows_.size(); ++i) {
    if (batch_[rows_[i]].want == Want::kNothing) continue;
    if (kept != i) {
      for (const ValueId id : step.values) {
        std::copy_n(RowOf(id, i), Width(id), RowOf(id, kept));
      }
      rows_[kept] = rows_[i];
      places_[kept] = places_[i];
    }
    ++kept;
  }
  rows_.resize(kept);
  places_.resize(kept);
}

}  // namespace fullstop
