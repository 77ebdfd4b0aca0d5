// Runs a graph's steps over a batch of rows on this machine.
#ifndef FULLSTOP_MODEL_CPU_RUNNER_H_
#define FULLSTOP_MODEL_CPU_RUNNER_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/threads.h"
#include "kernels/kernels.h"
#include "model/aligned_buffer.h"
#include "model/cpu_attention.h"
#include "model/cpu_experts.h"
#include "model/cpu_linear.h"
#include "model/cpu_recurrent.h"
#include "model/cpu_weights.h"
#include "model/forward.h"
#include "model/graph.h"
#include "model/kv_cache.h"
#include "model/state_cache.h"

namespace fullstop {

// Holds the activations of one batch. One call at a time.
class CpuRunner {
 public:
  // All that is passed by reference must outlive the object. CONTEXT is the
  // most positions that a sequence may have.
  CpuRunner(const Graph& graph, const CpuWeights& weights,
            const kernels::Kernels& kernels, ThreadPool& pool, KvCache& cache,
            const StateCache& states, int32_t context);

  // Evaluates ROWS, for which the cache has room and the states were begun.
  // Afterwards rows() are those that want a result, as indices into ROWS, and
  // Value(graph.hidden) holds their hidden states.
  void Run(std::span<const Row> rows, Phase phase);

  std::span<const size_t> rows() const { return rows_; }
  // Row I of rows() begins at I times the value's width.
  float* Value(ValueId id) { return values_[static_cast<uint32_t>(id)].data(); }

 private:
  // The angles of one RopeSpec for the batch: [batch row][pair].
  struct Angles {
    std::vector<double> frequencies;
    std::vector<float> cos;
    std::vector<float> sin;
  };

  void Do(const EmbedStep& step);
  void Do(const NormStep& step);
  void Do(const LinearStep& step);
  void Do(const HeadLinearStep& step);
  void Do(const RopeStep& step);
  void Do(const AttentionStep& step);
  void Do(const ActivateStep& step);
  void Do(const AddStep& step);
  void Do(const ScaleStep& step);
  void Do(const PositionScaleStep& step);
  void Do(const CopyStep& step);
  void Do(const RouteStep& step);
  void Do(const ExpertsStep& step);
  void Do(const ConvolutionStep& step);
  void Do(const DeltaRuleStep& step);
  void Do(const SelectStep& step);

  // The part of a vector for each group of an activation; null where there is
  // no vector.
  struct Piecewise {
    const float* first;
    int64_t stride;
    const float* Of(int64_t group) const {
      return first == nullptr ? nullptr : first + group * stride;
    }
  };
  // TENSOR is as long as a group, LENGTH, or as all groups.
  Piecewise Pieces(std::optional<TensorId> tensor, int64_t length) const;

  // Calls BODY(row) for each active row, on several threads where there are
  // many.
  template <typename Body>
  void ForRows(Body body);

  void ComputeAngles();
  uint64_t Width(ValueId id) const { return graph_.value(id).width; }
  float* RowOf(ValueId id, size_t row) { return Value(id) + row * Width(id); }

  const Graph& graph_;
  const CpuWeights& weights_;
  const kernels::Kernels& kernels_;
  ThreadPool& pool_;
  CpuLinear linear_;
  CpuAttention attention_;
  CpuExperts experts_;
  CpuRecurrent recurrent_;

  std::vector<AlignedBuffer<float>> values_;
  std::vector<Angles> angles_;
  std::vector<LinearTarget> targets_;

  // The batch.
  std::span<const Row> batch_;
  kernels::Phase phase_ = kernels::Phase::kPrefill;
  // Rows of the batch still evaluated, and where they stand.
  std::vector<size_t> rows_;
  std::vector<RowPlace> places_;
};

}  // namespace fullstop

#endif  // FULLSTOP_MODEL_CPU_RUNNER_H_
