#include "cli/bench_limits.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>
#include <vector>

#include "base/memory.h"
#include "base/threads.h"
#include "model/aligned_buffer.h"

namespace fullstop::cli {
namespace {

constexpr int kTries = 5;
constexpr size_t kMostBytes = size_t{512} << 20;  // well past the caches
constexpr size_t kPart = size_t{1} << 20;
constexpr int64_t kTimes = 1000000;  // some milliseconds

// How often a second WORK is done at best.
template <typename Work>
double BestRate(Work work) {
  using Clock = std::chrono::steady_clock;
  double best = 0;
  for (int i = 0; i < kTries; ++i) {
    const Clock::time_point start = Clock::now();
    work();
    const std::chrono::duration<double> seconds = Clock::now() - start;
    best = std::max(best, 1 / seconds.count());
  }
  return best;
}

}  // namespace

MachineLimits MeasureLimits(const kernels::Kernels& kernels, int32_t threads) {
  ThreadPool all(threads);
  ThreadPool alone(1);
  const auto parts = static_cast<size_t>(
      std::min<uint64_t>(kMostBytes, AvailableMemory() / 4) / kPart);
  const double bytes = static_cast<double>(parts * kPart);
  AlignedBuffer<std::byte> memory;
  memory.Reserve(parts * kPart);
  all.ParallelFor(parts, 1, [&](size_t part, size_t, int) {
    std::memset(memory.data() + part * kPart, 1, kPart);
  });
  // What is read must be used.
  std::atomic<uint32_t> sum{0};
  const auto read = [&](ThreadPool& pool) {
    pool.ParallelFor(parts, 1, [&](size_t part, size_t, int) {
      sum += kernels.ReadMemory(memory.data() + part * kPart, kPart);
    });
  };
  MachineLimits limits;
  limits.read_alone = bytes * BestRate([&] { read(alone); });
  limits.read = bytes * BestRate([&] { read(all); });
  const auto count = static_cast<size_t>(threads);
  std::vector<double> done(count);
  const double rate = BestRate([&] {
    all.ParallelFor(count, 1, [&](size_t i, size_t, int) {
      done[i] = kernels.MultiplyInRegisters(kTimes);
    });
  });
  for (const double operations : done) limits.operations += operations * rate;
  return limits;
}

}  // namespace fullstop::cli
