#include "base/threads.h"

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/thread_annotations.h"

namespace fullstop {
namespace {

// The ticket of a loop: its number above, the ranges not yet taken below. A
// range is taken by a compare-and-swap of the whole, so a thread that slept
// through the end of one loop can't take a range of another by mistake.
constexpr int kLeftBits = 28;
constexpr uint64_t kLeftMask = (uint64_t{1} << kLeftBits) - 1;

bool HasWork(uint64_t ticket) { return (ticket & kLeftMask) != 0; }

constexpr std::chrono::microseconds kSpin{50};
constexpr int kPausesPerClockRead = 32;

void Pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// Spins until DONE() or the time is over; whether DONE() came true.
template <typename Done>
bool Spin(bool allowed, Done done) {
  if (done()) return true;
  if (!allowed) return false;
  const auto end = std::chrono::steady_clock::now() + kSpin;
  do {
    for (int i = 0; i < kPausesPerClockRead; ++i) {
      if (done()) return true;
      Pause();
    }
  } while (std::chrono::steady_clock::now() < end);
  return false;
}

}  // namespace

int AvailableProcessors() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof(set), &set) == 0) {
    return std::max(1, CPU_COUNT(&set));
  }
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

struct ThreadPool::State {
  // The loop: written before its ticket is published and after all ranges of
  // the last are finished, read only by those who hold a range.
  Function function = nullptr;
  const void* context = nullptr;
  size_t count = 0;
  size_t grain = 1;
  uint64_t ranges = 0;

  std::atomic<bool> failed{false};
  alignas(64) std::atomic<uint64_t> ticket{0};
  alignas(64) std::atomic<uint64_t> unfinished{0};
  alignas(64) std::atomic<int> sleepers{0};
  std::atomic<bool> waiter{false};

  bool may_spin = false;
  std::vector<std::thread> workers;

  Mutex mutex;
  CondVar work;
  CondVar done;
  bool stop FULLSTOP_GUARDED_BY(mutex) = false;
  std::exception_ptr error FULLSTOP_GUARDED_BY(mutex);

  void TakeRanges(int worker);
  void RunRange(uint64_t range, int worker);
  void Work(int worker);
  bool Sleep();
  void WakeOne();
  void WaitUntilFinished();
  void Stop();
};

void ThreadPool::State::RunRange(uint64_t range, int worker) {
  if (!failed.load(std::memory_order_relaxed)) {
    const size_t begin = range * grain;
    const size_t end = begin + std::min(grain, count - begin);
    try {
      function(context, begin, end, worker);
    } catch (...) {
      MutexLock lock(mutex);
      if (!error) error = std::current_exception();
      failed.store(true, std::memory_order_relaxed);
    }
  }
  if (unfinished.fetch_sub(1, std::memory_order_seq_cst) == 1 &&
      waiter.load(std::memory_order_seq_cst)) {
    MutexLock lock(mutex);
    done.NotifyOne();
  }
}

void ThreadPool::State::TakeRanges(int worker) {
  uint64_t seen = ticket.load(std::memory_order_acquire);
  bool woke = false;
  while (HasWork(seen)) {
    if (!ticket.compare_exchange_weak(seen, seen - 1, std::memory_order_acq_rel,
                                      std::memory_order_acquire)) {
      continue;
    }
    if (!woke && HasWork(seen - 1)) {
      WakeOne();
      woke = true;
    }
    RunRange(ranges - (seen & kLeftMask), worker);
    seen = ticket.load(std::memory_order_acquire);
  }
}

// Each thread that finds more than it can do wakes the next, so that a short
// loop does not wake all of a large pool.
void ThreadPool::State::WakeOne() {
  if (sleepers.load(std::memory_order_seq_cst) == 0) return;
  MutexLock lock(mutex);
  work.NotifyOne();
}

// False when the pool ends.
bool ThreadPool::State::Sleep() {
  MutexLock lock(mutex);
  sleepers.fetch_add(1, std::memory_order_seq_cst);
  while (!stop && !HasWork(ticket.load(std::memory_order_seq_cst))) {
    work.Wait(mutex);
  }
  sleepers.fetch_sub(1, std::memory_order_seq_cst);
  return !stop;
}

void ThreadPool::State::Work(int worker) {
  do {
    while (Spin(may_spin, [this] {
      return HasWork(ticket.load(std::memory_order_acquire));
    })) {
      TakeRanges(worker);
    }
  } while (Sleep());
}

void ThreadPool::State::WaitUntilFinished() {
  const auto finished = [this] {
    return unfinished.load(std::memory_order_seq_cst) == 0;
  };
  if (Spin(may_spin, finished)) return;
  MutexLock lock(mutex);
  waiter.store(true, std::memory_order_seq_cst);
  while (!finished()) done.Wait(mutex);
  waiter.store(false, std::memory_order_relaxed);
}

void ThreadPool::State::Stop() {
  {
    MutexLock lock(mutex);
    stop = true;
    work.NotifyAll();
  }
  for (std::thread& worker : workers) worker.join();
}

ThreadPool::ThreadPool(int threads) : state_(std::make_unique<State>()) {
  if (threads < 1) {
    throw Error::Usage("a pool of " + std::to_string(threads) + " threads")
        .Advice("ask for at least one");
  }
  state_->may_spin = threads <= AvailableProcessors();
  try {
    for (int i = 1; i < threads; ++i) {
      state_->workers.emplace_back(
          [state = state_.get(), i] { state->Work(i); });
    }
  } catch (const std::system_error&) {
    const size_t started = state_->workers.size();
    state_->Stop();
    throw Error::Limit("the system refused thread " +
                       std::to_string(started + 2) + " of " +
                       std::to_string(threads))
        .Advice("ask for fewer threads");
  }
}

ThreadPool::~ThreadPool() { state_->Stop(); }

int ThreadPool::size() const {
  return static_cast<int>(state_->workers.size()) + 1;
}

void ThreadPool::Run(size_t count, size_t grain, Function function,
                     const void* context) {
  if (count == 0) return;
  grain = std::max(grain, size_t{1});
  if (state_->workers.empty() || count <= grain) {
    for (size_t begin = 0; begin < count;
         begin += std::min(grain, count - begin)) {
      function(context, begin, begin + std::min(grain, count - begin), 0);
    }
    return;
  }
  State& state = *state_;
  const uint64_t ranges = (count - 1) / grain + 1;
  if (ranges > kLeftMask) {
    throw Error::Limit("a parallel loop of " + std::to_string(ranges) +
                       " ranges");
  }
  state.function = function;
  state.context = context;
  state.count = count;
  state.grain = grain;
  state.ranges = ranges;
  state.failed.store(false, std::memory_order_relaxed);
  state.unfinished.store(ranges, std::memory_order_relaxed);
  const uint64_t loop =
      (state.ticket.load(std::memory_order_relaxed) >> kLeftBits) + 1;
  state.ticket.store((loop << kLeftBits) | ranges, std::memory_order_seq_cst);

  state.TakeRanges(0);
  state.WaitUntilFinished();

  if (state.failed.load(std::memory_order_relaxed)) {
    std::exception_ptr error;
    {
      MutexLock lock(state.mutex);
      std::swap(error, state.error);
    }
    std::rethrow_exception(error);
  }
}

}  // namespace fullstop
