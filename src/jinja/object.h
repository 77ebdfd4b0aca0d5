#ifndef FULLSTOP_JINJA_OBJECT_H_
#define FULLSTOP_JINJA_OBJECT_H_

#include <atomic>
#include <cstdint>
#include <vector>

namespace fullstop::jinja {

class Value;

// What a Value points to: strings, containers and whatever only a running
// template makes. Counted by reference, from any thread.
class Object {
 public:
  Object() = default;
  Object(const Object&) = delete;
  Object& operator=(const Object&) = delete;
  virtual ~Object() = default;

  void Retain() const { references_.fetch_add(1, std::memory_order_relaxed); }
  // True where that was the last reference.
  bool Drop() const {
    return references_.fetch_sub(1, std::memory_order_acq_rel) == 1;
  }
  // Whether nobody but the caller holds a reference.
  bool Sole() const { return references_.load(std::memory_order_acquire) == 1; }
  // Moves all values of this object that may hold others to the end of HELD, so
  // that a deep structure is destroyed in a loop and not by recursion.
  virtual void Surrender(std::vector<Value>* held) { (void)held; }

 private:
  mutable std::atomic<uint32_t> references_{1};
};

}  // namespace fullstop::jinja

#endif  // FULLSTOP_JINJA_OBJECT_H_
