// The types of weights, unpacked to integers in vectors. format/quant_blocks.h
// has the layouts and formulas.
//
// The parameter V of the templates in this folder is a path's Vector, which is
// internal to the including file, and so is all that is made from it.
#ifndef FULLSTOP_KERNELS_VECTOR_WEIGHTS_H_
#define FULLSTOP_KERNELS_VECTOR_WEIGHTS_H_

#include <immintrin.h>
#include <stdint.h>
#include <string.h>

#include "format/quant_blocks.h"

namespace fullstop::kernels::vector {

struct SignedTable {
  int8_t values[16];
};

consteval SignedTable Copy(const int8_t (&values)[16]) {
  SignedTable copy = {};
  for (int i = 0; i < 16; ++i) copy.values[i] = values[i];
  return copy;
}

struct UnsignedTable {
  uint8_t values[16];
};

consteval UnsignedTable Shift(const int8_t (&values)[16], int shift) {
  UnsignedTable shifted = {};
  for (int i = 0; i < 16; ++i) {
    shifted.values[i] = static_cast<uint8_t>(values[i] + shift);
  }
  return shifted;
}

// The places of V::kGroup blocks.
template <class V>
struct GroupBlocks {
  const uint8_t* p[V::kGroup];

  GroupBlocks At(size_t offset) const {
    GroupBlocks moved;
    for (int i = 0; i < V::kGroup; ++i) moved.p[i] = p[i] + offset;
    return moved;
  }
};

template <typename T>
[[gnu::always_inline]] static inline T ReadAs(const void* p) {
  T value;
  memcpy(&value, p, sizeof(value));
  return value;
}

[[gnu::always_inline]] static inline float ReadHalf(const void* p) {
  return _cvtsh_ss(ReadAs<uint16_t>(p));
}

// --- Types of 32 weights a block: a weight is scale * q + min, where min is
// stored or -kOffset * scale. Those of four or five bits also unpack V::kGroup
// blocks at once, to unsigned bytes q + kShift.

template <class V, class B, int kLess, bool kMins>
struct FourBits {
  using Block = B;
  static constexpr int kShift = 0;
  static constexpr int kLargest = 15;  // of q + kShift
  static constexpr int kOffset = kLess;
  static constexpr bool kStoresMin = kMins;
  static typename V::W Unpack(const uint8_t* block) {
    return V::NibbleHalves(block + offsetof(Block, qs));
  }
  static typename V::Group UnpackGroup(const GroupBlocks<V>& blocks) {
    return V::NibbleGroup(blocks.At(offsetof(Block, qs)).p);
  }
};

template <class V>
using Q4_0 = FourBits<V, BlockQ4_0, 8, false>;
template <class V>
using Q4_1 = FourBits<V, BlockQ4_1, 0, true>;

template <class V, class B, int kLess, bool kMins>
struct FiveBits {
  using Block = B;
  static constexpr int kShift = 0;
  static constexpr int kLargest = 31;  // of q + kShift
  static constexpr int kOffset = kLess;
  static constexpr bool kStoresMin = kMins;
  static typename V::W Unpack(const uint8_t* block) {
    return V::AddWhere(V::NibbleHalves(block + offsetof(Block, qs)),
                       ReadAs<uint32_t>(block + offsetof(Block, qh)), 16);
  }
  static typename V::Group UnpackGroup(const GroupBlocks<V>& blocks) {
    return V::SetBit4(V::NibbleGroup(blocks.At(offsetof(Block, qs)).p),
                      blocks.At(offsetof(Block, qh)).p);
  }
};

template <class V>
using Q5_0 = FiveBits<V, BlockQ5_0, 16, false>;
template <class V>
using Q5_1 = FiveBits<V, BlockQ5_1, 0, true>;

template <class V>
struct Q8_0 {
  using Block = BlockQ8_0;
  static constexpr int kOffset = 0;
  static constexpr bool kStoresMin = false;
  static typename V::W Unpack(const uint8_t* block) {
    return V::SignedBytes(block + offsetof(Block, qs));
  }
};

// q is kValues of four bits.
template <class V, class B, const int8_t (&kValues)[16], int kLess, int kMost>
struct TableBits {
  using Block = B;
  static constexpr int kShift = kLess;
  static constexpr int kLargest = kMost;  // of q + kShift
  static constexpr int kOffset = 0;
  static constexpr bool kStoresMin = false;
  static typename V::W Unpack(const uint8_t* block) {
    static constexpr SignedTable kTable = Copy(kValues);
    return V::LookUp(V::LoadTable(kTable.values),
                     V::NibbleHalves(block + offsetof(Block, qs)));
  }
  static typename V::Group UnpackGroup(const GroupBlocks<V>& blocks) {
    static constexpr UnsignedTable kTable = Shift(kValues, kShift);
    return V::LookUp(kTable.values,
                     V::NibbleGroup(blocks.At(offsetof(Block, qs)).p));
  }
};

template <class V>
using IQ4_NL = TableBits<V, BlockIQ4_NL, kIq4Values, 127, 240>;
template <class V>
using MXFP4 = TableBits<V, BlockMXFP4, kMxfp4Values, 12, 24>;

// The scale and the min of kLanes blocks; the COUNT first of them are read, the
// others are zero.
template <class V, class Type>
[[gnu::always_inline]] static inline void ReadSomeScales(const uint8_t* block,
                                                         int count,
                                                         typename V::F& scale,
                                                         typename V::F& min) {
  using Block = typename Type::Block;
  if constexpr (sizeof(Block) == sizeof(BlockMXFP4)) {
    uint32_t bits[V::kLanes] = {};
    for (int i = 0; i < count; ++i) {
      const uint32_t e = block[i * static_cast<int>(sizeof(Block))];
      bits[i] = e < 2 ? 0x00200000u << e : (e - 1) << 23;
    }
    scale = V::Bits(V::LoadI(bits));
    min = V::Zero();
  } else {
    constexpr int kBytes = sizeof(Block);
    scale = V::template GatherHalves<kBytes>(block, count);
    min = Type::kStoresMin ? V::template GatherHalves<kBytes>(block + 2, count)
                           : V::Mul(scale, V::Set(-Type::kOffset));
  }
}

template <class V, class Type>
static inline void ReadScales(const uint8_t* block, int count,
                              typename V::F& scale, typename V::F& min) {
  if (count == V::kLanes) {
    ReadSomeScales<V, Type>(block, V::kLanes, scale, min);
  } else {
    ReadSomeScales<V, Type>(block, count, scale, min);
  }
}

// --- Types of 256 weights a block: 8 chunks of 32, unpacked 4 at a time. A
// weight of group g (16 weights) is d * (scales[g] * q) - dmin * mins[g]; where
// kGroup is 32, the groups 2 c and 2 c + 1 have the same scale and min. Four
// chunks are unpacked to int16, or (UnpackHalf) to unsigned bytes q + kShift.

struct SuperScales {
  int16_t scales[16];
  int16_t mins[16];
  float d;
  float dmin;
};

[[gnu::always_inline]] static inline void StoreBytesAsWords(int16_t* out,
                                                            __m128i bytes) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(out),
                      _mm256_cvtepi8_epi16(bytes));
}

// Eight bytes, each for two groups.
[[gnu::always_inline]] static inline void StoreBytesTwice(int16_t* out,
                                                          uint64_t bytes) {
  const __m128i b = _mm_cvtsi64_si128(static_cast<int64_t>(bytes));
  StoreBytesAsWords(out, _mm_unpacklo_epi8(b, b));
}

// The halves d and dmin, which stand side by side.
[[gnu::always_inline]] static inline void ReadHalves(const uint8_t* p,
                                                     SuperScales& s) {
  const __m128 both = _mm_cvtph_ps(_mm_cvtsi32_si128(ReadAs<int32_t>(p)));
  s.d = _mm_cvtss_f32(both);
  s.dmin = _mm_cvtss_f32(_mm_movehdup_ps(both));
}

template <class V>
struct Q2_K {
  using Block = BlockQ2_K;
  static constexpr int kGroup = 16;
  static constexpr bool kHasMins = true;
  static constexpr int kShift = 0;
  static constexpr int kLargest = 3;  // of q + kShift
  static void ReadScales(const uint8_t* block, SuperScales& s) {
    const __m128i packed = _mm_loadu_si128(
        reinterpret_cast<const __m128i*>(block + offsetof(Block, scales)));
    const __m128i nibble = _mm_set1_epi8(15);
    StoreBytesAsWords(s.scales, _mm_and_si128(packed, nibble));
    StoreBytesAsWords(s.mins, _mm_and_si128(_mm_srli_epi16(packed, 4), nibble));
    ReadHalves(block + offsetof(Block, d), s);
  }
  template <int kHalf>
  static void Unpack(const uint8_t* block, typename V::W (&q)[4]) {
    const auto bytes =
        V::UnsignedBytes(block + offsetof(Block, qs) + 32 * kHalf);
    q[0] = V::template Field<0, 2>(bytes);
    q[1] = V::template Field<2, 2>(bytes);
    q[2] = V::template Field<4, 2>(bytes);
    q[3] = V::template Field<6, 2>(bytes);
  }
  template <int kHalf>
  static typename V::Half UnpackHalf(const uint8_t* block) {
    const uint8_t* qs = block + offsetof(Block, qs) + 32 * kHalf;
    return {Two(V::EachLane(qs)), Two(V::EachLane(qs + 16))};
  }

 private:
  static auto Two(auto bytes) {
    return V::template Mask<3>(V::template ShiftRight<0, 2, 4, 6>(bytes));
  }
};

template <class V>
struct Q3_K {
  using Block = BlockQ3_K;
  static constexpr int kGroup = 16;
  static constexpr bool kHasMins = false;
  static constexpr int kShift = 4;
  static constexpr int kLargest = 7;  // of q + kShift
  static void ReadScales(const uint8_t* block, SuperScales& s) {
    constexpr uint64_t kNibbles = 0x0f0f0f0f0f0f0f0f;
    constexpr uint32_t kPairs = 0x03030303;
    const uint8_t* packed = block + offsetof(Block, scales);
    const uint64_t low = ReadAs<uint64_t>(packed);
    const uint32_t high = ReadAs<uint32_t>(packed + 8);
    const uint64_t first = (low & kNibbles) | uint64_t{high & kPairs} << 4 |
                           uint64_t{high >> 2 & kPairs} << 36;
    const uint64_t second = (low >> 4 & kNibbles) |
                            uint64_t{high >> 4 & kPairs} << 4 |
                            uint64_t{high >> 6 & kPairs} << 36;
    const __m128i all = _mm_set_epi64x(static_cast<int64_t>(second),
                                       static_cast<int64_t>(first));
    StoreBytesAsWords(s.scales, _mm_sub_epi8(all, _mm_set1_epi8(32)));
    s.d = ReadHalf(block + offsetof(Block, d));
  }
  template <int kHalf>
  static void Unpack(const uint8_t* block, typename V::W (&q)[4]) {
    const auto low = V::UnsignedBytes(block + offsetof(Block, qs) + 32 * kHalf);
    const auto high = V::UnsignedBytes(block + offsetof(Block, hmask));
    q[0] = Join<0, 4 * kHalf + 0>(low, high);
    q[1] = Join<2, 4 * kHalf + 1>(low, high);
    q[2] = Join<4, 4 * kHalf + 2>(low, high);
    q[3] = Join<6, 4 * kHalf + 3>(low, high);
  }
  template <int kHalf>
  static typename V::Half UnpackHalf(const uint8_t* block) {
    const uint8_t* low = block + offsetof(Block, qs) + 32 * kHalf;
    const uint8_t* high = block + offsetof(Block, hmask);
    return {Three<kHalf>(low, high), Three<kHalf>(low + 16, high + 16)};
  }

 private:
  template <int kHalf>
  static auto Three(const uint8_t* low, const uint8_t* high) {
    return V::OrI(V::template Mask<3>(
                      V::template ShiftRight<0, 2, 4, 6>(V::EachLane(low))),
                  V::template Mask<4>(V::template Rotate<2 - 4 * kHalf, -1>(
                      V::EachLane(high))));
  }
  template <int kLow, int kHigh>
  static typename V::W Join(typename V::W low, typename V::W high) {
    const auto upper =
        V::template ShiftLeft<2>(V::template Field<kHigh, 1>(high));
    return V::AddW(V::Or(V::template Field<kLow, 2>(low), upper), -4);
  }
};

// The scales and mins that Q4_K and Q5_K share.
[[gnu::always_inline]] static inline void ReadSixBitScales(
    const uint8_t* packed, SuperScales& s) {
  constexpr uint32_t kSix = 0x3f3f3f3f;
  constexpr uint32_t kNibbles = 0x0f0f0f0f;
  constexpr uint32_t kPairs = 0x03030303;
  const uint32_t a = ReadAs<uint32_t>(packed);
  const uint32_t b = ReadAs<uint32_t>(packed + 4);
  const uint32_t c = ReadAs<uint32_t>(packed + 8);
  const uint32_t scales = (c & kNibbles) | (a >> 6 & kPairs) << 4;
  const uint32_t mins = (c >> 4 & kNibbles) | (b >> 6 & kPairs) << 4;
  StoreBytesTwice(s.scales, uint64_t{scales} << 32 | (a & kSix));
  StoreBytesTwice(s.mins, uint64_t{mins} << 32 | (b & kSix));
}

template <class V>
struct Q4_K {
  using Block = BlockQ4_K;
  static constexpr int kGroup = 32;
  static constexpr bool kHasMins = true;
  static constexpr int kShift = 0;
  static constexpr int kLargest = 15;  // of q + kShift
  static void ReadScales(const uint8_t* block, SuperScales& s) {
    ReadSixBitScales(block + offsetof(Block, scales), s);
    ReadHalves(block + offsetof(Block, d), s);
  }
  template <int kHalf>
  static void Unpack(const uint8_t* block, typename V::W (&q)[4]) {
    const uint8_t* qs = block + offsetof(Block, qs) + 64 * kHalf;
    const auto first = V::UnsignedBytes(qs);
    const auto second = V::UnsignedBytes(qs + 32);
    q[0] = V::template Field<0, 4>(first);
    q[1] = V::template Field<4, 4>(first);
    q[2] = V::template Field<0, 4>(second);
    q[3] = V::template Field<4, 4>(second);
  }
  template <int kHalf>
  static typename V::Half UnpackHalf(const uint8_t* block) {
    const uint8_t* qs = block + offsetof(Block, qs) + 64 * kHalf;
    return {Four(V::template Lanes<0, 0, 2, 2>(qs)),
            Four(V::template Lanes<1, 1, 3, 3>(qs))};
  }

 private:
  static auto Four(auto bytes) {
    return V::template Mask<15>(V::template ShiftRight<0, 4, 0, 4>(bytes));
  }
};

template <class V>
struct Q5_K {
  using Block = BlockQ5_K;
  static constexpr int kGroup = 32;
  static constexpr bool kHasMins = true;
  static constexpr int kShift = 0;
  static constexpr int kLargest = 31;  // of q + kShift
  static void ReadScales(const uint8_t* block, SuperScales& s) {
    ReadSixBitScales(block + offsetof(Block, scales), s);
    ReadHalves(block + offsetof(Block, d), s);
  }
  template <int kHalf>
  static void Unpack(const uint8_t* block, typename V::W (&q)[4]) {
    const uint8_t* qs = block + offsetof(Block, qs) + 64 * kHalf;
    const auto high = V::UnsignedBytes(block + offsetof(Block, qh));
    const auto first = V::UnsignedBytes(qs);
    const auto second = V::UnsignedBytes(qs + 32);
    q[0] = Join<0, 4 * kHalf + 0>(first, high);
    q[1] = Join<4, 4 * kHalf + 1>(first, high);
    q[2] = Join<0, 4 * kHalf + 2>(second, high);
    q[3] = Join<4, 4 * kHalf + 3>(second, high);
  }
  template <int kHalf>
  static typename V::Half UnpackHalf(const uint8_t* block) {
    const uint8_t* qs = block + offsetof(Block, qs) + 64 * kHalf;
    const uint8_t* qh = block + offsetof(Block, qh);
    return {
        Five<kHalf>(V::template Lanes<0, 0, 2, 2>(qs), V::EachLane(qh)),
        Five<kHalf>(V::template Lanes<1, 1, 3, 3>(qs), V::EachLane(qh + 16))};
  }

 private:
  template <int kHalf>
  static auto Five(auto low, auto high) {
    return V::NibbleOr(
        V::template ShiftRight<0, 4, 0, 4>(low),
        V::template Mask<16>(V::template Rotate<4 - 4 * kHalf, -1>(high)));
  }
  template <int kLow, int kHigh>
  static typename V::W Join(typename V::W low, typename V::W high) {
    return V::Or(V::template Field<kLow, 4>(low),
                 V::template ShiftLeft<4>(V::template Field<kHigh, 1>(high)));
  }
};

template <class V>
struct Q6_K {
  using Block = BlockQ6_K;
  static constexpr int kGroup = 16;
  static constexpr bool kHasMins = false;
  static constexpr int kShift = 32;
  static constexpr int kLargest = 63;  // of q + kShift
  static void ReadScales(const uint8_t* block, SuperScales& s) {
    StoreBytesAsWords(s.scales,
                      _mm_loadu_si128(reinterpret_cast<const __m128i*>(
                          block + offsetof(Block, scales))));
    s.d = ReadHalf(block + offsetof(Block, d));
  }
  template <int kHalf>
  static void Unpack(const uint8_t* block, typename V::W (&q)[4]) {
    const uint8_t* ql = block + offsetof(Block, ql) + 64 * kHalf;
    const auto first = V::UnsignedBytes(ql);
    const auto second = V::UnsignedBytes(ql + 32);
    const auto high =
        V::UnsignedBytes(block + offsetof(Block, qh) + 32 * kHalf);
    q[0] = Join<0, 0>(first, high);
    q[1] = Join<0, 2>(second, high);
    q[2] = Join<4, 4>(first, high);
    q[3] = Join<4, 6>(second, high);
  }
  template <int kHalf>
  static typename V::Half UnpackHalf(const uint8_t* block) {
    const uint8_t* ql = block + offsetof(Block, ql) + 64 * kHalf;
    const uint8_t* qh = block + offsetof(Block, qh) + 32 * kHalf;
    return {Six(V::template Lanes<0, 2, 0, 2>(ql), V::EachLane(qh)),
            Six(V::template Lanes<1, 3, 1, 3>(ql), V::EachLane(qh + 16))};
  }

 private:
  static auto Six(auto low, auto high) {
    return V::NibbleOr(V::template ShiftRight<0, 0, 4, 4>(low),
                       V::template Mask<48>(V::template Rotate<4, -2>(high)));
  }
  template <int kLow, int kHigh>
  static typename V::W Join(typename V::W low, typename V::W high) {
    const auto upper =
        V::template ShiftLeft<4>(V::template Field<kHigh, 2>(high));
    return V::AddW(V::Or(V::template Field<kLow, 4>(low), upper), -32);
  }
};

template <class V>
struct IQ4_XS {
  using Block = BlockIQ4_XS;
  static constexpr int kGroup = 32;
  static constexpr bool kHasMins = false;
  static constexpr int kShift = 127;
  static constexpr int kLargest = 240;  // of q + kShift
  static void ReadScales(const uint8_t* block, SuperScales& s) {
    const uint32_t high = ReadAs<uint16_t>(block + offsetof(Block, scales_h));
    const uint32_t low = ReadAs<uint32_t>(block + offsetof(Block, scales_l));
    for (int g = 0; g < 8; ++g) {
      const auto scale = static_cast<int16_t>(
          ((low >> 4 * g & 15) | (high >> 2 * g & 3) << 4) - 32);
      s.scales[2 * g] = scale;
      s.scales[2 * g + 1] = scale;
    }
    s.d = ReadHalf(block + offsetof(Block, d));
  }
  template <int kHalf>
  static void Unpack(const uint8_t* block, typename V::W (&q)[4]) {
    static constexpr SignedTable kTable = Copy(kIq4Values);
    const auto table = V::LoadTable(kTable.values);
    const uint8_t* qs = block + offsetof(Block, qs) + 64 * kHalf;
    for (int c = 0; c < 4; ++c) {
      q[c] = V::LookUp(table, V::NibbleHalves(qs + 16 * c));
    }
  }
  template <int kHalf>
  static typename V::Half UnpackHalf(const uint8_t* block) {
    static constexpr UnsignedTable kTable = Shift(kIq4Values, kShift);
    const uint8_t* qs = block + offsetof(Block, qs) + 64 * kHalf;
    return V::LookUp(kTable.values,
                     V::NibbleGroup({qs, qs + 16, qs + 32, qs + 48}));
  }
};

// --- Types of floats

template <class V>
struct F32 {
  using Element = float;
  static typename V::F Load(const Element* p) { return V::Load(p); }
};

template <class V>
struct F16 {
  using Element = uint16_t;
  static typename V::F Load(const Element* p) { return V::FromHalf(p); }
};

template <class V>
struct BF16 {
  using Element = uint16_t;
  static typename V::F Load(const Element* p) { return V::FromBf16(p); }
};

}  // namespace fullstop::kernels::vector

#endif  // FULLSTOP_KERNELS_VECTOR_WEIGHTS_H_
