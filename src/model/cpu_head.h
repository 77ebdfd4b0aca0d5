// From hidden states to what the rows of a call want.
#ifndef FULLSTOP_MODEL_CPU_HEAD_H_
#define FULLSTOP_MODEL_CPU_HEAD_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/threads.h"
#include "kernels/kernels.h"
#include "model/aligned_buffer.h"
#include "model/cpu_linear.h"
#include "model/cpu_weights.h"
#include "model/forward.h"
#include "model/graph.h"
#include "model/host_result.h"

namespace fullstop {

// Logits are computed for a slice of rows at a time, at most some 32 MiB of
// them. One call at a time.
class CpuHead {
 public:
  // The head of GRAPH, of whose logits the first VOCABULARY are given. All must
  // outlive the object.
  CpuHead(const Graph& graph, int32_t vocabulary, const CpuWeights& weights,
          const kernels::Kernels& kernels, ThreadPool& pool);

  // Begins the result of a call of ROWS rows.
  void Begin(size_t rows);
  // Row I of HIDDEN, [number of WANTED][embedding length], is the hidden state
  // of row WANTED[I] of BATCH, which is row FIRST + WANTED[I] of the call.
  void Collect(std::span<const Row> batch, size_t first,
               std::span<const size_t> wanted, const float* hidden,
               Phase phase);
  HostResult& result() { return result_; }

 private:
  // Rows that want logits: their hidden states, and where they stand.
  struct Pending {
    const Row* row;
    const float* hidden;
    HostResult::RowResult* result;
  };

  void ComputeSlice(std::span<const Pending> rows, kernels::Phase phase);
  void Finish(float* logits) const;
  void Reduce(const Pending& row, const float* logits);

  const Graph& graph_;
  const int32_t vocabulary_;
  const kernels::Matrix& matrix_;
  const float* const bias_;
  const kernels::Kernels& kernels_;
  ThreadPool& pool_;
  CpuLinear linear_;
  AlignedBuffer<float> hidden_;
  AlignedBuffer<float> logits_;
  HostResult result_;
};

}  // namespace fullstop

#endif  // FULLSTOP_MODEL_CPU_HEAD_H_
