// Floats on their way to tiles of bfloat16. Everything is internal to the
// including file, as in kernels/avx512/vector.h.
#ifndef FULLSTOP_KERNELS_AMX_PACK_H_
#define FULLSTOP_KERNELS_AMX_PACK_H_

#include <immintrin.h>
#include <stdint.h>

#include "kernels/amx/tiles.h"
#include "kernels/avx512/vector.h"

namespace fullstop::kernels::amx {
// Internal to each including file: see the README.
// NOLINTNEXTLINE(google-build-namespaces)
namespace {

using avx512::Vector;

constexpr int64_t kTileRows = 16;
constexpr int64_t kTileColumns = 32;  // along K, in pairs
constexpr int64_t kTileBytes = 64;    // a row of a tile

inline int64_t Ceil(int64_t n, int64_t unit) { return (n + unit - 1) / unit; }

inline int64_t Least(int64_t a, int64_t b) { return a < b ? a : b; }

// Between rows of so many tiles: an odd number of lines, so that those of a
// tile fall into different sets of the caches.
inline int64_t RowBytes(int64_t tiles) { return (tiles | 1) * kTileBytes; }

// The first COUNT floats at P, at most 16, as a vector; P is not read where
// COUNT is not positive.
inline __m512 LoadUpTo(const float* p, int64_t count) {
  if (count >= 16) return Vector::Load(p);
  return count <= 0 ? Vector::Zero()
                    : Vector::LoadFirst(p, static_cast<int>(count));
}

// 32 numbers one after the other: each lane has two neighbours.
inline __m512i RoundPairs(__m512 low, __m512 high) {
  return __builtin_bit_cast(__m512i, _mm512_cvtne2ps_pbh(high, low));
}

// Lane i: low[i], then high[i].
inline __m512i RoundLanes(__m512 low, __m512 high) {
  const __m512i lanes = _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11,
                                         26, 10, 25, 9, 24, 8, 23, 7, 22, 6, 21,
                                         5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
  return _mm512_permutexvar_epi16(lanes, RoundPairs(low, high));
}

// What of X bfloat16 does not hold: with it, RoundPairs has 16 bits of each
// number and all of a half's.
inline __m512 Remainder(__m512 x) {
  const __m512i upper =
      _mm512_cvtepu16_epi32(__builtin_bit_cast(__m256i, _mm512_cvtneps_pbh(x)));
  return Vector::Sub(x, Vector::Bits(Vector::ShiftLeftI<16>(upper)));
}

inline void StoreTransposed(__m512i (&rows)[kTileRows], Tile* tile) {
  Vector::Transpose(rows);
  for (int64_t i = 0; i < kTileRows; ++i) {
    Vector::StoreI(tile->lanes[i], rows[i]);
  }
}

// COLUMNS numbers of each of COUNT rows, at most 16: for each 32 columns a tile
// [pair][row] at TILES. What is missing becomes zero. Of each number X what
// Part(X) gives.
template <typename Part>
inline void PackRows(const float* const* rows, int64_t count, int64_t columns,
                     Part part, Tile* tiles) {
  for (int64_t k = 0; k < columns; k += kTileColumns, ++tiles) {
    const int64_t left = columns - k;
    __m512i pairs[kTileRows] = {};
    for (int64_t i = 0; i < count; ++i) {
      const float* x = rows[i] + k;
      pairs[i] = RoundPairs(part(LoadUpTo(x, left)),
                            part(LoadUpTo(x + 16, left - 16)));
    }
    StoreTransposed(pairs, tiles);
  }
}

}  // namespace
}  // namespace fullstop::kernels::amx

#endif  // FULLSTOP_KERNELS_AMX_PACK_H_
