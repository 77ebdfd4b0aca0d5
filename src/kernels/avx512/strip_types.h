// Types of weights in strips (kernels/strips.h), unpacked to a lane for each of
// 16 rows. format/quant_blocks.h has the layouts and formulas.
//
// Of a type: a chunk is 32 columns of the 16 rows, of which a block has one or
// eight. A weight is
//   Scale * (q - kShift) + Min
// with a scale for each kGroup columns and, where kHasMins, a min for each
// chunk. Unpack gives q as unsigned bytes, four columns a vector. Everything is
// internal to the including file, as in avx512/vector.h.
#ifndef FULLSTOP_KERNELS_AVX512_STRIP_TYPES_H_
#define FULLSTOP_KERNELS_AVX512_STRIP_TYPES_H_

#include <immintrin.h>
#include <stdint.h>

#include "format/quant_blocks.h"
#include "kernels/avx512/vector.h"
#include "kernels/operations.h"
#include "kernels/vector/weights.h"

namespace fullstop::kernels::avx512 {
// Internal to each including file: see the README.
// NOLINTNEXTLINE(google-build-namespaces)
namespace {

constexpr int kStripRows = Vector::kLanes;
constexpr int kChunkColumns = 32;
constexpr int kChunkVectors = kChunkColumns / 4;

// 16 blocks side by side, of which each has so many halves.
template <int kHalves>
class SideBySide {
 public:
  explicit SideBySide(const uint8_t* p) : p_(p) {}

 protected:
  __m512 Half(int i) const {
    return Vector::FromHalf(reinterpret_cast<const uint16_t*>(p_) +
                            i * kStripRows);
  }
  __m512i Word(int i) const {
    return Vector::LoadI(p_ + kHalves * kStripRows * 2 + i * kStripRows * 4);
  }

 private:
  const uint8_t* p_;
};

// The lower or upper four bits of each byte.
template <int kUpper>
[[gnu::always_inline]] inline __m512i Nibbles(__m512i bytes) {
  if constexpr (kUpper == 1) bytes = _mm512_srli_epi16(bytes, 4);
  return Vector::Mask<15>(bytes);
}

// Each lane's byte number kByte as a float.
template <int kByte>
[[gnu::always_inline]] inline __m512 ByteOf(__m512i word) {
  if constexpr (kByte != 0) word = _mm512_srli_epi32(word, 8 * kByte);
  if constexpr (kByte != 3) {
    word = _mm512_and_si512(word, Vector::SetI(255));
  }
  return Vector::ToFloat(word);
}

// --- A block of one chunk

template <class B, int kOffset, bool kMins>
class OneChunk : public SideBySide<kMins ? 2 : 1> {
 public:
  using Block = B;
  static constexpr int kGroup = 32;
  static constexpr int kShift = kOffset;
  static constexpr bool kHasMins = kMins;
  using SideBySide<kMins ? 2 : 1>::SideBySide;

  template <int, int>
  [[gnu::always_inline]] __m512 Scale() const {
    return this->Half(0);
  }
  template <int>
  [[gnu::always_inline]] __m512 Min() const {
    return this->Half(1);
  }
};

template <class B, int kOffset, bool kMins>
struct FourBitStrip : OneChunk<B, kOffset, kMins> {
  using OneChunk<B, kOffset, kMins>::OneChunk;

  template <int>
  [[gnu::always_inline]] void Unpack(__m512i (&q)[kChunkVectors]) const {
#pragma GCC unroll 4
    for (int j = 0; j < 4; ++j) {
      const __m512i word = this->Word(j);
      q[j] = Nibbles<0>(word);
      q[j + 4] = Nibbles<1>(word);
    }
  }
};

using Q4_0Strip = FourBitStrip<BlockQ4_0, 8, false>;
using Q4_1Strip = FourBitStrip<BlockQ4_1, 0, true>;

struct IQ4_NLStrip : FourBitStrip<BlockIQ4_NL, 127, false> {
  using FourBitStrip::FourBitStrip;

  template <int kChunk>
  [[gnu::always_inline]] void Unpack(__m512i (&q)[kChunkVectors]) const {
    static constexpr vector::UnsignedTable kTable =
        vector::Shift(kIq4Values, kShift);
    FourBitStrip::template Unpack<kChunk>(q);
#pragma GCC unroll 4
    for (int j = 0; j < 4; ++j) {
      const Vector::Group found =
          Vector::LookUp(kTable.values, Vector::Group{q[j], q[j + 4]});
      q[j] = found.first;
      q[j + 4] = found.second;
    }
  }
};

struct Q8_0Strip : OneChunk<BlockQ8_0, 128, false> {
  using OneChunk::OneChunk;

  template <int>
  [[gnu::always_inline]] void Unpack(__m512i (&q)[kChunkVectors]) const {
#pragma GCC unroll 8
    for (int j = 0; j < kChunkVectors; ++j) {
      q[j] = _mm512_xor_si512(Word(j), _mm512_set1_epi8(-128));
    }
  }
};

// --- A block of eight chunks

// Q4_K and Q5_K: the words are 3 of scales, kHighWords of fifth bits, then two
// chunks each 8.
template <class B, int kHighWords>
class SixBitScales : SideBySide<2> {
 public:
  using Block = B;
  static constexpr int kGroup = 32;
  static constexpr int kShift = 0;
  static constexpr bool kHasMins = true;
  static constexpr bool kAlternates = false;

  [[gnu::always_inline]] explicit SixBitScales(const uint8_t* p)
      : SideBySide(p), d_(Half(0)), dmin_(Vector::Negate(Half(1))) {
    const __m512i low = Word(0);
    const __m512i low_mins = Word(1);
    const __m512i high = Word(2);
    scales_[0] = Vector::Mask<63>(low);
    mins_[0] = Vector::Mask<63>(low_mins);
    scales_[1] = Vector::NibbleOr(high, Pairs(low));
    mins_[1] = Vector::NibbleOr(_mm512_srli_epi32(high, 4), Pairs(low_mins));
  }

  template <int kChunk>
  [[gnu::always_inline]] void Unpack(__m512i (&q)[kChunkVectors]) const {
    constexpr int kFirst = 3 + kHighWords + kChunk / 2 * 8;
#pragma GCC unroll 8
    for (int j = 0; j < kChunkVectors; ++j) {
      q[j] = Nibbles<kChunk % 2>(Word(kFirst + j));
      if constexpr (kHighWords != 0) {
        q[j] = _mm512_or_si512(q[j], FifthBits<kChunk>(Word(3 + j)));
      }
    }
  }
  template <int kChunk, int>
  [[gnu::always_inline]] __m512 Scale() const {
    return Vector::Mul(d_, ByteOf<kChunk % 4>(scales_[kChunk / 4]));
  }
  template <int kChunk>
  [[gnu::always_inline]] __m512 Min() const {
    return Vector::Mul(dmin_, ByteOf<kChunk % 4>(mins_[kChunk / 4]));
  }

 private:
  // The upper two bits of each byte, as bits 4 and 5.
  static __m512i Pairs(__m512i bytes) {
    return Vector::Mask<48>(_mm512_srli_epi32(bytes, 2));
  }
  template <int kBit>
  static __m512i FifthBits(__m512i bytes) {
    if constexpr (kBit < 4) bytes = _mm512_slli_epi32(bytes, 4 - kBit);
    if constexpr (kBit > 4) bytes = _mm512_srli_epi32(bytes, kBit - 4);
    return Vector::Mask<16>(bytes);
  }

  __m512 d_;
  __m512 dmin_;
  __m512i scales_[2];
  __m512i mins_[2];
};

using Q4_KStrip = SixBitScales<BlockQ4_K, 0>;
using Q5_KStrip = SixBitScales<BlockQ5_K, 8>;

struct Q6_KStrip : private SideBySide<1> {
  using Block = BlockQ6_K;
  static constexpr int kGroup = 16;
  static constexpr int kShift = 32;
  static constexpr bool kHasMins = false;
  static constexpr bool kAlternates = true;  // those have the same words

  [[gnu::always_inline]] explicit Q6_KStrip(const uint8_t* p)
      : SideBySide(p), d_(Half(0)) {}

  template <int kChunk>
  [[gnu::always_inline]] void Unpack(__m512i (&q)[kChunkVectors]) const {
    constexpr int kFirst = 4 + kChunk / 4 * 24;
    constexpr int kLow = kFirst + kChunk % 2 * 16;
    constexpr int kHigh = kFirst + 8;
#pragma GCC unroll 8
    for (int j = 0; j < kChunkVectors; ++j) {
      __m512i low = Word(kLow + j);
      if constexpr (kChunk % 4 >= 2) low = _mm512_srli_epi16(low, 4);
      q[j] = Vector::NibbleOr(low, UpperBits<kChunk % 4>(Word(kHigh + j)));
    }
  }
  template <int kChunk, int kHalf>
  [[gnu::always_inline]] __m512 Scale() const {
    constexpr int kByte = kChunk % 2 * 2 + kHalf;
    const __m512i word = Word(kChunk / 2);
    return Vector::Mul(d_, Vector::ToFloat(_mm512_srai_epi32(
                               _mm512_slli_epi32(word, 24 - 8 * kByte), 24)));
  }

 private:
  template <int kPair>
  static __m512i UpperBits(__m512i bytes) {
    if constexpr (kPair < 2) bytes = _mm512_slli_epi32(bytes, 4 - 2 * kPair);
    if constexpr (kPair > 2) bytes = _mm512_srli_epi32(bytes, 2);
    return Vector::Mask<48>(bytes);
  }

  __m512 d_;
};

// The columns of a block.
template <class Type>
constexpr int kStripColumns = sizeof(typename Type::Block) > sizeof(BlockQ8_0)
                                  ? 256
                                  : kChunkColumns;

// Calls with_chunk.operator()<in the block>(block, number, visit) for each of
// the CHUNKS chunks at STRIP, number NUMBER of those and visited in the order
// of memory.
template <class Type, typename WithChunk>
[[gnu::always_inline]] inline void ForChunks(const uint8_t* strip, int chunks,
                                             WithChunk with_chunk) {
  if constexpr (kStripColumns<Type> == kChunkColumns) {
    for (int c = 0; c < chunks; ++c) {
      const Type block(strip);
      with_chunk.template operator()<0>(block, c, c);
      strip += sizeof(typename Type::Block) * kStripRows;
    }
  } else {
    // Of each four chunks, the second and the third, or the other way round.
    constexpr int kSecond = Type::kAlternates ? 2 : 1;
    const Type block(strip);
    with_chunk.template operator()<0>(block, 0, 0);
    with_chunk.template operator()<kSecond>(block, kSecond, 1);
    with_chunk.template operator()<3 - kSecond>(block, 3 - kSecond, 2);
    with_chunk.template operator()<3>(block, 3, 3);
    with_chunk.template operator()<4>(block, 4, 4);
    with_chunk.template operator()<4 + kSecond>(block, 4 + kSecond, 5);
    with_chunk.template operator()<7 - kSecond>(block, 7 - kSecond, 6);
    with_chunk.template operator()<7>(block, 7, 7);
  }
}

// A chunk's weights of kByte's column of the four in Q, as floats.
template <class Type, int kByte>
[[gnu::always_inline]] inline __m512 WeightsOf(__m512i q, __m512 scale,
                                               __m512 min) {
  __m512 x = ByteOf<kByte>(q);
  if constexpr (Type::kShift != 0) {
    x = Vector::Sub(x, Vector::Set(Type::kShift));
  }
  return Vector::Fma(x, scale, min);
}

// Linear::RunStrips<Type> for each type that has strips.
template <class Linear>
constexpr LinearFunctions FunctionsOfStrips() {
  LinearFunctions functions = {};
  functions.q4_0 = Linear::template RunStrips<Q4_0Strip>;
  functions.q4_1 = Linear::template RunStrips<Q4_1Strip>;
  functions.q8_0 = Linear::template RunStrips<Q8_0Strip>;
  functions.iq4_nl = Linear::template RunStrips<IQ4_NLStrip>;
  functions.q4_k = Linear::template RunStrips<Q4_KStrip>;
  functions.q5_k = Linear::template RunStrips<Q5_KStrip>;
  functions.q6_k = Linear::template RunStrips<Q6_KStrip>;
  return functions;
}

// FORM, which reads strips with Linear, too.
template <class Linear>
constexpr LinearForm WithStrips(LinearForm form) {
  form.strips = FunctionsOfStrips<Linear>();
  return form;
}

}  // namespace
}  // namespace fullstop::kernels::avx512

#endif  // FULLSTOP_KERNELS_AVX512_STRIP_TYPES_H_
