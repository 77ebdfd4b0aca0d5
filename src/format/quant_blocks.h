// The blocks of GGUF's quantised types, byte for byte as in the file.
//
// Every struct has alignment 1. To read one, copy it out or point at its bytes.
// Below, x[i] is the weight number i of the block, in the order of the row;
// lo(b) and hi(b) are the lower and upper four bits of a byte, and a product
// of scales is rounded to float before it meets the weight.
#ifndef FULLSTOP_FORMAT_QUANT_BLOCKS_H_
#define FULLSTOP_FORMAT_QUANT_BLOCKS_H_

#include <cstddef>
#include <cstdint>

namespace fullstop {

// A little-endian uint16 without alignment.
struct PackedUint16 {
  uint8_t low;
  uint8_t high;

  constexpr uint16_t bits() const {
    return static_cast<uint16_t>(low | high << 8);
  }
};
// The bits of a half; its value by HalfToFloat(x.bits()) of half.h.
using PackedHalf = PackedUint16;

inline constexpr size_t kSmallBlock = 32;   // weights in Q4_0 to Q8_0 and MXFP4
inline constexpr size_t kNvfp4Block = 64;   // weights in NVFP4
inline constexpr size_t kSuperBlock = 256;  // weights in the K, IQ and TQ types

// q[i] = lo(qs[i]), q[i + 16] = hi(qs[i]); x[i] = d * (q[i] - 8)
struct BlockQ4_0 {
  PackedHalf d;
  uint8_t qs[16];
};

// q as in Q4_0; x[i] = d * q[i] + m
struct BlockQ4_1 {
  PackedHalf d;
  PackedHalf m;
  uint8_t qs[16];
};

// The fifth bit of weight i is bit i of qh, a little-endian uint32:
// q[i] = (as in Q4_0) + 16 * bit; x[i] = d * (q[i] - 16)
struct BlockQ5_0 {
  PackedHalf d;
  uint8_t qh[4];
  uint8_t qs[16];
};

// q as in Q5_0; x[i] = d * q[i] + m
struct BlockQ5_1 {
  PackedHalf d;
  PackedHalf m;
  uint8_t qh[4];
  uint8_t qs[16];
};

// x[i] = d * qs[i]
struct BlockQ8_0 {
  PackedHalf d;
  int8_t qs[32];
};

// Groups of 16 weights, g = i / 16. With h = i / 128, j = i / 32 % 4,
// l = i % 32: q[i] = qs[32 h + l] >> 2 j & 3;
// x[i] = (d * lo(scales[g])) * q[i] - (dmin * hi(scales[g]))
struct BlockQ2_K {
  uint8_t scales[16];
  uint8_t qs[64];
  PackedHalf d;
  PackedHalf dmin;
};

// Groups of 16 weights, g = i / 16. q[i] = (as in Q2_K) - 4 where bit i / 32 of
// hmask[i % 32] is 0. The group's scale has six bits: below, lo(scales[g]) for
// g < 8, else hi(scales[g - 8]); above, scales[8 + g % 4] >> 2 (g / 4) & 3;
// x[i] = (d * (scale - 32)) * q[i]
struct BlockQ3_K {
  uint8_t hmask[32];
  uint8_t qs[64];
  uint8_t scales[12];
  PackedHalf d;
};

// Groups of 32 weights, g = i / 32. q[i] = lo(qs[32 (g / 2) + i % 32]) for an
// even g, hi for an odd one. Scale and minimum have six bits each; with s the
// packed bytes, for g < 4: scale = s[g] & 63, min = s[g + 4] & 63; else
//   scale = lo(s[g + 4]) | (s[g - 4] >> 6) << 4
//   min   = hi(s[g + 4]) | (s[g] >> 6) << 4
// x[i] = (d * scale) * q[i] - (dmin * min)
struct BlockQ4_K {
  PackedHalf d;
  PackedHalf dmin;
  uint8_t scales[12];
  uint8_t qs[128];
};

// As Q4_K, with a fifth bit: bit i / 32 of qh[i % 32].
struct BlockQ5_K {
  PackedHalf d;
  PackedHalf dmin;
  uint8_t scales[12];
  uint8_t qh[32];
  uint8_t qs[128];
};

// Groups of 16 weights, g = i / 16. With h = i / 128, l = i % 64: the lower
// four bits are lo(ql[64 h + l]) for i / 64 even, hi for odd; the upper two are
// qh[32 h + i % 32] >> 2 (i / 32 % 4) & 3; x[i] = (d * scales[g]) * (q[i] - 32)
struct BlockQ6_K {
  uint8_t ql[128];
  uint8_t qh[64];
  int8_t scales[16];
  PackedHalf d;
};

// q as in Q4_0; x[i] = d * kIq4Values[q[i]]
struct BlockIQ4_NL {
  PackedHalf d;
  uint8_t qs[16];
};

// Groups of 32 weights, g = i / 32, each packed as in Q4_0 into qs[16 g ...].
// The group's scale has six bits: below, lo(scales_l[g / 2]) for an even g, hi
// for an odd one; above, scales_h >> 2 g & 3;
// x[i] = (d * (scale - 32)) * kIq4Values[q[i]]
struct BlockIQ4_XS {
  PackedHalf d;
  PackedUint16 scales_h;
  uint8_t scales_l[4];
  uint8_t qs[128];
};

// q as in Q4_0; x[i] = 2^(e - 128) * kMxfp4Values[q[i]]
// (OCP Microscaling Formats v1.0: an E8M0 scale and E2M1 values, these doubled
// to be whole, so that the scale is halved; e = 255 is a number here, no NaN.)
struct BlockMXFP4 {
  uint8_t e;
  uint8_t qs[16];
};

// The IQ types below name eight (IQ2, IQ1) or four (IQ3) weights at once, by an
// index into a grid (iq_grids.h); e = i / 8 and e = i / 4 number these. Bit
// i % 8 of byte i / 8 of the signs is set where the weight is negated. Seven
// bits s stand for a byte of signs, s | parity(s) << 7.

// Groups of 32 weights, g = i / 32, with the uint32 words w = qs[8 g ...] and
// v = qs[8 g + 4 ...]: index e of the group is byte e of w, its signs are
// v >> 7 e & 127; x[i] = (d * (v >> 28 + 0.5) * 0.25) * grid
struct BlockIQ2_XXS {
  PackedHalf d;
  uint8_t qs[64];
};

// q = qs[e]: the index is q & 511, the signs are q >> 9. Groups of 16 weights,
// g = i / 16: scale = lo(scales[g / 2]) for an even g, hi for an odd one;
// x[i] = (d * (scale + 0.5) * 0.25) * grid
struct BlockIQ2_XS {
  PackedHalf d;
  PackedUint16 qs[32];
  uint8_t scales[8];
};

// The index is qs[e] | (qh[e / 4] >> 2 (e % 4) & 3) << 8; scales and x as in
// IQ2_XS.
struct BlockIQ2_S {
  PackedHalf d;
  uint8_t qs[32];
  uint8_t signs[32];
  uint8_t qh[8];
  uint8_t scales[8];
};

// The index is qs[e]. Groups of 32 weights, g = i / 32, with the uint32 word
// v = scales[4 g ...], read as in IQ2_XXS; x[i] = (d * (v >> 28 + 0.5) * 0.5) *
// grid
struct BlockIQ3_XXS {
  PackedHalf d;
  uint8_t qs[64];
  uint8_t scales[32];
};

// The index is qs[e] | (qh[e / 8] >> e % 8 & 1) << 8. Groups of 32 weights,
// g = i / 32: scale = lo(scales[g / 2]) for an even g, hi for an odd one;
// x[i] = (d * (1 + 2 * scale)) * grid
struct BlockIQ3_S {
  PackedHalf d;
  uint8_t qs[64];
  uint8_t qh[8];
  uint8_t signs[32];
  uint8_t scales[4];
};

// Groups of 32 weights, g = i / 32, h = qh[g]: the index of eight weights is
// qs[e] | (h >> 3 (e % 4) & 7) << 8, delta is -1/8 where h has its bit 15, else
// 1/8; x[i] = (d * (2 (h >> 12 & 7) + 1)) * (grid + delta)
struct BlockIQ1_S {
  PackedHalf d;
  uint8_t qs[32];
  PackedUint16 qh[8];
};

// h is lo(qh[e / 2]) for an even e, hi for an odd one: the index is
// qs[e] | (h & 7) << 8, delta is -1/8 where h has its bit 3, else 1/8. The four
// bits 12 to 15 of the words in scales are, from the lowest on, d. Groups of 16
// weights, g = i / 16: scale = scales[g / 4] >> 3 (g % 4) & 7;
// x[i] = (d * (2 * scale + 1)) * (grid + delta)
struct BlockIQ1_M {
  uint8_t qs[32];
  uint8_t qh[16];
  PackedUint16 scales[4];
};

// Five weights to a byte b, in base 3 and as a fraction of 256: number n of
// them is (b * 3^n mod 256) * 3 >> 8. For i < 160: b = qs[i % 32], n = i / 32;
// for i < 240, with j = i - 160: b = qs[32 + j % 16], n = j / 16; else, with
// j = i - 240: b = qh[j % 4], n = j / 4. x[i] = d * (number - 1)
struct BlockTQ1_0 {
  uint8_t qs[48];
  uint8_t qh[4];
  PackedHalf d;
};

// q as in Q2_K; x[i] = d * (q[i] - 1)
struct BlockTQ2_0 {
  uint8_t qs[64];
  PackedHalf d;
};

// Groups of 16 weights, g = i / 16, packed into qs[8 g ...], the first eight in
// the lower four bits; x[i] = scale(d[g]) * kMxfp4Values[q[i]], where scale is
// half of the unsigned E4M3 in the lower seven bits; a whole byte of 127 is 0.
struct BlockNVFP4 {
  uint8_t d[4];
  uint8_t qs[32];
};

inline constexpr int8_t kIq4Values[16] = {
    -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
inline constexpr int8_t kMxfp4Values[16] = {0, 1,  2,  3,  4,  6,  8,  12,
                                            0, -1, -2, -3, -4, -6, -8, -12};

static_assert(sizeof(BlockQ4_0) == 18 && alignof(BlockQ4_0) == 1);
static_assert(sizeof(BlockQ4_1) == 20 && alignof(BlockQ4_1) == 1);
static_assert(sizeof(BlockQ5_0) == 22 && alignof(BlockQ5_0) == 1);
static_assert(sizeof(BlockQ5_1) == 24 && alignof(BlockQ5_1) == 1);
static_assert(sizeof(BlockQ8_0) == 34 && alignof(BlockQ8_0) == 1);
static_assert(sizeof(BlockQ2_K) == 84 && alignof(BlockQ2_K) == 1);
static_assert(sizeof(BlockQ3_K) == 110 && alignof(BlockQ3_K) == 1);
static_assert(sizeof(BlockQ4_K) == 144 && alignof(BlockQ4_K) == 1);
static_assert(sizeof(BlockQ5_K) == 176 && alignof(BlockQ5_K) == 1);
static_assert(sizeof(BlockQ6_K) == 210 && alignof(BlockQ6_K) == 1);
static_assert(sizeof(BlockIQ4_NL) == 18 && alignof(BlockIQ4_NL) == 1);
static_assert(sizeof(BlockIQ4_XS) == 136 && alignof(BlockIQ4_XS) == 1);
static_assert(sizeof(BlockMXFP4) == 17 && alignof(BlockMXFP4) == 1);
static_assert(sizeof(BlockIQ2_XXS) == 66 && alignof(BlockIQ2_XXS) == 1);
static_assert(sizeof(BlockIQ2_XS) == 74 && alignof(BlockIQ2_XS) == 1);
static_assert(sizeof(BlockIQ2_S) == 82 && alignof(BlockIQ2_S) == 1);
static_assert(sizeof(BlockIQ3_XXS) == 98 && alignof(BlockIQ3_XXS) == 1);
static_assert(sizeof(BlockIQ3_S) == 110 && alignof(BlockIQ3_S) == 1);
static_assert(sizeof(BlockIQ1_S) == 50 && alignof(BlockIQ1_S) == 1);
static_assert(sizeof(BlockIQ1_M) == 56 && alignof(BlockIQ1_M) == 1);
static_assert(sizeof(BlockTQ1_0) == 54 && alignof(BlockTQ1_0) == 1);
static_assert(sizeof(BlockTQ2_0) == 66 && alignof(BlockTQ2_0) == 1);
static_assert(sizeof(BlockNVFP4) == 36 && alignof(BlockNVFP4) == 1);

}  // namespace fullstop

#endif  // FULLSTOP_FORMAT_QUANT_BLOCKS_H_
