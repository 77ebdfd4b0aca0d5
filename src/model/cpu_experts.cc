#include "model/cpu_experts.h"

#include <algorithm>

namespace fullstop {
namespace {

constexpr size_t kRowsAtOnce = 8;

}  // namespace

void CpuExperts::Gather(const ExpertsStep& step, const ExpertRows& rows,
                        size_t width) {
  const size_t choices = rows.count * rows.chosen;
  const auto expert = [&](size_t choice) {
    const size_t row = choice / rows.chosen;
    return static_cast<size_t>(
        rows.routes[row * 2 * rows.chosen + choice % rows.chosen]);
  };
  std::vector<size_t> next(weights_.slices(step.down.weight).size() + 1);
  for (size_t i = 0; i < choices; ++i) ++next[expert(i) + 1];
  groups_.clear();
  for (size_t e = 0; e + 1 < next.size(); ++e) {
    if (next[e + 1] > 0) groups_.push_back({e, next[e], next[e] + next[e + 1]});
    next[e + 1] += next[e];
  }
  places_.resize(choices);
  for (size_t i = 0; i < choices; ++i) places_[i] = next[expert(i)]++;

  gathered_.Reserve(choices * width);
  pool_.ParallelFor(choices, kRowsAtOnce, [&](size_t begin, size_t end, int) {
    for (size_t i = begin; i < end; ++i) {
      const size_t row = i / rows.chosen;
      float* to = gathered_.data() + places_[i] * width;
      std::copy_n(rows.in + row * width, width, to);
      if (!step.weigh_input) continue;
      const float weight =
          rows.routes[row * 2 * rows.chosen + rows.chosen + i % rows.chosen];
      kernels_.Scale(to, static_cast<int64_t>(width), weight);
    }
  });
}

const float* CpuExperts::Bias(const Output& output, size_t expert,
                              float* memory) const {
  if (!output.part->bias) return nullptr;
  const kernels::Matrix& biases = weights_.matrix(*output.part->bias);
  kernels_.DequantizeRow(biases, static_cast<int64_t>(expert), memory);
  return memory + output.part->first;
}

void CpuExperts::Multiply(kernels::Phase phase, const float* x, size_t width,
                          std::span<const Output> outputs) {
  size_t bias_length = 0;
  for (const Output& output : outputs) {
    if (!output.part->bias) continue;
    const int64_t columns = weights_.matrix(*output.part->bias).columns;
    bias_length = std::max(bias_length, static_cast<size_t>(columns));
  }
  biases_.Reserve(bias_length * groups_.size() * outputs.size());
  float* bias = biases_.data();
  targets_.clear();
  jobs_.clear();
  for (const Group& group : groups_) {
    for (const Output& output : outputs) {
      const kernels::Matrix w =
          kernels::RowsOf(weights_.slices(output.part->weight)[group.expert],
                          static_cast<int64_t>(output.part->first),
                          static_cast<int64_t>(output.width));
      targets_.push_back({w, Bias(output, group.expert, bias),
                          output.y + group.begin * output.width, w.rows});
      bias += bias_length;
    }
  }
  for (size_t i = 0; i < groups_.size(); ++i) {
    const Group& group = groups_[i];
    const auto columns = static_cast<int64_t>(width);
    jobs_.push_back(
        {x + group.begin * width, columns,
         static_cast<int64_t>(group.end - group.begin), columns,
         std::span(targets_).subspan(i * outputs.size(), outputs.size())});
  }
  linear_.Run(phase, jobs_);
}

void CpuExperts::Sum(const ExpertsStep& step, const ExpertRows& rows,
                     size_t width) {
  const auto length = static_cast<int64_t>(width);
  pool_.ParallelFor(
      rows.count, kRowsAtOnce, [&](size_t begin, size_t end, int) {
        for (size_t row = begin; row < end; ++row) {
          float* out = rows.out + row * width;
          std::fill_n(out, width, 0.0f);
          const float* weights =
              rows.routes + row * 2 * rows.chosen + rows.chosen;
          for (size_t i = 0; i < rows.chosen; ++i) {
            float* part = down_.data() + places_[row * rows.chosen + i] * width;
            if (!step.weigh_input) kernels_.Scale(part, length, weights[i]);
            kernels_.Add(out, part, length);
          }
        }
      });
}

void CpuExperts::Run(kernels::Phase phase, const ExpertsStep& step,
                     const ExpertRows& rows) {
  const kernels::Matrix& down = weights_.slices(step.down.weight).front();
  const auto width = static_cast<size_t>(down.rows);
  const auto hidden = static_cast<size_t>(down.columns);
  const size_t choices = rows.count * rows.chosen;
  Gather(step, rows, width);

  gate_.Reserve(choices * hidden);
  std::vector<Output> outputs = {{&step.gate, gate_.data(), hidden}};
  if (step.up) {
    up_.Reserve(choices * hidden);
    outputs.push_back({&*step.up, up_.data(), hidden});
  }
  Multiply(phase, gathered_.data(), width, outputs);
  pool_.ParallelFor(choices, kRowsAtOnce, [&](size_t begin, size_t end, int) {
    float* gate = gate_.data() + begin * hidden;
    const float* up = step.up ? up_.data() + begin * hidden : nullptr;
    kernels_.Activate(step.activation, step.parameters, gate, up,
                      static_cast<int64_t>((end - begin) * hidden), gate);
  });
  down_.Reserve(choices * width);
  const Output last = {&step.down, down_.data(), width};
  Multiply(phase, gate_.data(), hidden, {&last, 1});
  Sum(step, rows, width);
}

}  // namespace fullstop
