// Decode: each packed row of weights is read once and multiplied with a few
// rows of activations; products of integers are summed exactly within a block.
#ifndef FULLSTOP_KERNELS_VECTOR_DECODE_H_
#define FULLSTOP_KERNELS_VECTOR_DECODE_H_

#include "kernels/operations.h"
#include "kernels/vector/decode_row.h"
#include "kernels/vector/grids.h"
#include "kernels/vector/prefetch.h"
#include "kernels/vector/weights.h"

namespace fullstop::kernels::vector {

// kRows rows of weights of a type that is unpacked in groups, times kInputs
// rows of activations, so far.
template <class V, int kRows, int kInputs>
struct GroupSums {
  typename V::F dots[kRows][kInputs];
  typename V::F mins[kRows][kInputs];
};

// Adds V::kLanes blocks from block B on, or LEFT where those are fewer.
template <class V, class Type, bool kFull, int kRows, int kInputs>
[[gnu::always_inline]] static inline void AddBlocks(
    const PackedRows& rows, int64_t b, int left, const DecodeRow (&x)[kInputs],
    GroupSums<V, kRows, kInputs>& sums) {
  using F = typename V::F;
  constexpr int64_t kBytes = sizeof(typename Type::Block);
  const uint8_t* first = rows.data + b * kBytes;
  F scales[kRows][kInputs];
  for (int n = 0; n < kRows; ++n) {
    PrefetchAhead(first + n * rows.row_bytes,
                  (kFull ? V::kLanes : left) * kBytes);
    F scale, min;
    ReadScales<V, Type>(first + n * rows.row_bytes, kFull ? V::kLanes : left,
                        scale, min);
    for (int m = 0; m < kInputs; ++m) {
      scales[n][m] = V::Mul(scale, V::EachForEight(x[m].scales + b / 8));
      if constexpr (Type::kStoresMin || Type::kOffset + Type::kShift != 0) {
        const F low = V::Fma(scale, V::Set(-Type::kShift), min);
        sums.mins[n][m] =
            V::Fma(low, V::Load(x[m].small_sums + b), sums.mins[n][m]);
      }
    }
  }
#pragma GCC unroll 4
  for (int i = 0; i < V::kLanes; i += V::kGroup) {
    if (!kFull && i >= left) break;
    for (int n = 0; n < kRows; ++n) {
      const uint8_t* row = first + n * rows.row_bytes;
      GroupBlocks<V> blocks;
      for (int j = 0; j < V::kGroup; ++j) {
        const int place = kFull || i + j < left ? i + j : left - 1;
        blocks.p[j] = row + place * kBytes;
      }
      const typename V::Group w = Type::UnpackGroup(blocks);
      for (int m = 0; m < kInputs; ++m) {
        const typename V::I dot = V::template DotGroup<Type::kLargest>(
            w, x[m].planes + 2 * kSmall * (b + i));
        sums.dots[n][m] = V::Fma(V::ToFloat(dot),
                                 V::EachFourTimes(scales[n][m], i / V::kGroup),
                                 sums.dots[n][m]);
      }
    }
  }
}

// out[n][m] = row n . x[m].
template <class V, class Type, int kRows, int kInputs>
void DotGroups(const PackedRows& rows, const DecodeRow (&x)[kInputs],
               int64_t columns, float (&out)[kRows][kInputs]) {
  GroupSums<V, kRows, kInputs> sums;
  for (int n = 0; n < kRows; ++n) {
    for (int m = 0; m < kInputs; ++m) {
      sums.dots[n][m] = sums.mins[n][m] = V::Zero();
    }
  }
  const int64_t blocks = columns / kSmall;
  int64_t b = 0;
  for (; b + V::kLanes <= blocks; b += V::kLanes) {
    AddBlocks<V, Type, true>(rows, b, V::kLanes, x, sums);
  }
  if (b < blocks) {
    AddBlocks<V, Type, false>(rows, b, static_cast<int>(blocks - b), x, sums);
  }
  for (int n = 0; n < kRows; ++n) {
    for (int m = 0; m < kInputs; ++m) {
      out[n][m] = V::Sum(V::Add(sums.dots[n][m], sums.mins[n][m]));
    }
  }
}

// out[m] = row . x[m] for a type of 32 weights a block, block by block. The
// scales of V::kLanes blocks are read at once.
template <class V, class Type, int kRows>
void DotSmall(const uint8_t* row, const DecodeRow (&x)[kRows], int64_t columns,
              float (&out)[kRows]) {
  using F = typename V::F;
  constexpr int64_t kBytes = sizeof(typename Type::Block);
  static_assert(Type::kOffset == 0 && !Type::kStoresMin);
  F acc[kRows][2];
  for (int m = 0; m < kRows; ++m) acc[m][0] = acc[m][1] = V::Zero();
  const int64_t blocks = columns / kSmall;
  for (int64_t b = 0; b < blocks; b += V::kLanes) {
    const int64_t left = blocks - b;
    const int count = static_cast<int>(left < V::kLanes ? left : V::kLanes);
    PrefetchAhead(row + b * kBytes, count * kBytes);
    F scale, min;
    ReadScales<V, Type>(row + b * kBytes, count, scale, min);
    alignas(64) float scales[kRows][V::kLanes];
    for (int m = 0; m < kRows; ++m) {
      V::Store(scales[m], V::Mul(scale, V::EachForEight(x[m].scales + b / 8)));
    }
    for (int i = 0; i < count; ++i) {
      const auto w = Type::Unpack(row + (b + i) * kBytes);
      for (int m = 0; m < kRows; ++m) {
        const auto products = V::Dot(V::ZeroI(), w, x[m].x + (b + i) * kSmall);
        acc[m][i % 2] =
            V::Fma(V::ToFloat(products), V::Set(scales[m][i]), acc[m][i % 2]);
      }
    }
  }
  for (int m = 0; m < kRows; ++m) {
    out[m] = V::Sum(V::Add(acc[m][0], acc[m][1]));
  }
}

// Adds the products of V::kGroup chunks to SUM: those of their first 16 weights
// times FIRST, those of the others times SECOND.
template <class V, class Type>
[[gnu::always_inline]] static inline void AddChunks(
    typename V::Group w, const int8_t* planes, typename V::Scales first,
    typename V::Scales second, typename V::ScaledSum& sum) {
  if constexpr (Type::kGroup == 32) {
    V::template AddGroup<Type::kLargest>(w, planes, first, sum);
  } else {
    V::AddHalves(w.first, planes, first, sum);
    V::AddHalves(w.second, planes + 16 * V::kGroup, second, sum);
  }
}

// One half of a block, times each input.
template <class V, class Type, int kHalf, int kInputs>
[[gnu::always_inline]] static inline void AddHalf(
    const uint8_t* block, const SuperScales& s,
    const int8_t* const (&planes)[kInputs],
    typename V::ScaledSum (&sums)[kInputs]) {
  const auto half = Type::template UnpackHalf<kHalf>(block);
  const auto scales = V::LoadScales(s.scales + 8 * kHalf);
#pragma GCC unroll 2
  for (int chunk = 0; chunk < 4; chunk += V::kGroup) {
    const auto w = V::Chunks(half, chunk);
    const auto first = V::template EachSecond<0>(scales, chunk);
    const auto second = V::template EachSecond<1>(scales, chunk);
    for (int m = 0; m < kInputs; ++m) {
      AddChunks<V, Type>(w, planes[m] + 64 * (4 * kHalf + chunk), first, second,
                         sums[m]);
    }
  }
}

// ACC[m] plus MINS[g] * FACTOR times the sum of x[m] over each group g of the
// block number B. Where two groups share a min, one vector may hold all.
template <class V, class Type, int kInputs>
[[gnu::always_inline]] static inline void AddMins(
    const int16_t* mins, float factor, const DecodeRow (&x)[kInputs], int64_t b,
    typename V::F (&acc)[kInputs]) {
  const auto by = V::Set(factor);
  if constexpr (Type::kGroup == 32 && V::kLanes == 8) {
    const auto each = V::Mul(V::ToFloat(V::FromPairs(mins)), by);
    for (int m = 0; m < kInputs; ++m) {
      acc[m] = V::Fma(each, V::Load(x[m].small_sums + b * 8), acc[m]);
    }
  } else {
    for (int g = 0; g < 16; g += V::kLanes) {
      const auto each = V::Mul(V::ToFloat(V::FromInt16(mins + g)), by);
      for (int m = 0; m < kInputs; ++m) {
        acc[m] = V::Fma(each, V::Load(x[m].sums + b * 16 + g), acc[m]);
      }
    }
  }
}

// out[m] = row . x[m] for a type of 256 weights a block.
template <class V, class Type, int kInputs>
void DotSuper(const uint8_t* row, const DecodeRow (&x)[kInputs],
              int64_t columns, float (&out)[kInputs]) {
  constexpr int64_t kBytes = sizeof(typename Type::Block);
  typename V::F acc[kInputs];
  for (int m = 0; m < kInputs; ++m) acc[m] = V::Zero();
  for (int64_t b = 0; b < columns / kSuper; ++b) {
    const uint8_t* block = row + b * kBytes;
    PrefetchAhead(block, kBytes);
    SuperScales s;
    Type::ReadScales(block, s);
    const int8_t* planes[kInputs];
    typename V::ScaledSum sums[kInputs];
    for (int m = 0; m < kInputs; ++m) {
      planes[m] = x[m].planes + 2 * kSuper * b;
      sums[m] = V::ZeroScaledSum();
    }
    AddHalf<V, Type, 0>(block, s, planes, sums);
    AddHalf<V, Type, 1>(block, s, planes, sums);
    for (int m = 0; m < kInputs; ++m) {
      acc[m] = V::Fma(V::Total(sums[m]), V::Set(s.d * x[m].scales[b]), acc[m]);
    }
    if constexpr (Type::kHasMins) {
      static_assert(Type::kShift == 0);
      AddMins<V, Type>(s.mins, -s.dmin, x, b, acc);
    } else {
      AddMins<V, Type>(s.scales, -Type::kShift * s.d, x, b, acc);
    }
  }
  for (int m = 0; m < kInputs; ++m) out[m] = V::Sum(acc[m]);
}

// out[m] = row . x[m] for a type of floats; four sums run side by side.
template <class V, class Type, int kRows>
void DotFloat(const uint8_t* row, const float* const (&x)[kRows],
              int64_t columns, float (&out)[kRows]) {
  using F = typename V::F;
  using Element = typename Type::Element;
  constexpr int kSums = 4;
  constexpr int64_t kStep = kSums * V::kLanes;
  const auto* w = reinterpret_cast<const Element*>(row);
  F acc[kRows][kSums];
  for (int m = 0; m < kRows; ++m) {
    for (int i = 0; i < kSums; ++i) acc[m][i] = V::Zero();
  }
  int64_t k = 0;
  for (; k + kStep <= columns; k += kStep) {
    PrefetchAhead(row + k * int64_t{sizeof(Element)},
                  kStep * int64_t{sizeof(Element)});
    for (int i = 0; i < kSums; ++i) {
      const F weights = Type::Load(w + k + i * V::kLanes);
      for (int m = 0; m < kRows; ++m) {
        acc[m][i] =
            V::Fma(weights, V::Load(x[m] + k + i * V::kLanes), acc[m][i]);
      }
    }
  }
  for (; k < columns; k += V::kLanes) {
    const int64_t left = columns - k;
    const int count = static_cast<int>(left < V::kLanes ? left : V::kLanes);
    Element tail[V::kLanes] = {};
    // A file's floats may stand anywhere.
    memcpy(tail, row + static_cast<size_t>(k) * sizeof(Element),
           static_cast<size_t>(count) * sizeof(Element));
    const F weights = Type::Load(tail);
    for (int m = 0; m < kRows; ++m) {
      acc[m][0] = V::Fma(weights, V::LoadFirst(x[m] + k, count), acc[m][0]);
    }
  }
  for (int m = 0; m < kRows; ++m) {
    out[m] = V::Sum(
        V::Add(V::Add(acc[m][0], acc[m][1]), V::Add(acc[m][2], acc[m][3])));
  }
}

// Which of the functions above multiplies a row of integers.
enum class Dots { kGroups, kBlocks, kSuperBlocks };

// A decoder's Run computes out[n][m] for rows of weights n < kRows, which is 1
// or kRowsAtOnce, and rows of activations m < kInputs, at most kInputsAtOnce,
// from FIRST on.

template <class V, class Type, Dots kDots>
struct IntegerDecoder {
  static constexpr int kInputsAtOnce = V::kLanes / 2;
  static constexpr int kRowsAtOnce = kDots == Dots::kGroups ? 4 : 1;
  template <int kRows, int kInputs>
  static void Run(const LinearInput& input, const PackedRows& rows,
                  int64_t first, float (&out)[kRows][kInputs]) {
    DecodeRow x[kInputs];
    for (int i = 0; i < kInputs; ++i) {
      x[i] = DecodeRowAt(input.prepared, first + i, input.columns);
    }
    if constexpr (kDots == Dots::kGroups) {
      DotGroups<V, Type>(rows, x, input.columns, out);
    } else if constexpr (kDots == Dots::kBlocks) {
      DotSmall<V, Type>(rows.data, x, input.columns, out[0]);
    } else {
      DotSuper<V, Type>(rows.data, x, input.columns, out[0]);
    }
  }
};

template <class V, class Type>
using GroupDecoder = IntegerDecoder<V, Type, Dots::kGroups>;
template <class V, class Type>
using SmallDecoder = IntegerDecoder<V, Type, Dots::kBlocks>;
template <class V, class Type>
using SuperDecoder = IntegerDecoder<V, Type, Dots::kSuperBlocks>;

template <class V, class Type>
struct FloatDecoder {
  static constexpr int kInputsAtOnce = 4;
  static constexpr int kRowsAtOnce = 1;
  template <int kRows, int kInputs>
  static void Run(const LinearInput& input, const PackedRows& rows,
                  int64_t first, float (&out)[kRows][kInputs]) {
    const float* x[kInputs];
    for (int i = 0; i < kInputs; ++i) {
      x[i] = input.x + (first + i) * input.stride;
    }
    DotFloat<V, Type>(rows.data, x, input.columns, out[0]);
  }
};

template <class Decoder, int kRows, int kInputs>
static inline void DecodeInputs(const LinearInput& input,
                                const PackedRows& rows, int64_t first,
                                int64_t n, const OutputRange& out) {
  float y[kRows][kInputs];
  Decoder::template Run<kRows, kInputs>(input, rows, first, y);
  for (int i = 0; i < kRows; ++i) {
    for (int j = 0; j < kInputs; ++j) {
      out.y[(first + j) * out.stride + n + i] = y[i][j];
    }
  }
}

// kRows rows of weights, one by one, with kInputs inputs from *FIRST on, and
// the next as many, while there are so many.
template <class Decoder, int kRows, int kInputs>
static inline void DecodeMany(const LinearInput& input, const PackedRows& rows,
                              int64_t n, const OutputRange& out,
                              int64_t* first) {
  for (; *first + kInputs <= input.rows; *first += kInputs) {
    for (int i = 0; i < kRows; ++i) {
      DecodeInputs<Decoder, 1, kInputs>(
          input, {rows.data + i * rows.row_bytes, rows.row_bytes}, *first,
          n + i, out);
    }
  }
}

// kRows rows of W from row N on, with all inputs: with many at once, then by
// fours, the others with all rows of weights at once.
template <class Decoder, int kRows>
static inline void DecodeRows(const LinearInput& input, const PackedRows& w,
                              int64_t n, const OutputRange& out) {
  const PackedRows rows = {w.data + n * w.row_bytes, w.row_bytes};
  int64_t m = 0;
  DecodeMany<Decoder, kRows, Decoder::kInputsAtOnce>(input, rows, n, out, &m);
  DecodeMany<Decoder, kRows, 4>(input, rows, n, out, &m);
  for (; m < input.rows; ++m) {
    DecodeInputs<Decoder, kRows, 1>(input, rows, m, n, out);
  }
}

template <class Decoder>
void Decode(const LinearInput& input, const PackedRows& w,
            const OutputRange& out, void*) {
  constexpr int kRows = Decoder::kRowsAtOnce;
  int64_t n = out.begin;
  for (; n + kRows <= out.end; n += kRows) {
    DecodeRows<Decoder, kRows>(input, w, n, out);
  }
  for (; n < out.end; ++n) DecodeRows<Decoder, 1>(input, w, n, out);
}

static inline size_t NoScratch(int64_t) { return 0; }

template <class V>
constexpr LinearForm DecodeForm() {
  return {
      .prepared_bytes = DecodePreparedBytes,
      .prepare = PrepareDecode<V>,
      .scratch_bytes = NoScratch,
      .prepare_grain = 1,
      .grain = 16,
      .width = 16,
      .functions =
          {
              .f32 = Decode<FloatDecoder<V, F32<V>>>,
              .f16 = Decode<FloatDecoder<V, F16<V>>>,
              .bf16 = Decode<FloatDecoder<V, BF16<V>>>,
              .q4_0 = Decode<GroupDecoder<V, Q4_0<V>>>,
              .q4_1 = Decode<GroupDecoder<V, Q4_1<V>>>,
              .q5_0 = Decode<GroupDecoder<V, Q5_0<V>>>,
              .q5_1 = Decode<GroupDecoder<V, Q5_1<V>>>,
              .q8_0 = Decode<SmallDecoder<V, Q8_0<V>>>,
              .iq4_nl = Decode<GroupDecoder<V, IQ4_NL<V>>>,
              .mxfp4 = Decode<GroupDecoder<V, MXFP4<V>>>,
              .q2_k = Decode<SuperDecoder<V, Q2_K<V>>>,
              .q3_k = Decode<SuperDecoder<V, Q3_K<V>>>,
              .q4_k = Decode<SuperDecoder<V, Q4_K<V>>>,
              .q5_k = Decode<SuperDecoder<V, Q5_K<V>>>,
              .q6_k = Decode<SuperDecoder<V, Q6_K<V>>>,
              .iq4_xs = Decode<SuperDecoder<V, IQ4_XS<V>>>,
              .iq2_xxs = Decode<ReadDecoder<V, GridReader<V, IQ2_XXS<V>>>>,
              .iq2_xs = Decode<ReadDecoder<V, GridReader<V, IQ2_XS<V>>>>,
              .iq2_s = Decode<ReadDecoder<V, GridReader<V, IQ2_S<V>>>>,
              .iq3_xxs = Decode<ReadDecoder<V, GridReader<V, IQ3_XXS<V>>>>,
              .iq3_s = Decode<ReadDecoder<V, GridReader<V, IQ3_S<V>>>>,
              .iq1_s = Decode<ReadDecoder<V, GridReader<V, IQ1_S<V>>>>,
              .iq1_m = Decode<ReadDecoder<V, GridReader<V, IQ1_M<V>>>>,
              .tq1_0 = Decode<ReadDecoder<V, GridReader<V, TQ1_0<V>>>>,
              .tq2_0 = Decode<ReadDecoder<V, GridReader<V, TQ2_0<V>>>>,
              .nvfp4 = Decode<ReadDecoder<V, GridReader<V, NVFP4<V>>>>,
          },
  };
}

}  // namespace fullstop::kernels::vector

#endif  // FULLSTOP_KERNELS_VECTOR_DECODE_H_
