#include "model/cpu_runner.h"

#include <algorithm>
#include <variant>

#include "model/rope.h"

namespace fullstop {

CpuRunner::CpuRunner(const Graph& graph, const CpuWeights& weights,
                     const kernels::Kernels& kernels, ThreadPool& pool,
                     KvCache& cache, int32_t context)
    : graph_(graph),
      weights_(weights),
      kernels_(kernels),
      pool_(pool),
      linear_(kernels, pool),
      attention_(kernels, pool, cache),
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
    if (row.embedding != nullptr) {
      std::copy_n(row.embedding, Width(step.out), out);
    } else {
      kernels_.DequantizeRow(table, row.token, out);
    }
  });
}

void CpuRunner::Do(const NormStep& step) {
  const std::vector<float>& weight = weights_.vector(step.weight);
  ForRows([&](size_t i) {
    kernels_.RmsNorm(RowOf(step.in, i), weight.data(),
                     static_cast<int64_t>(weight.size()),
                     static_cast<float>(step.epsilon), RowOf(step.out, i));
  });
}

void CpuRunner::Do(const LinearStep& step) {
  targets_.clear();
  for (const LinearPart& part : step.parts) {
    targets_.push_back(
        {&weights_.matrix(part.weight),
         part.bias ? weights_.vector(*part.bias).data() : nullptr,
         Value(part.out), static_cast<int64_t>(Width(part.out))});
  }
  const auto columns = static_cast<int64_t>(Width(step.in));
  linear_.Run(phase_, Value(step.in), columns,
              static_cast<int64_t>(rows_.size()), columns, targets_);
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
  attention_.Run(phase_, step.layer, graph_.cache[step.layer],
                 static_cast<float>(step.scale),
                 {places_, Value(step.query), Value(step.key),
                  Value(step.value), Value(step.out)});
}

void CpuRunner::Do(const SwiGluStep& step) {
  ForRows([&](size_t i) {
    kernels_.SiluMultiply(RowOf(step.gate, i), RowOf(step.up, i),
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
