#include "kernels/vector/decode.h"

#include "kernels/avx512/strip_types.h"
#include "kernels/avx512/vector.h"
#include "kernels/operations.h"

namespace fullstop::kernels::avx512 {
namespace {

using vector::DecodeRow;
using vector::kSuper;

constexpr int kMostInputs = 8;

// Asks for what stands behind the BYTES at P: far behind into the second-level
// cache, near behind into the first. Measured on Sapphire Rapids, interleaved:
// a nearer far one starves small matrices (10 %), a farther one large ones (7
// %); without the near one 4 to 6 % are lost.
[[gnu::always_inline]] inline void Fetch(const uint8_t* p, int64_t bytes) {
  constexpr int64_t kFar = 4608;
  constexpr int64_t kNear = 1024;
  for (int64_t i = 0; i < bytes; i += 64) {
    _mm_prefetch(reinterpret_cast<const char*>(p + kFar + i), _MM_HINT_T1);
    _mm_prefetch(reinterpret_cast<const char*>(p + kNear + i), _MM_HINT_T0);
  }
}

// The products of 4 * kVectors columns with an input, whose high plane of them
// begins at PLANES, in the order that vector/decode_row.h gives them.
template <int kVectors>
[[gnu::always_inline]] inline __m512 DotVectors(const __m512i* q,
                                                const int8_t* planes) {
  constexpr int kLow = 128;        // from a high plane to the low one
  constexpr int kSecond = 64;      // from a first half to the second
  constexpr int kHalfVectors = 4;  // vectors of a half
  __m512i high[2] = {Vector::ZeroI(), Vector::ZeroI()};
  __m512i low[2] = {Vector::ZeroI(), Vector::ZeroI()};
#pragma GCC unroll 8
  for (int j = 0; j < kVectors; ++j) {
    const int8_t* at =
        planes + j / kHalfVectors * kSecond + j % kHalfVectors * 4;
    const __m512i upper = Vector::SetI(vector::ReadAs<int32_t>(at));
    const __m512i lower = Vector::SetI(vector::ReadAs<int32_t>(at + kLow));
    high[j % 2] = Vector::Keep(_mm512_dpbusd_epi32(high[j % 2], q[j], upper));
    low[j % 2] = Vector::Keep(_mm512_dpbusd_epi32(low[j % 2], q[j], lower));
  }
  const __m512i upper = Vector::AddI(high[0], high[1]);
  const __m512i lower = Vector::AddI(low[0], low[1]);
  return Vector::ToFloat(Vector::AddI(Vector::ShiftLeftI<7>(upper), lower));
}

// The sums of a strip with kInputs inputs: TOTALS whole, and of the block of
// 256 columns at hand what the input's scale is still to be applied to.
template <int kInputs>
struct StripSums {
  __m512 totals[kInputs];
  __m512 block[kInputs];
};

// Adds a chunk, the row's number CHUNK.
template <class Type, int kChunk, int kInputs>
[[gnu::always_inline]] inline void AddChunk(const Type& block, int64_t chunk,
                                            const DecodeRow (&x)[kInputs],
                                            StripSums<kInputs>& sums) {
  constexpr int kGroups = kChunkColumns / Type::kGroup;
  constexpr int kVectors = kChunkVectors / kGroups;
  __m512i q[kChunkVectors];
  block.template Unpack<kChunk>(q);
  __m512 scales[2];
  scales[0] = block.template Scale<kChunk, 0>();
  if constexpr (kGroups == 2) scales[1] = block.template Scale<kChunk, 1>();
  const int64_t planes = chunk / 4 * 256 + chunk % 4 * 16;
  for (int m = 0; m < kInputs; ++m) {
    for (int g = 0; g < kGroups; ++g) {
      const __m512 dot =
          DotVectors<kVectors>(q + g * kVectors, x[m].planes + planes + 64 * g);
      sums.block[m] = Vector::Keep(Vector::Fma(dot, scales[g], sums.block[m]));
    }
  }
  if constexpr (Type::kShift != 0 || Type::kHasMins) {
    for (int g = 0; g < kGroups; ++g) {
      __m512 min = Vector::Zero();
      if constexpr (Type::kHasMins) min = block.template Min<kChunk>();
      min = Vector::Fma(scales[g], Vector::Set(-Type::kShift), min);
      for (int m = 0; m < kInputs; ++m) {
        const float* inputs =
            kGroups == 2 ? x[m].sums + 2 * chunk + g : x[m].small_sums + chunk;
        sums.totals[m] = Vector::Keep(
            Vector::Fma(min, Vector::Set(*inputs), sums.totals[m]));
      }
    }
  }
}

// y[m][n] of the first ROWS rows of STRIP with kInputs inputs.
template <class Type, int kInputs>
void MultiplyStrip(const uint8_t* strip, const DecodeRow (&x)[kInputs],
                   int64_t columns, int rows, float* y, int64_t stride) {
  constexpr int64_t kChunkBytes = sizeof(typename Type::Block) * kStripRows *
                                  kChunkColumns / kStripColumns<Type>;
  StripSums<kInputs> sums;
  for (int m = 0; m < kInputs; ++m) sums.totals[m] = Vector::Zero();
  for (int64_t b = 0; b * kSuper < columns; ++b) {
    const int64_t left = columns - b * kSuper;
    const int chunks =
        static_cast<int>((left < kSuper ? left : kSuper) / kChunkColumns);
    for (int m = 0; m < kInputs; ++m) sums.block[m] = Vector::Zero();
    ForChunks<Type>(strip, chunks,
                    [&]<int kChunk>(const Type& block, int chunk, int visit)
                        __attribute__((always_inline)) {
                          Fetch(strip + visit * kChunkBytes, kChunkBytes);
                          AddChunk<Type, kChunk>(block, b * 8 + chunk, x, sums);
                        });
    for (int m = 0; m < kInputs; ++m) {
      sums.totals[m] = Vector::Fma(sums.block[m], Vector::Set(x[m].scales[b]),
                                   sums.totals[m]);
    }
    strip += chunks * kChunkBytes;
  }
  for (int m = 0; m < kInputs; ++m) {
    Vector::StoreFirst(y + m * stride, sums.totals[m], rows);
  }
}

// Inputs from *FIRST on, kInputs at once while there are so many.
template <class Type, int kInputs>
void MultiplyInputs(const LinearInput& input, const uint8_t* strip, int rows,
                    float* y, int64_t stride, int64_t* first) {
  for (; *first + kInputs <= input.rows; *first += kInputs) {
    DecodeRow x[kInputs];
    for (int m = 0; m < kInputs; ++m) {
      x[m] = vector::DecodeRowAt(input.prepared, *first + m, input.columns);
    }
    MultiplyStrip<Type>(strip, x, input.columns, rows, y + *first * stride,
                        stride);
  }
}

struct StripDecoder {
  template <class Type>
  static void RunStrips(const LinearInput& input, const PackedRows& w,
                        const OutputRange& out, void*) {
    for (int64_t n = out.begin; n < out.end; n += kStripRows) {
      const uint8_t* strip = w.data + n * w.row_bytes;
      const int rows =
          static_cast<int>(out.end - n < kStripRows ? out.end - n : kStripRows);
      int64_t m = 0;
      MultiplyInputs<Type, kMostInputs>(input, strip, rows, out.y + n,
                                        out.stride, &m);
      MultiplyInputs<Type, 4>(input, strip, rows, out.y + n, out.stride, &m);
      MultiplyInputs<Type, 1>(input, strip, rows, out.y + n, out.stride, &m);
    }
  }
};

}  // namespace

const LinearForm kDecode =
    WithStrips<StripDecoder>(vector::DecodeForm<Vector>());

}  // namespace fullstop::kernels::avx512
