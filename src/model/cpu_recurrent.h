// Steps with a state on this machine's threads.
#ifndef FULLSTOP_MODEL_CPU_RECURRENT_H_
#define FULLSTOP_MODEL_CPU_RECURRENT_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "base/threads.h"
#include "kernels/kernels.h"
#include "model/cpu_attention.h"
#include "model/cpu_weights.h"
#include "model/graph.h"
#include "model/state_cache.h"

namespace fullstop {

// Rows of one sequence are taken in order; threads share sequences, channels
// and heads. One call at a time.
class CpuRecurrent {
 public:
  // All must outlive the object.
  CpuRecurrent(const Graph& graph, const CpuWeights& weights,
               const kernels::Kernels& kernels, ThreadPool& pool,
               const StateCache& states);

  // The rows of the batch, for whose sequences the states were begun.
  void Begin(std::span<const RowPlace> places);

  // Activations without gaps, a row for each place.
  void Convolve(const ConvolutionStep& step, size_t channels, const float* in,
                float* out);
  struct DeltaRows {
    const float* query;
    const float* key;
    const float* value;
    const float* alpha;
    const float* beta;
    float* out;
    size_t key_length;
    size_t value_length;
  };
  void ApplyDeltaRule(const DeltaRuleStep& step, const DeltaRows& rows);

 private:
  // The rows of one sequence, ascending.
  struct Run {
    SequenceId sequence;
    std::vector<size_t> rows;
  };
  // A part of one run's state, WIDTH numbers from BEGIN on.
  struct Part {
    const Run* run;
    StateId state;
    size_t begin;
    size_t width;
  };

  void ConvolvePart(const ConvolutionStep& step, const Part& part,
                    size_t channels, const float* in, float* out);
  void DeltaHead(const DeltaRuleStep& step, const DeltaRows& rows,
                 const Run& run, size_t head);
  // Copies what stands at BEGIN of the state where ROW is followed by a
  // checkpoint.
  void Save(const Part& part, size_t row) const;

  const CpuWeights& weights_;
  const kernels::Kernels& kernels_;
  ThreadPool& pool_;
  const StateCache& states_;
  // Weights of convolutions: [K][channels].
  std::map<TensorId, std::vector<float>> taps_;
  std::span<const RowPlace> places_;
  std::vector<Run> runs_;
};

}  // namespace fullstop

#endif  // FULLSTOP_MODEL_CPU_RECURRENT_H_
