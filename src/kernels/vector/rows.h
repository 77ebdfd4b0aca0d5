// Operations on rows.
#ifndef FULLSTOP_KERNELS_VECTOR_ROWS_H_
#define FULLSTOP_KERNELS_VECTOR_ROWS_H_

#include <string.h>

#include "kernels/operations.h"
#include "kernels/vector/limits.h"

namespace fullstop::kernels::vector {

// Calls body(i, count) for [0, n) in steps of V::kLanes.
template <class V, class Body>
[[gnu::always_inline]] static inline void ForVectors(int64_t n, Body body) {
  int64_t i = 0;
  for (; i + V::kLanes <= n; i += V::kLanes) body(i, V::kLanes);
  if (i < n) body(i, static_cast<int>(n - i));
}

// LoadFirst and StoreFirst, with the masks left out where COUNT is a constant.
template <class V>
[[gnu::always_inline]] static inline typename V::F LoadSome(const float* p,
                                                            int count) {
  return count == V::kLanes ? V::Load(p) : V::LoadFirst(p, count);
}

template <class V>
[[gnu::always_inline]] static inline void StoreSome(float* p, typename V::F x,
                                                    int count) {
  if (count == V::kLanes) {
    V::Store(p, x);
  } else {
    V::StoreFirst(p, x, count);
  }
}

template <class V>
void RmsNorm(const float* x, const float* weight, int64_t n, float epsilon,
             float* out) {
  typename V::D squares = V::ZeroD();
  ForVectors<V>(n, [&](int64_t i, int count) {
    const typename V::D value = V::ToDouble(LoadSome<V>(x + i, count));
    squares = V::FmaD(value, value, squares);
  });
  const double mean = V::SumD(squares) / static_cast<double>(n);
  const float scale = static_cast<float>(
      1 / __builtin_sqrt(mean + static_cast<double>(epsilon)));
  ForVectors<V>(n, [&](int64_t i, int count) {
    typename V::F scaled = V::Mul(LoadSome<V>(x + i, count), V::Set(scale));
    if (weight != nullptr) {
      scaled = V::Mul(scaled, LoadSome<V>(weight + i, count));
    }
    StoreSome<V>(out + i, scaled, count);
  });
}

// The mean is subtracted in float: it is rounded once, and the deviations that
// are squared are those that are scaled.
template <class V>
void LayerNorm(const float* x, const float* weight, const float* bias,
               int64_t n, float epsilon, float* out) {
  typename V::D sum = V::ZeroD();
  ForVectors<V>(n, [&](int64_t i, int count) {
    sum = V::AddD(sum, V::ToDouble(LoadSome<V>(x + i, count)));
  });
  const auto length = static_cast<double>(n);
  const typename V::F mean = V::Set(static_cast<float>(V::SumD(sum) / length));
  typename V::D squares = V::ZeroD();
  ForVectors<V>(n, [&](int64_t i, int count) {
    const typename V::F deviation = V::SelectFirst(
        count, V::Sub(LoadSome<V>(x + i, count), mean), V::Zero());
    const typename V::D value = V::ToDouble(deviation);
    squares = V::FmaD(value, value, squares);
  });
  const typename V::F scale = V::Set(
      static_cast<float>(1 / __builtin_sqrt(V::SumD(squares) / length +
                                            static_cast<double>(epsilon))));
  ForVectors<V>(n, [&](int64_t i, int count) {
    typename V::F y = V::Mul(V::Sub(LoadSome<V>(x + i, count), mean), scale);
    if (weight != nullptr) y = V::Mul(y, LoadSome<V>(weight + i, count));
    if (bias != nullptr) y = V::Add(y, LoadSome<V>(bias + i, count));
    StoreSome<V>(out + i, y, count);
  });
}

template <class V>
void Add(float* x, const float* y, int64_t n) {
  ForVectors<V>(n, [&](int64_t i, int count) {
    StoreSome<V>(x + i,
                 V::Add(LoadSome<V>(x + i, count), LoadSome<V>(y + i, count)),
                 count);
  });
}

template <class V>
void Scale(float* x, int64_t n, float factor) {
  ForVectors<V>(n, [&](int64_t i, int count) {
    StoreSome<V>(x + i, V::Mul(LoadSome<V>(x + i, count), V::Set(factor)),
                 count);
  });
}

template <class V>
void MultiplyAdd(const float* x, const float* y, int64_t n, float* out) {
  ForVectors<V>(n, [&](int64_t i, int count) {
    StoreSome<V>(out + i,
                 V::Fma(LoadSome<V>(x + i, count), LoadSome<V>(y + i, count),
                        LoadSome<V>(out + i, count)),
                 count);
  });
}

// kVectors vectors of columns of the state, the last of COUNT numbers.
template <class V, int kVectors>
static inline void DeltaRuleColumns(const DeltaRuleInput& input, float* state,
                                    const float* v, int count, float* out) {
  const auto size = [&](int i) { return i + 1 < kVectors ? V::kLanes : count; };
  typename V::F sum[kVectors];
  for (int c = 0; c < kVectors; ++c) sum[c] = V::Zero();
  for (int64_t i = 0; i < input.key_length; ++i) {
    float* row = state + i * input.value_length;
    for (int c = 0; c < kVectors; ++c) {
      float* at = row + c * V::kLanes;
      const typename V::F s =
          V::Mul(LoadSome<V>(at, size(c)), V::Set(input.decay));
      StoreSome<V>(at, s, size(c));
      sum[c] = V::Fma(V::Set(input.k[i]), s, sum[c]);
    }
  }
  typename V::F delta[kVectors];
  for (int c = 0; c < kVectors; ++c) {
    const typename V::F value = LoadSome<V>(v + c * V::kLanes, size(c));
    delta[c] = V::Mul(V::Sub(value, sum[c]), V::Set(input.beta));
    sum[c] = V::Zero();
  }
  for (int64_t i = 0; i < input.key_length; ++i) {
    float* row = state + i * input.value_length;
    for (int c = 0; c < kVectors; ++c) {
      float* at = row + c * V::kLanes;
      const typename V::F s =
          V::Fma(V::Set(input.k[i]), delta[c], LoadSome<V>(at, size(c)));
      StoreSome<V>(at, s, size(c));
      sum[c] = V::Fma(V::Set(input.q[i]), s, sum[c]);
    }
  }
  for (int c = 0; c < kVectors; ++c) {
    StoreSome<V>(out + c * V::kLanes, sum[c], size(c));
  }
}

template <class V>
void DeltaRule(const DeltaRuleInput& input, float* state, float* out) {
  constexpr int kMany = 4;
  int64_t j = 0;
  for (; j + kMany * V::kLanes <= input.value_length; j += kMany * V::kLanes) {
    DeltaRuleColumns<V, kMany>(input, state + j, input.v + j, V::kLanes,
                               out + j);
  }
  for (; j < input.value_length; j += V::kLanes) {
    const int64_t left = input.value_length - j;
    const int count = static_cast<int>(left < V::kLanes ? left : V::kLanes);
    DeltaRuleColumns<V, 1>(input, state + j, input.v + j, count, out + j);
  }
}

template <class V>
void RopeAdjacent(float* x, int64_t rotated, const float* cos,
                  const float* sin) {
  int64_t i = 0;
  for (; i + V::kLanes <= rotated; i += V::kLanes) {
    const typename V::F ab = V::Load(x + i);
    const typename V::F c = V::LoadDoubled(cos + i / 2);
    const typename V::F s = V::LoadDoubled(sin + i / 2);
    V::Store(x + i, V::FmaAddSub(ab, c, V::Mul(V::SwapPairs(ab), s)));
  }
  for (; i < rotated; i += 2) {
    const float a = x[i];
    const float b = x[i + 1];
    x[i] = a * cos[i / 2] - b * sin[i / 2];
    x[i + 1] = b * cos[i / 2] + a * sin[i / 2];
  }
}

template <class V>
void RopeHalves(float* x, int64_t rotated, const float* cos, const float* sin) {
  const int64_t half = rotated / 2;
  ForVectors<V>(half, [&](int64_t i, int count) {
    const typename V::F a = LoadSome<V>(x + i, count);
    const typename V::F b = LoadSome<V>(x + half + i, count);
    const typename V::F c = LoadSome<V>(cos + i, count);
    const typename V::F s = LoadSome<V>(sin + i, count);
    StoreSome<V>(x + i, V::FmaSub(a, c, V::Mul(b, s)), count);
    StoreSome<V>(x + half + i, V::Fma(b, c, V::Mul(a, s)), count);
  });
}

// Runs CONVERT on whole vectors; the last is padded with zeros.
template <class V, class From, class To, class Convert>
[[gnu::always_inline]] static inline void ConvertRow(const From* x, int64_t n,
                                                     To* out, Convert convert) {
  int64_t i = 0;
  for (; i + V::kLanes <= n; i += V::kLanes) convert(x + i, out + i);
  if (i == n) return;
  const auto left = static_cast<size_t>(n - i);
  From from[V::kLanes] = {};
  To to[V::kLanes];
  memcpy(from, x + i, left * sizeof(From));
  convert(from, to);
  memcpy(out + i, to, left * sizeof(To));
}

template <class V>
void F32ToF16(const float* x, int64_t n, uint16_t* out) {
  ConvertRow<V>(x, n, out, [](const float* from, uint16_t* to) {
    V::ToHalf(to, V::Load(from));
  });
}

template <class V>
void F16ToF32(const uint16_t* x, int64_t n, float* out) {
  ConvertRow<V>(x, n, out, [](const uint16_t* from, float* to) {
    V::Store(to, V::FromHalf(from));
  });
}

// Adds half of the last kept bit, less one where that is even; a NaN gets its
// quiet bit instead.
template <class V>
void F32ToBf16(const float* x, int64_t n, uint16_t* out) {
  ConvertRow<V>(x, n, out, [](const float* from, uint16_t* to) {
    const typename V::F value = V::Load(from);
    const typename V::I bits = V::Bits(value);
    const typename V::I last =
        V::AndI(V::template ShiftRightI<16>(bits), V::SetI(1));
    const typename V::I rounded = V::AddI(V::AddI(bits, V::SetI(0x7fff)), last);
    const typename V::I quiet = V::OrI(bits, V::SetI(0x400000));
    V::StoreLowHalves(
        to, V::template ShiftRightI<16>(V::SelectNan(value, quiet, rounded)));
  });
}

template <class V>
void Bf16ToF32(const uint16_t* x, int64_t n, float* out) {
  ConvertRow<V>(x, n, out, [](const uint16_t* from, float* to) {
    V::Store(to, V::FromBf16(from));
  });
}

template <class V>
constexpr RowOperations MakeRowOperations() {
  return {
      .rms_norm = RmsNorm<V>,
      .layer_norm = LayerNorm<V>,
      .add = Add<V>,
      .scale = Scale<V>,
      .multiply_add = MultiplyAdd<V>,
      .delta_rule = DeltaRule<V>,
      .rope_adjacent = RopeAdjacent<V>,
      .rope_halves = RopeHalves<V>,
      .f32_to_f16 = F32ToF16<V>,
      .f16_to_f32 = F16ToF32<V>,
      .f32_to_bf16 = F32ToBf16<V>,
      .bf16_to_f32 = Bf16ToF32<V>,
      .read_memory = ReadMemory<V>,
  };
}

}  // namespace fullstop::kernels::vector

#endif  // FULLSTOP_KERNELS_VECTOR_ROWS_H_
