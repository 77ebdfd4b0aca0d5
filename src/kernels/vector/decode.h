// Decode: each packed row of weights is read once and multiplied with a few
// rows of activations.
//
// For quantised types a row of activations is 15-bit integers with a scale for
// each 256 of them, and products with the weights' integers are summed exactly
// within a block. For float types it is the row as it came.
#ifndef FULLSTOP_KERNELS_VECTOR_DECODE_H_
#define FULLSTOP_KERNELS_VECTOR_DECODE_H_

#include "kernels/operations.h"
#include "kernels/vector/quantize.h"
#include "kernels/vector/weights.h"

namespace fullstop::kernels::vector {

// The prepared form of one row, padded with zeros to a multiple of 512.
struct DecodeRow {
  const int16_t* x;
  const int16_t* pairs;     // x in the order of V::Pair, where V has pairs
  const float* sums;        // of x times its scale, for each 16
  const float* small_sums;  // the same for each 32
  const float* scales;      // one for each 256
};

static inline int64_t PaddedColumns(int64_t columns) {
  return (columns + 511) / 512 * 512;
}

static inline size_t DecodeRowBytes(int64_t columns) {
  const size_t padded = static_cast<size_t>(PaddedColumns(columns));
  const size_t bytes =
      padded * 2 * sizeof(int16_t) + padded / 16 * sizeof(float) +
      padded / kSmall * sizeof(float) + padded / kSuper * sizeof(float);
  return (bytes + 63) / 64 * 64;
}

static inline DecodeRow DecodeRowAt(const void* prepared, int64_t row,
                                    int64_t columns) {
  const int64_t padded = PaddedColumns(columns);
  const auto* bytes = static_cast<const uint8_t*>(prepared) +
                      static_cast<size_t>(row) * DecodeRowBytes(columns);
  DecodeRow out;
  out.x = reinterpret_cast<const int16_t*>(bytes);
  out.pairs = out.x + padded;
  out.sums = reinterpret_cast<const float*>(out.pairs + padded);
  out.small_sums = out.sums + padded / 16;
  out.scales = out.small_sums + padded / kSmall;
  return out;
}

static inline size_t DecodePreparedBytes(int64_t rows, int64_t columns) {
  return static_cast<size_t>(rows) * DecodeRowBytes(columns);
}

template <class V>
void PrepareDecode(const LinearInput& input, int64_t row_begin, int64_t row_end,
                   void* prepared) {
  for (int64_t row = row_begin; row < row_end; ++row) {
    const DecodeRow out = DecodeRowAt(prepared, row, input.columns);
    auto* x = const_cast<int16_t*>(out.x);
    auto* pairs = const_cast<int16_t*>(out.pairs);
    auto* scales = const_cast<float*>(out.scales);
    auto* sums = const_cast<float*>(out.sums);
    auto* small_sums = const_cast<float*>(out.small_sums);
    const int64_t padded = PaddedColumns(input.columns);
    for (int64_t k = 0; k < padded; k += kSuper) {
      float block[kSuper];
      CopyPadded(input.x + row * input.stride, k, input.columns, block);
      scales[k / kSuper] = Quantize<V>(block, kDecodeLimits, x + k);
    }
    for (int64_t g = 0; g < padded / 32; ++g) {
      int32_t halves[2] = {};
      for (int i = 0; i < 32; ++i) halves[i / 16] += x[32 * g + i];
      const float scale = scales[g / 8];
      sums[2 * g] = static_cast<float>(halves[0]) * scale;
      sums[2 * g + 1] = static_cast<float>(halves[1]) * scale;
      small_sums[g] = static_cast<float>(halves[0] + halves[1]) * scale;
    }
    for (int64_t half = 0; half < padded / 16; ++half) {
      const int64_t place = half / 4 * 4 + half % 2 * 2 + half / 2 % 2;
      memcpy(pairs + 16 * place, x + 16 * half, 16 * sizeof(int16_t));
    }
  }
}

// The blocks whose scales are at hand at once.
constexpr int64_t kScaleChunk = 64;

// The scales of blocks [begin, end) times those of x[m]: one float a block, or
// eight where blocks are taken in pairs. Adds the blocks' mins to MINS.
template <class V, class Type, int kRows>
static inline void MultiplyScales(const uint8_t* row,
                                  const DecodeRow (&x)[kRows], int64_t begin,
                                  int64_t end, float* const (&out)[kRows],
                                  typename V::F (&mins)[kRows]) {
  constexpr int64_t kBytes = sizeof(typename Type::Block);
  for (int64_t b = begin; b < end; b += V::kLanes) {
    const int64_t left = end - b;
    typename V::F scale, min;
    ReadScales<V, Type>(row + b * kBytes,
                        static_cast<int>(left < V::kLanes ? left : V::kLanes),
                        scale, min);
    for (int m = 0; m < kRows; ++m) {
      const auto product = V::Mul(scale, V::EachForEight(x[m].scales + b / 8));
      if constexpr (Type::kPairs) {
        V::StoreEachEightTimes(out[m] + (b - begin) * 8, product);
      } else {
        V::Store(out[m] + b - begin, product);
      }
      if constexpr (Type::kStoresMin || Type::kOffset != 0) {
        mins[m] = V::Fma(min, V::Load(x[m].small_sums + b), mins[m]);
      }
    }
  }
}

// A single block behind the last pair is taken twice, the second time with a
// scale of zero.
template <class V, class Type, int kRows>
static inline void DotPairs(const uint8_t* row, const DecodeRow (&x)[kRows],
                            int64_t begin, int64_t end,
                            const float* const (&scales)[kRows],
                            typename V::F (&acc)[kRows][2]) {
  constexpr int64_t kBytes = sizeof(typename Type::Block);
  for (int64_t b = begin; b < end; b += 2) {
    const uint8_t* block = row + b * kBytes;
    const auto w =
        Type::UnpackPair(block, b + 1 < end ? block + kBytes : block);
    for (int m = 0; m < kRows; ++m) {
      acc[m][0] = V::Fma(V::ToFloat(V::DotPair(w, x[m].pairs + b * kSmall)),
                         V::Load(scales[m] + (b - begin) * 8), acc[m][0]);
    }
  }
}

template <class V, class Type, int kRows>
static inline void DotBlocks(const uint8_t* row, const DecodeRow (&x)[kRows],
                             int64_t begin, int64_t end,
                             const float* const (&scales)[kRows],
                             typename V::F (&acc)[kRows][2]) {
  constexpr int64_t kBytes = sizeof(typename Type::Block);
  const auto dot = [&](int64_t b, int sum) {
    const auto w = Type::Unpack(row + b * kBytes);
    for (int m = 0; m < kRows; ++m) {
      const auto products = V::Dot(V::ZeroI(), w, x[m].x + b * kSmall);
      acc[m][sum] = V::Fma(V::ToFloat(products), V::Set(scales[m][b - begin]),
                           acc[m][sum]);
    }
  };
  int64_t b = begin;
  for (; b + 1 < end; b += 2) {
    dot(b, 0);
    dot(b + 1, 1);
  }
  if (b < end) dot(b, 0);
}

// out[m] = row . x[m] for a type of 32 weights a block.
template <class V, class Type, int kRows>
void DotSmall(const uint8_t* row, const DecodeRow (&x)[kRows], int64_t columns,
              float (&out)[kRows]) {
  constexpr int64_t kFloats = kScaleChunk * (Type::kPairs ? 8 : 1);
  alignas(64) float scales[kRows][kFloats];
  float* of_row[kRows];
  const float* const_of_row[kRows];
  typename V::F acc[kRows][2];
  typename V::F mins[kRows];
  for (int m = 0; m < kRows; ++m) {
    of_row[m] = scales[m];
    const_of_row[m] = scales[m];
    acc[m][0] = acc[m][1] = mins[m] = V::Zero();
  }
  const int64_t blocks = columns / kSmall;
  for (int64_t begin = 0; begin < blocks; begin += kScaleChunk) {
    const int64_t left = blocks - begin;
    const int64_t end = left < kScaleChunk ? blocks : begin + kScaleChunk;
    MultiplyScales<V, Type, kRows>(row, x, begin, end, of_row, mins);
    if constexpr (Type::kPairs) {
      DotPairs<V, Type, kRows>(row, x, begin, end, const_of_row, acc);
    } else {
      DotBlocks<V, Type, kRows>(row, x, begin, end, const_of_row, acc);
    }
  }
  for (int m = 0; m < kRows; ++m) {
    out[m] = V::Sum(V::Add(V::Add(acc[m][0], acc[m][1]), mins[m]));
  }
}

// The four chunks of one half of a block.
template <class V, class Type, int kHalf, int kRows>
static inline void DotHalf(const uint8_t* block, const SuperScales& s,
                           const DecodeRow (&x)[kRows], int64_t k,
                           typename V::I (&acc)[kRows][2]) {
  typename V::W q[4];
  Type::template Unpack<kHalf>(block, q);
  const auto scales = V::LoadScales(s.scales);
  for (int c = 0; c < 4; ++c) {
    const int chunk = 4 * kHalf + c;
    const auto w = Type::kGroup == 32 ? V::ScaleAll(q[c], s.scales + 2 * chunk)
                                      : V::Scale(q[c], scales, chunk);
    for (int m = 0; m < kRows; ++m) {
      acc[m][c % 2] = V::Dot(acc[m][c % 2], w, x[m].x + k + 32 * chunk);
    }
  }
}

// out[m] = row . x[m] for a type of 256 weights a block. An int32 lane takes at
// most 32 products of 4096 and 16383.
template <class V, class Type, int kRows>
void DotSuper(const uint8_t* row, const DecodeRow (&x)[kRows], int64_t columns,
              float (&out)[kRows]) {
  using F = typename V::F;
  using I = typename V::I;
  constexpr int64_t kBytes = sizeof(typename Type::Block);
  F acc[kRows];
  for (int m = 0; m < kRows; ++m) acc[m] = V::Zero();
  for (int64_t b = 0; b < columns / kSuper; ++b) {
    const uint8_t* block = row + b * kBytes;
    SuperScales s;
    Type::ReadScales(block, s);
    I sums[kRows][2];
    for (int m = 0; m < kRows; ++m) sums[m][0] = sums[m][1] = V::ZeroI();
    DotHalf<V, Type, 0>(block, s, x, b * kSuper, sums);
    DotHalf<V, Type, 1>(block, s, x, b * kSuper, sums);
    for (int m = 0; m < kRows; ++m) {
      acc[m] = V::Fma(V::ToFloat(V::AddI(sums[m][0], sums[m][1])),
                      V::Set(s.d * x[m].scales[b]), acc[m]);
    }
    if constexpr (Type::kHasMins) {
      for (int g = 0; g < 16; g += V::kLanes) {
        const F mins =
            V::Mul(V::ToFloat(V::FromInt16(s.mins + g)), V::Set(-s.dmin));
        for (int m = 0; m < kRows; ++m) {
          acc[m] = V::Fma(mins, V::Load(x[m].sums + b * 16 + g), acc[m]);
        }
      }
    }
  }
  for (int m = 0; m < kRows; ++m) out[m] = V::Sum(acc[m]);
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
    memcpy(tail, w + k, static_cast<size_t>(count) * sizeof(Element));
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

template <class V, class Type>
struct BlockDecoder {
  template <int kRows>
  static void Run(const LinearInput& input, const uint8_t* row, int64_t m,
                  float (&out)[kRows]) {
    DecodeRow x[kRows];
    for (int i = 0; i < kRows; ++i) {
      x[i] = DecodeRowAt(input.prepared, m + i, input.columns);
    }
    if constexpr (requires { Type::kGroup; }) {
      DotSuper<V, Type, kRows>(row, x, input.columns, out);
    } else {
      DotSmall<V, Type, kRows>(row, x, input.columns, out);
    }
  }
};

template <class V, class Type>
struct FloatDecoder {
  template <int kRows>
  static void Run(const LinearInput& input, const uint8_t* row, int64_t m,
                  float (&out)[kRows]) {
    const float* x[kRows];
    for (int i = 0; i < kRows; ++i) x[i] = input.x + (m + i) * input.stride;
    DotFloat<V, Type, kRows>(row, x, input.columns, out);
  }
};

template <class Decoder, int kRows>
static inline void DecodeRows(const LinearInput& input, const uint8_t* row,
                              int64_t m, int64_t n, const OutputRange& out) {
  float y[kRows];
  Decoder::template Run<kRows>(input, row, m, y);
  for (int i = 0; i < kRows; ++i) out.y[(m + i) * out.stride + n] = y[i];
}

// Rows are short against the latency of memory, and the hardware stops
// prefetching at each page.
constexpr int64_t kPrefetchRows = 4;

static inline void Prefetch(const uint8_t* p, int64_t bytes) {
  for (int64_t i = 0; i < bytes; i += 64) __builtin_prefetch(p + i);
}

template <class Decoder>
void Decode(const LinearInput& input, const PackedRows& w,
            const OutputRange& out, void*) {
  for (int64_t n = out.begin; n < out.end; ++n) {
    const uint8_t* row = w.data + n * w.row_bytes;
    Prefetch(row + kPrefetchRows * w.row_bytes, w.row_bytes);
    int64_t m = 0;
    for (; m + 4 <= input.rows; m += 4) {
      DecodeRows<Decoder, 4>(input, row, m, n, out);
    }
    for (; m < input.rows; ++m) DecodeRows<Decoder, 1>(input, row, m, n, out);
  }
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
      .functions =
          {
              .f32 = Decode<FloatDecoder<V, F32<V>>>,
              .f16 = Decode<FloatDecoder<V, F16<V>>>,
              .bf16 = Decode<FloatDecoder<V, BF16<V>>>,
              .q4_0 = Decode<BlockDecoder<V, Q4_0<V>>>,
              .q4_1 = Decode<BlockDecoder<V, Q4_1<V>>>,
              .q5_0 = Decode<BlockDecoder<V, Q5_0<V>>>,
              .q5_1 = Decode<BlockDecoder<V, Q5_1<V>>>,
              .q8_0 = Decode<BlockDecoder<V, Q8_0<V>>>,
              .iq4_nl = Decode<BlockDecoder<V, IQ4_NL<V>>>,
              .mxfp4 = Decode<BlockDecoder<V, MXFP4<V>>>,
              .q2_k = Decode<BlockDecoder<V, Q2_K<V>>>,
              .q3_k = Decode<BlockDecoder<V, Q3_K<V>>>,
              .q4_k = Decode<BlockDecoder<V, Q4_K<V>>>,
              .q5_k = Decode<BlockDecoder<V, Q5_K<V>>>,
              .q6_k = Decode<BlockDecoder<V, Q6_K<V>>>,
              .iq4_xs = Decode<BlockDecoder<V, IQ4_XS<V>>>,
          },
  };
}

}  // namespace fullstop::kernels::vector

#endif  // FULLSTOP_KERNELS_VECTOR_DECODE_H_
