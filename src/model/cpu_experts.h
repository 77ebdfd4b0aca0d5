// Mixtures of experts on this machine's threads.
#ifndef FULLSTOP_MODEL_CPU_EXPERTS_H_
#define FULLSTOP_MODEL_CPU_EXPERTS_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/threads.h"
#include "kernels/kernels.h"
#include "model/aligned_buffer.h"
#include "model/cpu_linear.h"
#include "model/cpu_weights.h"
#include "model/graph.h"

namespace fullstop {

// Activations without gaps, a row for each row of the batch: IN and OUT are as
// wide as the model, ROUTES [2 * CHOSEN] as RouteStep says. OUT may be IN.
struct ExpertRows {
  size_t count;
  const float* in;
  const float* routes;
  size_t chosen;
  float* out;
};

// Rows are gathered by expert, so that a batch reads each matrix once and only
// those of experts that a row chose. Keeps its memory between calls. One call
// at a time.
class CpuExperts {
 public:
  // All must outlive the object.
  CpuExperts(const CpuWeights& weights, const kernels::Kernels& kernels,
             ThreadPool& pool)
      : weights_(weights),
        kernels_(kernels),
        pool_(pool),
        linear_(kernels, pool) {}

  void Run(kernels::Phase phase, const ExpertsStep& step,
           const ExpertRows& rows);

 private:
  // The gathered rows [begin, end) go to one expert.
  struct Group {
    size_t expert;
    size_t begin;
    size_t end;
  };
  // What one expert's part makes of a group's rows.
  struct Output {
    const ExpertPart* part;
    float* y;
    size_t width;
  };

  void Gather(const ExpertsStep& step, const ExpertRows& rows, size_t width);
  // Y of each output = part . X for all gathered rows.
  void Multiply(kernels::Phase phase, const float* x, size_t width,
                std::span<const Output> outputs);
  const float* Bias(const Output& output, size_t expert, float* memory) const;
  void Sum(const ExpertsStep& step, const ExpertRows& rows, size_t width);

  const CpuWeights& weights_;
  const kernels::Kernels& kernels_;
  ThreadPool& pool_;
  CpuLinear linear_;

  std::vector<Group> groups_;
  // [row * chosen + choice]: the gathered row.
  std::vector<size_t> places_;
  std::vector<LinearTarget> targets_;
  std::vector<LinearJob> jobs_;
  AlignedBuffer<float> gathered_;
  AlignedBuffer<float> gate_;
  AlignedBuffer<float> up_;
  AlignedBuffer<float> down_;
  AlignedBuffer<float> biases_;
};

}  // namespace fullstop

#endif  // FULLSTOP_MODEL_CPU_EXPERTS_H_
