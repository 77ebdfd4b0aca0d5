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
#include "model/forward.h"

namespace fullstop {

// The result of one call; each row keeps only what it wanted.
class CpuResult final : public ForwardResult {
 public:
  std::span<const float> Logits(size_t row) override;
  std::span<const float> Hidden(size_t row) override;
  std::span<const TopLogit> Top(size_t row) override;
  double LogSumExp(size_t row) override;
  std::span<const float> Chosen(size_t row) override;

 private:
  friend class CpuHead;
  struct RowResult {
    Want want = Want::kNothing;
    std::vector<float> numbers;  // logits, hidden state or chosen logits
    std::vector<TopLogit> top;
    double log_sum_exp = 0;
  };
  const RowResult& Get(size_t row, Want want) const;

  std::vector<RowResult> rows_;
};

// Logits are computed for a slice of rows at a time, at most some 32 MiB of
// them. One call at a time.
class CpuHead {
 public:
  // MATRIX is [embedding length, vocabulary]. KERNELS and POOL must outlive the
  // object, and what MATRIX names.
  CpuHead(const kernels::Matrix& matrix, const kernels::Kernels& kernels,
          ThreadPool& pool);

  // Begins the result of a call of ROWS rows.
  void Begin(size_t rows);
  // Row I of HIDDEN, [number of WANTED][embedding length], is the hidden state
  // of row WANTED[I] of BATCH, which is row FIRST + WANTED[I] of the call.
  void Collect(std::span<const Row> batch, size_t first,
               std::span<const size_t> wanted, const float* hidden,
               Phase phase);
  CpuResult& result() { return result_; }

 private:
  // Rows that want logits: their hidden states, and where they stand.
  struct Pending {
    const Row* row;
    const float* hidden;
    CpuResult::RowResult* result;
  };

  void ComputeSlice(std::span<const Pending> rows, kernels::Phase phase);
  void Reduce(const Pending& row, const float* logits);

  const kernels::Matrix matrix_;
  const kernels::Kernels& kernels_;
  ThreadPool& pool_;
  CpuLinear linear_;
  AlignedBuffer<float> hidden_;
  AlignedBuffer<float> logits_;
  CpuResult result_;
};

}  // namespace fullstop

#endif  // FULLSTOP_MODEL_CPU_HEAD_H_
