// Weights as floats: a Reader of a type reads 256 of a row, zeros behind its
// end.
#ifndef FULLSTOP_KERNELS_VECTOR_READERS_H_
#define FULLSTOP_KERNELS_VECTOR_READERS_H_

#include "kernels/operations.h"
#include "kernels/vector/grids.h"
#include "kernels/vector/quantize.h"
#include "kernels/vector/weights.h"

namespace fullstop::kernels::vector {

template <class V, class Type>
struct SmallReader {
  static void Read(const uint8_t* row, int64_t block, int64_t columns,
                   float (&out)[kSuper]) {
    constexpr int64_t kBytes = sizeof(typename Type::Block);
    constexpr int kBlocks = kSuper / kSmall;
    constexpr int kVectors = kSmall / V::kLanes;
    const int64_t left = columns / kSmall - block * kBlocks;
    const int count = left < kBlocks ? static_cast<int>(left) : kBlocks;
    const uint8_t* first = row + block * kBlocks * kBytes;
    typename V::F scale, min;
    ReadScales<V, Type>(first, count, scale, min);
    float scales[V::kLanes];
    float mins[V::kLanes];
    V::Store(scales, scale);
    V::Store(mins, min);
    for (int b = 0; b < count; ++b) {
      typename V::F q[kVectors];
      V::ToFloats(Type::Unpack(first + b * kBytes), q);
      for (int i = 0; i < kVectors; ++i) {
        V::Store(out + b * kSmall + i * V::kLanes,
                 V::Fma(q[i], V::Set(scales[b]), V::Set(mins[b])));
      }
    }
    for (int64_t i = count * kSmall; i < kSuper; i += V::kLanes) {
      V::Store(out + i, V::Zero());
    }
  }
};

// A factor times each of the 16 integers of a block's groups.
template <class V>
static inline void ScaleGroups(float factor, const int16_t (&integers)[16],
                               float (&out)[16]) {
  for (int i = 0; i < 16; i += V::kLanes) {
    V::Store(out + i,
             V::Mul(V::Set(factor), V::ToFloat(V::FromInt16(integers + i))));
  }
}

template <class V, class Type, int kHalf>
static inline void ReadHalfBlock(const uint8_t* block,
                                 const float (&scales)[16],
                                 const float (&mins)[16],
                                 float (&out)[kSuper]) {
  constexpr int kVectors = kSmall / V::kLanes;
  typename V::W q[4];
  Type::template Unpack<kHalf>(block, q);
  for (int c = 0; c < 4; ++c) {
    const int chunk = 4 * kHalf + c;
    typename V::F x[kVectors];
    V::ToFloats(q[c], x);
    for (int i = 0; i < kVectors; ++i) {
      const int group = 2 * chunk + i * V::kLanes / 16;
      const auto min = Type::kHasMins ? V::Set(mins[group]) : V::Zero();
      V::Store(out + chunk * kSmall + i * V::kLanes,
               V::FmaSub(x[i], V::Set(scales[group]), min));
    }
  }
}

template <class V, class Type>
struct SuperReader {
  static void Read(const uint8_t* row, int64_t block, int64_t,
                   float (&out)[kSuper]) {
    const uint8_t* first =
        row + block * static_cast<int64_t>(sizeof(typename Type::Block));
    SuperScales s;
    Type::ReadScales(first, s);
    float scales[16];
    float mins[16];
    ScaleGroups<V>(s.d, s.scales, scales);
    if constexpr (Type::kHasMins) ScaleGroups<V>(s.dmin, s.mins, mins);
    ReadHalfBlock<V, Type, 0>(first, scales, mins, out);
    ReadHalfBlock<V, Type, 1>(first, scales, mins, out);
  }
};

template <class V, class Type>
struct FloatReader {
  static void Read(const uint8_t* row, int64_t block, int64_t columns,
                   float (&out)[kSuper]) {
    using Element = typename Type::Element;
    const auto* w = reinterpret_cast<const Element*>(row) + block * kSuper;
    Element tail[kSuper] = {};
    const int64_t left = columns - block * kSuper;
    if (left < kSuper) {
      memcpy(tail, w, static_cast<size_t>(left) * sizeof(Element));
      w = tail;
    }
    for (int64_t i = 0; i < kSuper; i += V::kLanes) {
      V::Store(out + i, Type::Load(w + i));
    }
  }
};

// Linear::Run<Reader> for each type of weights but F32, which has a function of
// its own.
template <class V, class Linear>
constexpr LinearFunctions FunctionsOfReaders(LinearFunction f32) {
  return {
      .f32 = f32,
      .f16 = Linear::template Run<FloatReader<V, F16<V>>>,
      .bf16 = Linear::template Run<FloatReader<V, BF16<V>>>,
      .q4_0 = Linear::template Run<SmallReader<V, Q4_0<V>>>,
      .q4_1 = Linear::template Run<SmallReader<V, Q4_1<V>>>,
      .q5_0 = Linear::template Run<SmallReader<V, Q5_0<V>>>,
      .q5_1 = Linear::template Run<SmallReader<V, Q5_1<V>>>,
      .q8_0 = Linear::template Run<SmallReader<V, Q8_0<V>>>,
      .iq4_nl = Linear::template Run<SmallReader<V, IQ4_NL<V>>>,
      .mxfp4 = Linear::template Run<SmallReader<V, MXFP4<V>>>,
      .q2_k = Linear::template Run<SuperReader<V, Q2_K<V>>>,
      .q3_k = Linear::template Run<SuperReader<V, Q3_K<V>>>,
      .q4_k = Linear::template Run<SuperReader<V, Q4_K<V>>>,
      .q5_k = Linear::template Run<SuperReader<V, Q5_K<V>>>,
      .q6_k = Linear::template Run<SuperReader<V, Q6_K<V>>>,
      .iq4_xs = Linear::template Run<SuperReader<V, IQ4_XS<V>>>,
      .iq2_xxs = Linear::template Run<GridReader<V, IQ2_XXS<V>>>,
      .iq2_xs = Linear::template Run<GridReader<V, IQ2_XS<V>>>,
      .iq2_s = Linear::template Run<GridReader<V, IQ2_S<V>>>,
      .iq3_xxs = Linear::template Run<GridReader<V, IQ3_XXS<V>>>,
      .iq3_s = Linear::template Run<GridReader<V, IQ3_S<V>>>,
      .iq1_s = Linear::template Run<GridReader<V, IQ1_S<V>>>,
      .iq1_m = Linear::template Run<GridReader<V, IQ1_M<V>>>,
      .tq1_0 = Linear::template Run<GridReader<V, TQ1_0<V>>>,
      .tq2_0 = Linear::template Run<GridReader<V, TQ2_0<V>>>,
      .nvfp4 = Linear::template Run<GridReader<V, NVFP4<V>>>,
  };
}

}  // namespace fullstop::kernels::vector

#endif  // FULLSTOP_KERNELS_VECTOR_READERS_H_
