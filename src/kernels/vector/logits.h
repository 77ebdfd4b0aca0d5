// Reductions over logits.
#ifndef FULLSTOP_KERNELS_VECTOR_LOGITS_H_
#define FULLSTOP_KERNELS_VECTOR_LOGITS_H_

#include "kernels/operations.h"
#include "kernels/vector/exp.h"
#include "kernels/vector/rows.h"

namespace fullstop::kernels::vector {

// A NaN in X is lost: SumOfExponentials finds it.
template <class V>
float Largest(const float* x, int64_t n) {
  typename V::F largest = V::Set(-__builtin_inff());
  ForVectors<V>(n, [&](int64_t i, int count) {
    const typename V::F value = LoadSome<V>(x + i, count);
    largest = V::Max(V::SelectFirst(count, value, largest), largest);
  });
  float lanes[V::kLanes];
  V::Store(lanes, largest);
  for (int i = 1; i < V::kLanes; ++i) {
    if (lanes[i] > lanes[0]) lanes[0] = lanes[i];
  }
  return lanes[0];
}

template <class V>
double SumOfExponentials(const float* x, int64_t n, float largest) {
  typename V::D sum = V::ZeroD();
  ForVectors<V>(n, [&](int64_t i, int count) {
    const typename V::F value =
        Exp<V>(V::Sub(LoadSome<V>(x + i, count), V::Set(largest)));
    sum = V::AddD(sum, V::ToDouble(V::SelectFirst(count, value, V::Zero())));
  });
  return V::SumD(sum);
}

template <class V>
void Softmax(const float* x, int64_t n, float* out) {
  const float largest = Largest<V>(x, n);
  const auto factor =
      static_cast<float>(1 / SumOfExponentials<V>(x, n, largest));
  ForVectors<V>(n, [&](int64_t i, int count) {
    const typename V::F value =
        Exp<V>(V::Sub(LoadSome<V>(x + i, count), V::Set(largest)));
    StoreSome<V>(out + i, V::Mul(value, V::Set(factor)), count);
  });
}

template <class V>
double LogSumExp(const float* x, int64_t n) {
  const float largest = Largest<V>(x, n);
  const double sum =
      SumOfExponentials<V>(x, n, __builtin_isinf(largest) ? 0 : largest);
  if (__builtin_isinf(largest)) return __builtin_isnan(sum) ? sum : largest;
  return largest + __builtin_log(sum);
}

template <class V>
int64_t NextAbove(const float* x, int64_t begin, int64_t n, float threshold) {
  const typename V::F limit = V::Set(threshold);
  for (int64_t i = begin; i < n; i += V::kLanes) {
    const int64_t left = n - i;
    const int count = static_cast<int>(left < V::kLanes ? left : V::kLanes);
    const uint32_t found =
        V::NotLessOrEqual(V::SelectFirst(count, LoadSome<V>(x + i, count),
                                         V::Set(-__builtin_inff())),
                          limit);
    if (found != 0) return i + __builtin_ctz(found);
  }
  return n;
}

template <class V>
constexpr LogitOperations MakeLogitOperations() {
  return {.softmax = Softmax<V>,
          .log_sum_exp = LogSumExp<V>,
          .next_above = NextAbove<V>};
}

}  // namespace fullstop::kernels::vector

#endif  // FULLSTOP_KERNELS_VECTOR_LOGITS_H_
