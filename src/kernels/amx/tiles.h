// The tile registers, of which each thread has eight: 16 rows of 64 bytes.
//
// Assembly throughout: gcc 12's intrinsics do not say that they read the memory
// behind their pointers, and it drops the stores into it. Here the compiler
// sees each tile of memory as an operand. Everything is internal to the
// including file, as in kernels/avx512/vector.h.
#ifndef FULLSTOP_KERNELS_AMX_TILES_H_
#define FULLSTOP_KERNELS_AMX_TILES_H_

#include <stdint.h>

namespace fullstop::kernels::amx {
// Internal to each including file: see the README.
// NOLINTNEXTLINE(google-build-namespaces)
namespace {

// 16 rows of 16 lanes: a float each, or a pair of bfloat16.
struct alignas(64) Tile {
  uint32_t lanes[16][16];
};

// What LDTILECFG reads.
struct alignas(64) TileShapes {
  uint8_t palette;
  uint8_t start_row;
  uint8_t reserved[14];
  uint16_t row_bytes[16];
  uint8_t rows[16];
};
static_assert(sizeof(TileShapes) == 64);

constexpr TileShapes kFullTiles = {
    .palette = 1,
    .start_row = 0,
    .reserved = {},
    .row_bytes = {64, 64, 64, 64, 64, 64, 64, 64},
    .rows = {16, 16, 16, 16, 16, 16, 16, 16}};

// While it lives, this thread's tiles are full ones; then they have the shapes
// again that other code of the process gave them (none, mostly, which is no
// tiles to save at a switch of threads). What they held is lost.
class FullTiles {
 public:
  FullTiles() {
    __asm__ volatile("sttilecfg %0" : "=m"(before_));
    __asm__ volatile("ldtilecfg %0" : : "m"(kFullTiles));
  }
  ~FullTiles() { __asm__ volatile("ldtilecfg %0" : : "m"(before_)); }
  FullTiles(const FullTiles&) = delete;
  FullTiles& operator=(const FullTiles&) = delete;

 private:
  TileShapes before_;
};

template <int kTile>
[[gnu::always_inline]] inline void ZeroTile() {
  __asm__ volatile("tilezero %%tmm%c0" : : "i"(kTile));
}

template <int kTile>
[[gnu::always_inline]] inline void LoadTile(const Tile& from) {
  __asm__ volatile("tileloadd (%1,%2,1), %%tmm%c0"
                   :
                   : "i"(kTile), "r"(&from), "r"(int64_t{64}), "m"(from));
}

// As LoadTile, but the tile need not stay in the first-level cache: it will not
// be read again soon.
template <int kTile>
[[gnu::always_inline]] inline void LoadStreamedTile(const Tile& from) {
  __asm__ volatile("tileloaddt1 (%1,%2,1), %%tmm%c0"
                   :
                   : "i"(kTile), "r"(&from), "r"(int64_t{64}), "m"(from));
}

// Rows STRIDE bytes apart. The compiler takes it to read any memory.
template <int kTile>
[[gnu::always_inline]] inline void LoadTile(const void* rows, int64_t stride) {
  __asm__ volatile("tileloadd (%1,%2,1), %%tmm%c0"
                   :
                   : "i"(kTile), "r"(rows), "r"(stride)
                   : "memory");
}

template <int kTile>
[[gnu::always_inline]] inline void StoreTile(Tile& to) {
  __asm__ volatile("tilestored %%tmm%c1, (%2,%3,1)"
                   : "=m"(to)
                   : "i"(kTile), "r"(&to), "r"(int64_t{64}));
}

// Rows STRIDE bytes apart. The compiler takes it to write any memory.
template <int kTile>
[[gnu::always_inline]] inline void StoreTile(void* rows, int64_t stride) {
  __asm__ volatile("tilestored %%tmm%c0, (%1,%2,1)"
                   :
                   : "i"(kTile), "r"(rows), "r"(stride)
                   : "memory");
}

// kSum[m][n] += sum over the pairs p and i of kA[m][p][i] * kB[p][n][i].
template <int kSum, int kA, int kB>
[[gnu::always_inline]] inline void MultiplyTiles() {
  __asm__ volatile("tdpbf16ps %%tmm%c2, %%tmm%c1, %%tmm%c0"
                   :
                   : "i"(kSum), "i"(kA), "i"(kB));
}

}  // namespace
}  // namespace fullstop::kernels::amx

#endif  // FULLSTOP_KERNELS_AMX_TILES_H_
