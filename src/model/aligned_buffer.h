// Memory for the kernels: aligned, uninitialised, grown and never shrunk. Where
// there is much of it, it comes in large pages if the system has them: tiles of
// a matrix lie on as many pages as they have rows.
#ifndef FULLSTOP_MODEL_ALIGNED_BUFFER_H_
#define FULLSTOP_MODEL_ALIGNED_BUFFER_H_

#include <cstddef>
#include <memory>
#include <new>

#include "base/memory.h"
#include "kernels/kernels.h"

namespace fullstop {

// Movable, not copyable. T is a plain type; nothing is constructed.
template <typename T>
class AlignedBuffer {
 public:
  // Makes room for COUNT elements; the content is lost where it must grow.
  // Throws std::bad_alloc.
  void Reserve(size_t count) {
    if (count <= count_) return;
    memory_.reset();
    count_ = 0;
    size_t bytes = count * sizeof(T);
    std::align_val_t alignment{kernels::kAlignment};
    if (bytes >= kLargePage / 2) {
      bytes = (bytes + kLargePage - 1) / kLargePage * kLargePage;
      alignment = std::align_val_t{kLargePage};
    }
    memory_ = {static_cast<T*>(::operator new(bytes, alignment)),
               Delete{alignment}};
    if (alignment == std::align_val_t{kLargePage}) {
      PreferLargePages(memory_.get(), bytes);
    }
    count_ = count;
  }

  T* data() { return memory_.get(); }
  const T* data() const { return memory_.get(); }

 private:
  struct Delete {
    std::align_val_t alignment{kernels::kAlignment};
    void operator()(T* memory) const { ::operator delete(memory, alignment); }
  };

  std::unique_ptr<T, Delete> memory_;
  size_t count_ = 0;
};

}  // namespace fullstop

#endif  // FULLSTOP_MODEL_ALIGNED_BUFFER_H_
