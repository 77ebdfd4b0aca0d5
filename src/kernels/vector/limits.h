// What a path can do at most: its instructions without anything else to do.
// Kernels::ReadMemory and Kernels::MultiplyInRegisters say what they are for.
#ifndef FULLSTOP_KERNELS_VECTOR_LIMITS_H_
#define FULLSTOP_KERNELS_VECTOR_LIMITS_H_

#include <stdint.h>
#include <string.h>

#include "kernels/operations.h"

namespace fullstop::kernels::vector {

template <class V, int kSums>
static inline uint32_t SumLanes(const typename V::I (&sums)[kSums]) {
  uint32_t total = 0;
  for (const auto& sum : sums) {
    uint32_t lanes[V::kLanes];
    V::StoreI(lanes, sum);
    for (const uint32_t lane : lanes) total += lane;
  }
  return total;
}

template <class V>
uint32_t ReadMemory(const void* memory, size_t bytes) {
  constexpr int kSums = 4;
  constexpr size_t kVector = sizeof(typename V::I);
  const auto* p = static_cast<const uint8_t*>(memory);
  typename V::I sums[kSums];
  for (auto& sum : sums) sum = V::ZeroI();
  size_t at = 0;
  for (; at + kSums * kVector <= bytes; at += kSums * kVector) {
    for (int i = 0; i < kSums; ++i) {
      sums[i] = V::AddI(sums[i], V::LoadI(p + at + i * kVector));
    }
  }
  uint32_t total = SumLanes<V>(sums);
  for (; at + sizeof(total) <= bytes; at += sizeof(total)) {
    uint32_t word;
    memcpy(&word, p + at, sizeof(word));
    total += word;
  }
  return total;
}

// As PanelPrefill multiplies, but zeros: their sum adds nothing to the count,
// and makes the compiler keep the loop.
template <class V>
double MultiplyInRegisters(int64_t times) {
  constexpr int kSums = 12;
  constexpr int kOperations = kSums * V::kLanes * 4;  // a pair a lane
  typename V::I sums[kSums];
  for (auto& sum : sums) sum = V::ZeroI();
  const typename V::I one = V::Keep(V::SetI(1));
  for (int64_t i = 0; i < times; ++i) {
#pragma GCC unroll 12
    for (auto& sum : sums) sum = V::Keep(V::DotPairs(sum, sum, one));
  }
  return static_cast<double>(times) * kOperations + SumLanes<V>(sums);
}

}  // namespace fullstop::kernels::vector

#endif  // FULLSTOP_KERNELS_VECTOR_LIMITS_H_
