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

void CpuLinear::Prepare(kernels::Phase phase,
                        const kernels::LinearInput& input) {
  const int64_t grain = kernels_.PrepareGrain(phase);
  pool_.ParallelFor(static_cast<size_t>(input.rows), static_cast<size_t>(grain),
                    [&](size_t begin, size_t end, int) {
                      kernels_.PrepareLinear(
                          phase, input, static_cast<int64_t>(begin),
                          static_cast<int64_t>(end), prepared_.data());
                    });
}

void CpuLinear::CutIntoRanges(kernels::Phase phase,
                              std::span<const LinearTarget> targets) {
  int64_t total = 0;
  for (const LinearTarget& target : targets) total += target.w.rows;
  const int64_t threads = pool_.size();
  const int64_t wanted = threads == 1 ? 1 : threads * kRangesPerThread;
  const int64_t step =
      RoundUp((total + wanted - 1) / wanted, kernels_.LinearGrain(phase));
  ranges_.clear();
  for (const LinearTarget& target : targets) {
    for (int64_t begin = 0; begin < target.w.rows; begin += step) {
      ranges_.push_back(
          {&target, begin, std::min(begin + step, target.w.rows)});
    }
  }
}

void CpuLinear::Run(kernels::Phase phase, const float* x, int64_t stride,
                    int64_t rows, int64_t columns,
                    std::span<const LinearTarget> targets) {
  prepared_.Reserve(kernels_.PreparedBytes(phase, rows, columns));
  const size_t scratch = static_cast<size_t>(
      RoundUp(static_cast<int64_t>(kernels_.LinearScratchBytes(phase, columns)),
              kernels::kAlignment));
  scratch_.Reserve(scratch * static_cast<size_t>(pool_.size()));

  const kernels::LinearInput input{.x = x,
                                   .stride = stride,
                                   .rows = rows,
                                   .columns = columns,
                                   .prepared = prepared_.data()};
  Prepare(phase, input);
  CutIntoRanges(phase, targets);
  pool_.ParallelFor(ranges_.size(), 1, [&](size_t index, size_t, int worker) {
    const Range& range = ranges_[index];
    const LinearTarget& target = *range.target;
    kernels_.Linear(phase, input, target.w, range.begin, range.end, target.y,
                    target.y_stride,
                    scratch_.data() + scratch * static_cast<size_t>(worker));
    if (target.bias == nullptr) return;
    for (int64_t row = 0; row < rows; ++row) {
      kernels_.Add(target.y + row * target.y_stride + range.begin,
                   target.bias + range.begin, range.end - range.begin);
    }
  });
}

}  // namespace fullstop
