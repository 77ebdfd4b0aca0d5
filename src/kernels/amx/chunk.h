// A chunk of the cache on its way to tiles: the keys and values of one KV head.
// Everything is internal to the including file, as in kernels/avx512/vector.h.
#ifndef FULLSTOP_KERNELS_AMX_CHUNK_H_
#define FULLSTOP_KERNELS_AMX_CHUNK_H_

#include <immintrin.h>
#include <stdint.h>

#include "kernels/amx/pack.h"
#include "kernels/amx/tiles.h"
#include "kernels/arguments.h"
#include "kernels/vector/attention.h"

namespace fullstop::kernels::amx {
// Internal to each including file: see the README.
// NOLINTNEXTLINE(google-build-namespaces)
namespace {

using vector::TileSource;

constexpr int64_t kChunk = 256;  // positions
constexpr int64_t kChunkSteps = kChunk / kTileColumns;

// The elements [d, d + 16) of a position's head, zeros behind its end.
inline __m512 LoadHead(const TileSource& source, int64_t d) {
  const int64_t at = source.first + d;
  const int64_t left = source.length - d;
  if (source.type == CacheType::kF32) {
    return LoadUpTo(static_cast<const float*>(source.page) + at, left);
  }
  const uint16_t* half = static_cast<const uint16_t*>(source.page) + at;
  if (left >= 16) return Vector::FromHalf(half);
  if (left <= 0) return Vector::Zero();
  return _mm512_cvtph_ps(
      _mm256_maskz_loadu_epi16(Vector::First(static_cast<int>(left)), half));
}

// Positions [begin, end) of the chunk at CHUNK, of which those from COUNT on
// become zeros. All three are multiples of 32, but for COUNT.
struct ChunkPart {
  int64_t chunk;
  int64_t begin;
  int64_t end;
  int64_t count;
};

// Each position's key in two numbers of bfloat16 for each of its own: rows of
// STEPS tiles, then as many of the remainders.
inline void UnpackKeys(const AttentionInput& input, int32_t kv_head,
                       const ChunkPart& part, int64_t steps, uint8_t* rows) {
  const KvPages& cache = input.cache;
  for (int64_t p = part.begin; p < part.end; ++p) {
    uint8_t* row = rows + p * RowBytes(2 * steps);
    if (p >= part.count) {
      __builtin_memset(row, 0, static_cast<size_t>(RowBytes(2 * steps)));
      continue;
    }
    const TileSource source =
        vector::SourceOf(cache, cache.keys, cache.key_stride, kv_head,
                         part.chunk + p, input.head_dim);
    for (int64_t k = 0; k < steps; ++k) {
      const __m512 low = LoadHead(source, k * kTileColumns);
      const __m512 high = LoadHead(source, k * kTileColumns + 16);
      Vector::StoreI(row + k * kTileBytes, RoundPairs(low, high));
      Vector::StoreI(row + (steps + k) * kTileBytes,
                     RoundPairs(Remainder(low), Remainder(high)));
    }
  }
}

// Numbers that are none, or infinite, would reach queries that do not see them
// (0 times infinity is no number): they are left out here, and told.
struct Unusable {
  uint64_t positions[kChunk / 64] = {};
  bool any = false;

  void Add(int64_t position) {
    positions[position / 64] |= uint64_t{1} << (position % 64);
    any = true;
  }
  bool Has(int64_t position) const {
    return (positions[position / 64] >> (position % 64) & 1) != 0;
  }
};

inline __m512 LoadFinite(const TileSource& source, int64_t d, int64_t position,
                         Unusable* unusable) {
  constexpr int kNanOrInfinite = 0x99;
  const __m512 x = LoadHead(source, d);
  const __mmask16 bad = _mm512_fpclass_ps_mask(x, kNanOrInfinite);
  if (__builtin_expect(bad == 0, 1)) return x;
  unusable->Add(position);
  return _mm512_mask_blend_ps(bad, x, Vector::Zero());
}

// Each 16 numbers of the values of each 32 positions: for the tile V of numbers
// and the step S of positions a tile [number][pair] at
// TILES[2 * V * kChunkSteps + S], and that of the remainders kChunkSteps
// behind.
inline Unusable UnpackValues(const AttentionInput& input, int32_t kv_head,
                             const ChunkPart& part, Tile* tiles) {
  const KvPages& cache = input.cache;
  Unusable unusable;
  for (int64_t p = part.begin; p < part.end; p += kTileColumns) {
    TileSource sources[kTileColumns];
    const int64_t count = Least(part.count - p, kTileColumns);
    for (int64_t i = 0; i < count; ++i) {
      sources[i] =
          vector::SourceOf(cache, cache.values, cache.value_stride, kv_head,
                           part.chunk + p + i, input.value_dim);
    }
    Tile* tile = tiles + p / kTileColumns;
    for (int64_t d = 0; d < input.value_dim; d += kTileRows) {
      __m512i pairs[kTileRows] = {};
      __m512i remainders[kTileRows] = {};
      for (int64_t i = 0; i < count; i += 2) {
        const __m512 low = LoadFinite(sources[i], d, p + i, &unusable);
        const __m512 high =
            i + 1 < count ? LoadFinite(sources[i + 1], d, p + i + 1, &unusable)
                          : Vector::Zero();
        pairs[i / 2] = RoundLanes(low, high);
        remainders[i / 2] = RoundLanes(Remainder(low), Remainder(high));
      }
      StoreTransposed(pairs, tile);
      StoreTransposed(remainders, tile + kChunkSteps);
      tile += 2 * kChunkSteps;
    }
  }
  return unusable;
}

}  // namespace
}  // namespace fullstop::kernels::amx

#endif  // FULLSTOP_KERNELS_AMX_CHUNK_H_
