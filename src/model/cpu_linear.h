// Linear layers on this machine's threads.
#ifndef FULLSTOP_MODEL_CPU_LINEAR_H_
#define FULLSTOP_MODEL_CPU_LINEAR_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/threads.h"
#include "kernels/kernels.h"
#include "model/aligned_buffer.h"

namespace fullstop {

// y = w . x + bias for each row; rows of Y are Y_STRIDE floats apart.
struct LinearTarget {
  kernels::Matrix w;
  const float* bias;  // [w.rows], or null
  float* y;
  int64_t y_stride;
};

// All TARGETS over one input of ROWS rows of COLUMNS floats at X, STRIDE floats
// apart.
struct LinearJob {
  const float* x;
  int64_t stride;
  int64_t rows;
  int64_t columns;
  std::span<const LinearTarget> targets;
};

// Keeps the memory that the kernels want between calls. One call at a time.
class CpuLinear {
 public:
  // KERNELS and POOL must outlive the object.
  CpuLinear(const kernels::Kernels& kernels, ThreadPool& pool)
      : kernels_(kernels), pool_(pool) {}

  // No Y may overlap any X or Y.
  void Run(kernels::Phase phase, std::span<const LinearJob> jobs);

 private:
  // Rows [begin, end) of a job's input, or of one target's matrix.
  struct Range {
    size_t job;
    const LinearTarget* target;
    int64_t begin;
    int64_t end;
  };

  void Prepare(kernels::Phase phase, std::span<const LinearJob> jobs);
  void CutIntoRanges(kernels::Phase phase, std::span<const LinearJob> jobs);
  void Multiply(kernels::Phase phase, const Range& range, std::byte* scratch);

  const kernels::Kernels& kernels_;
  ThreadPool& pool_;
  AlignedBuffer<std::byte> prepared_;
  AlignedBuffer<std::byte> scratch_;
  std::vector<kernels::LinearInput> inputs_;
  std::vector<Range> ranges_;
};

}  // namespace fullstop

#endif  // FULLSTOP_MODEL_CPU_LINEAR_H_
