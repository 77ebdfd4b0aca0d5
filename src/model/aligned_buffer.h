// Memory for the kernels: aligned, uninitialised, grown and never shrunk.
#ifndef FULLSTOP_MODEL_ALIGNED_BUFFER_H_
#define FULLSTOP_MODEL_ALIGNED_BUFFER_H_

#include <cstddef>
#include <memory>
#include <new>

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
    memory_.reset(
        static_cast<T*>(::operator new(count * sizeof(T), Alignment())));
    count_ = count;
  }

  T* data() { return memory_.get(); }
  const T* data() const { return memory_.get(); }

 private:
  static constexpr std::align_val_t Alignment() {
    return std::align_val_t{kernels::kAlignment};
  }
  struct Delete {
    void operator()(T* memory) const { ::operator delete(memory, Alignment()); }
  };

  std::unique_ptr<T, Delete> memory_;
  size_t count_ = 0;
};

}  // namespace fullstop

#endif  // FULLSTOP_MODEL_ALIGNED_BUFFER_H_
