// Locks that clang's thread-safety analysis understands
// (clang.llvm.org/docs/ThreadSafetyAnalysis.html); other compilers see nothing.
// Shared state says which lock guards it: `int n FULLSTOP_GUARDED_BY(mutex_)`.
#ifndef FULLSTOP_BASE_THREAD_ANNOTATIONS_H_
#define FULLSTOP_BASE_THREAD_ANNOTATIONS_H_

#include <chrono>
#include <condition_variable>
#include <mutex>

#if defined(__clang__)
#define FULLSTOP_THREAD_ATTRIBUTE(x) __attribute__((x))
#else
#define FULLSTOP_THREAD_ATTRIBUTE(x)
#endif

#define FULLSTOP_CAPABILITY(name) FULLSTOP_THREAD_ATTRIBUTE(capability(name))
#define FULLSTOP_SCOPED_CAPABILITY FULLSTOP_THREAD_ATTRIBUTE(scoped_lockable)
#define FULLSTOP_GUARDED_BY(x) FULLSTOP_THREAD_ATTRIBUTE(guarded_by(x))
#define FULLSTOP_REQUIRES(...) \
  FULLSTOP_THREAD_ATTRIBUTE(requires_capability(__VA_ARGS__))
#define FULLSTOP_EXCLUDES(...) \
  FULLSTOP_THREAD_ATTRIBUTE(locks_excluded(__VA_ARGS__))
#define FULLSTOP_ACQUIRE(...) \
  FULLSTOP_THREAD_ATTRIBUTE(acquire_capability(__VA_ARGS__))
#define FULLSTOP_RELEASE(...) \
  FULLSTOP_THREAD_ATTRIBUTE(release_capability(__VA_ARGS__))
#define FULLSTOP_NO_THREAD_SAFETY_ANALYSIS \
  FULLSTOP_THREAD_ATTRIBUTE(no_thread_safety_analysis)

namespace fullstop {

// A std::mutex with the annotations that libstdc++'s lacks.
class FULLSTOP_CAPABILITY("mutex") Mutex {
 public:
  void Lock() FULLSTOP_ACQUIRE() { mutex_.lock(); }
  void Unlock() FULLSTOP_RELEASE() { mutex_.unlock(); }

 private:
  friend class CondVar;
  std::mutex mutex_;
};

class FULLSTOP_SCOPED_CAPABILITY MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) FULLSTOP_ACQUIRE(mutex) : mutex_(mutex) {
    mutex_.Lock();
  }
  ~MutexLock() FULLSTOP_RELEASE() { mutex_.Unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

class CondVar {
 public:
  // May wake without a reason: wait in a loop over the condition.
  void Wait(Mutex& mutex) FULLSTOP_REQUIRES(mutex) {
    std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
    condition_.wait(lock);
    lock.release();
  }
  // The same, and no longer than until DEADLINE: false then.
  bool WaitUntil(Mutex& mutex, std::chrono::steady_clock::time_point deadline)
      FULLSTOP_REQUIRES(mutex) {
    std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
    const std::cv_status status = condition_.wait_until(lock, deadline);
    lock.release();
    return status == std::cv_status::no_timeout;
  }
  void NotifyOne() { condition_.notify_one(); }
  void NotifyAll() { condition_.notify_all(); }

 private:
  std::condition_variable condition_;
};

}  // namespace fullstop

#endif  // FULLSTOP_BASE_THREAD_ANNOTATIONS_H_
