// A pool of threads for loops whose iterations are independent.
#ifndef FULLSTOP_BASE_THREADS_H_
#define FULLSTOP_BASE_THREADS_H_

#include <cstddef>
#include <memory>
#include <type_traits>

namespace fullstop {

// The number of processors that this process may run on; at least 1.
int AvailableProcessors();

// The caller and size() - 1 workers share each loop. A worker that finds no
// loop to share spins for some 50 microseconds, for loops follow each other
// closely, then sleeps until the next; it does not spin where the pool has more
// threads than the machine has processors. Not copyable. The threads end with
// the object.
class ThreadPool {
 public:
  // THREADS counts the caller and must be at least 1. Throws Error (kLimit)
  // where the system gives no more threads.
  explicit ThreadPool(int threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int size() const;

  // Calls body(begin, end, worker) for ranges of at most GRAIN (at least 1)
  // indices that together cover [0, COUNT) once, and returns when all are done.
  // Ranges begin at multiples of GRAIN; which thread takes which is open.
  // WORKER is in [0, size()), and no two calls run at once with the same
  // WORKER. Whatever the caller wrote before is seen by BODY, and the other way
  // round afterwards. If BODY throws, ranges not yet begun are left out and one
  // of the exceptions is thrown again here. One call at a time, from any one
  // thread, and not from within BODY.
  template <typename Body>
  void ParallelFor(size_t count, size_t grain, Body&& body) {
    using Plain = std::remove_reference_t<Body>;
    Run(
        count, grain,
        [](const void* context, size_t begin, size_t end, int worker) {
          (*static_cast<Plain*>(const_cast<void*>(context)))(begin, end,
                                                             worker);
        },
        &body);
  }

 private:
  struct State;
  using Function = void (*)(const void* context, size_t begin, size_t end,
                            int worker);

  void Run(size_t count, size_t grain, Function function, const void* context);

  std::unique_ptr<State> state_;
};

}  // namespace fullstop

#endif  // FULLSTOP_BASE_THREADS_H_
