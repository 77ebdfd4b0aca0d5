#include "model/cpu_linear.h"

#include <algorithm>

namespace fullstop {
namespace {

// So many ranges for each thread: a thread that the system holds up keeps the
// others waiting for one range at most.
constexpr int64_t kRangesPerThread = 8;

int64_t RoundUp(int64_t value, int64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

}  // namespace

void CpuLinear::Prepare(kernels::Phase phase, std::span<const LinearJob> jobs) {
  const auto bytes = [&](const LinearJob& job) {
    return static_cast<size_t>(
        RoundUp(static_cast<int64_t>(
                    kernels_.PreparedBytes(phase, job.rows, job.columns)),
                kernels::kAlignment));
  };
  size_t all = 0;
  for (const LinearJob& job : jobs) all += bytes(job);
  prepared_.Reserve(all);

  const int64_t grain = kernels_.PrepareGrain(phase);
  std::byte* prepared = prepared_.data();
  inputs_.clear();
  ranges_.clear();
  for (size_t i = 0; i < jobs.size(); ++i) {
    const LinearJob& job = jobs[i];
    inputs_.push_back({.x = job.x,
                       .stride = job.stride,
                       .rows = job.rows,
                       .columns = job.columns,
                       .prepared = prepared});
    for (int64_t row = 0; row < job.rows; row += grain) {
      ranges_.push_back({i, nullptr, row, std::min(row + grain, job.rows)});
    }
    prepared += bytes(job);
  }
  pool_.ParallelFor(ranges_.size(), 1, [&](size_t index, size_t, int) {
    const Range& range = ranges_[index];
    const kernels::LinearInput& input = inputs_[range.job];
    kernels_.PrepareLinear(phase, input, range.begin, range.end,
                           const_cast<void*>(input.prepared));
  });
}

void CpuLinear::CutIntoRanges(kernels::Phase phase,
                              std::span<const LinearJob> jobs) {
  int64_t total = 0;
  for (const LinearJob& job : jobs) {
    for (const LinearTarget& target : job.targets) total += target.w.rows;
  }
  const int64_t threads = pool_.size();
  const int64_t wanted = threads == 1 ? 1 : threads * kRangesPerThread;
  const int64_t grain = kernels_.LinearGrain(phase);
  const int64_t wide =
      std::min(kernels_.LinearWidth(phase), total / threads / grain * grain);
  const int64_t step =
      std::max(RoundUp((total + wanted - 1) / wanted, grain), wide);
  ranges_.clear();
  for (size_t i = 0; i < jobs.size(); ++i) {
    for (const LinearTarget& target : jobs[i].targets) {
      for (int64_t begin = 0; begin < target.w.rows; begin += step) {
        ranges_.push_back(
            {i, &target, begin, std::min(begin + step, target.w.rows)});
      }
    }
  }
}

void CpuLinear::Multiply(kernels::Phase phase, const Range& range,
                         std::byte* scratch) {
  const kernels::LinearInput& input = inputs_[range.job];
  const LinearTarget& target = *range.target;
  kernels_.Linear(phase, input, target.w, range.begin, range.end, target.y,
                  target.y_stride, scratch);
  if (target.bias == nullptr) return;
  for (int64_t row = 0; row < input.rows; ++row) {
    kernels_.Add(target.y + row * target.y_stride + range.begin,
                 target.bias + range.begin, range.end - range.begin);
  }
}

void CpuLinear::Run(kernels::Phase phase, std::span<const LinearJob> jobs) {
  int64_t columns = 0;
  for (const LinearJob& job : jobs) columns = std::max(columns, job.columns);
  const auto scratch = static_cast<size_t>(
      RoundUp(static_cast<int64_t>(kernels_.LinearScratchBytes(phase, columns)),
              kernels::kAlignment));
  scratch_.Reserve(scratch * static_cast<size_t>(pool_.size()));
  Prepare(phase, jobs);
  CutIntoRanges(phase, jobs);
  pool_.ParallelFor(ranges_.size(), 1, [&](size_t index, size_t, int worker) {
    Multiply(phase, ranges_[index],
             scratch_.data() + scratch * static_cast<size_t>(worker));
  });
}

}  // namespace fullstop
