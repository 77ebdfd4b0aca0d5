// The vector that the algorithms of kernels/vector/ are written for, on
// AVX-512. Everything here is internal to the including file: the linker must
// not take one of these functions for a file compiled with other flags.
#ifndef FULLSTOP_KERNELS_AVX512_VECTOR_H_
#define FULLSTOP_KERNELS_AVX512_VECTOR_H_

#include <immintrin.h>
#include <stdint.h>

namespace fullstop::kernels::avx512 {
// Internal to each including file: see the README.
// NOLINTNEXTLINE(google-build-namespaces)
namespace {

// Of four copies of 16 bytes: each word's byte, twice 16, and its shift.
struct alignas(64) NibblePlaces {
  consteval NibblePlaces() {
    for (int i = 0; i < 32; ++i) {
      bytes[2 * i] = static_cast<int8_t>(i % 16);
      bytes[2 * i + 1] = -128;
      shifts[i] = i < 16 ? 0 : 4;
    }
  }
  int8_t bytes[64] = {};
  uint16_t shifts[32] = {};
};

struct Vector {
  static constexpr int kLanes = 16;  // floats, int32 and pairs of int16
  // Of decode's activations: their upper 8 bits stay within a byte.
  static constexpr int kLargestInput = 16319;
  static constexpr int kTileRows = 12;  // with two vectors each, 24 registers

  using F = __m512;
  using I = __m512i;
  struct D {  // kLanes doubles
    __m512d low, high;
  };
  struct W {  // 32 int16 in the order of the weights
    __m512i v;
  };

  // --- floats
  static F Zero() { return _mm512_setzero_ps(); }
  static F Set(float x) { return _mm512_set1_ps(x); }
  static F Load(const float* p) { return _mm512_loadu_ps(p); }
  static void Store(float* p, F x) { _mm512_storeu_ps(p, x); }
  static F Add(F a, F b) { return _mm512_add_ps(a, b); }
  static F Sub(F a, F b) { return _mm512_sub_ps(a, b); }
  static F Mul(F a, F b) { return _mm512_mul_ps(a, b); }
  static F Div(F a, F b) { return _mm512_div_ps(a, b); }
  static F Fma(F a, F b, F c) { return _mm512_fmadd_ps(a, b, c); }
  static F FmaSub(F a, F b, F c) { return _mm512_fmsub_ps(a, b, c); }
  // The second operand where either is a NaN.
  static F Max(F a, F b) { return _mm512_max_ps(a, b); }
  static F Min(F a, F b) { return _mm512_min_ps(a, b); }
  static F Round(F x) {
    return _mm512_roundscale_ps(x,
                                _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  }
  static F Negate(F x) { return _mm512_xor_ps(x, _mm512_set1_ps(-0.0f)); }
  static float Sum(F x) {
    const __m256 half =
        _mm256_add_ps(_mm512_castps512_ps256(x), _mm512_extractf32x8_ps(x, 1));
    const __m128 quarter = _mm_add_ps(_mm256_castps256_ps128(half),
                                      _mm256_extractf128_ps(half, 1));
    const __m128 pair = _mm_add_ps(quarter, _mm_movehl_ps(quarter, quarter));
    return _mm_cvtss_f32(_mm_add_ss(pair, _mm_movehdup_ps(pair)));
  }
  static float MaxLane(F x) {
    const __m256 half =
        _mm256_max_ps(_mm512_castps512_ps256(x), _mm512_extractf32x8_ps(x, 1));
    const __m128 quarter = _mm_max_ps(_mm256_castps256_ps128(half),
                                      _mm256_extractf128_ps(half, 1));
    const __m128 pair = _mm_max_ps(quarter, _mm_movehl_ps(quarter, quarter));
    return _mm_cvtss_f32(_mm_max_ss(pair, _mm_movehdup_ps(pair)));
  }
  // Swaps each even lane with the odd one behind it.
  static F SwapPairs(F x) { return _mm512_permute_ps(x, 0xb1); }
  // Odd lanes of a * b + c, even lanes of a * b - c.
  static F FmaAddSub(F a, F b, F c) { return _mm512_fmaddsub_ps(a, b, c); }
  // Each of kLanes / 2 floats twice.
  static F LoadDoubled(const float* p) {
    const __m512i each_twice =
        _mm512_setr_epi32(0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7);
    return _mm512_permutexvar_ps(each_twice,
                                 _mm512_castps256_ps512(_mm256_loadu_ps(p)));
  }

  // --- the first n of kLanes; the others read as zero and are not written
  static __mmask16 First(int n) {
    return static_cast<__mmask16>((1u << n) - 1);
  }
  static F LoadFirst(const float* p, int n) {
    return _mm512_maskz_loadu_ps(First(n), p);
  }
  static void StoreFirst(float* p, F x, int n) {
    _mm512_mask_storeu_ps(p, First(n), x);
  }
  static F SelectFirst(int n, F x, F otherwise) {
    return _mm512_mask_blend_ps(First(n), otherwise, x);
  }
  // x[i] where a[i] < b[i], else otherwise[i] (also where either is a NaN).
  static F SelectLess(F a, F b, F x, F otherwise) {
    return _mm512_mask_blend_ps(_mm512_cmp_ps_mask(a, b, _CMP_LT_OQ), otherwise,
                                x);
  }

  // --- 16-bit floats
  static F FromHalf(const uint16_t* p) {
    return _mm512_cvtph_ps(
        _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
  }
  static F FromBf16(const uint16_t* p) {
    const __m256i bits =
        _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
    return _mm512_castsi512_ps(
        _mm512_slli_epi32(_mm512_cvtepu16_epi32(bits), 16));
  }
  static void ToHalf(uint16_t* p, F x) {
    _mm256_storeu_si256(
        reinterpret_cast<__m256i*>(p),
        _mm512_cvtps_ph(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
  }
  // The low 16 bits of each lane.
  static void StoreLowHalves(uint16_t* p, I x) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(p),
                        _mm512_cvtepi32_epi16(x));
  }

  // --- doubles
  static D ZeroD() { return {_mm512_setzero_pd(), _mm512_setzero_pd()}; }
  static D ToDouble(F x) {
    return {
        _mm512_cvtps_pd(_mm512_castps512_ps256(x)),
        _mm512_cvtps_pd(_mm512_extractf32x8_ps(x, 1)),
    };
  }
  static D AddD(D a, D b) {
    return {_mm512_add_pd(a.low, b.low), _mm512_add_pd(a.high, b.high)};
  }
  static D FmaD(D a, D b, D c) {
    return {_mm512_fmadd_pd(a.low, b.low, c.low),
            _mm512_fmadd_pd(a.high, b.high, c.high)};
  }
  static double SumD(D x) {
    const __m512d all = _mm512_add_pd(x.low, x.high);
    const __m256d half = _mm256_add_pd(_mm512_castpd512_pd256(all),
                                       _mm512_extractf64x4_pd(all, 1));
    const __m128d pair = _mm_add_pd(_mm256_castpd256_pd128(half),
                                    _mm256_extractf128_pd(half, 1));
    return _mm_cvtsd_f64(_mm_add_sd(pair, _mm_unpackhi_pd(pair, pair)));
  }

  // --- int32
  static I ZeroI() { return _mm512_setzero_si512(); }
  static I SetI(int32_t x) { return _mm512_set1_epi32(x); }
  static I LoadI(const void* p) { return _mm512_loadu_si512(p); }
  static void StoreI(void* p, I x) { _mm512_storeu_si512(p, x); }
  static I AddI(I a, I b) { return _mm512_add_epi32(a, b); }
  static I SubI(I a, I b) { return _mm512_sub_epi32(a, b); }
  static I MaxI(I a, I b) { return _mm512_max_epi32(a, b); }
  static I AndI(I a, I b) { return _mm512_and_si512(a, b); }
  static I OrI(I a, I b) { return _mm512_or_si512(a, b); }
  template <int kBits>
  static I ShiftLeftI(I x) {
    return _mm512_slli_epi32(x, kBits);
  }
  template <int kBits>
  static I ShiftRightI(I x) {
    return _mm512_srli_epi32(x, kBits);
  }
  template <int kBits>
  static I ShiftRightSignedI(I x) {
    return _mm512_srai_epi32(x, kBits);
  }
  static F Bits(I x) { return _mm512_castsi512_ps(x); }
  static I Bits(F x) { return _mm512_castps_si512(x); }
  static F ToFloat(I x) { return _mm512_cvtepi32_ps(x); }
  static I ToInt(F x) { return _mm512_cvtps_epi32(x); }
  static int32_t MaxLane(I x) { return _mm512_reduce_max_epi32(x); }
  static I FromInt16(const int16_t* p) {
    return _mm512_cvtepi16_epi32(
        _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
  }
  // Saturated.
  static void ToInt16(int16_t* p, I x) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(p),
                        _mm512_cvtsepi32_epi16(x));
  }
  // X where VALUE is a NaN, else OTHERWISE.
  static I SelectNan(F value, I x, I otherwise) {
    return _mm512_mask_blend_epi32(
        _mm512_cmp_ps_mask(value, value, _CMP_UNORD_Q), otherwise, x);
  }
  // Bit i: x[i] <= y[i] is false (a NaN makes it so).
  static uint32_t NotLessOrEqual(F x, F y) {
    return _mm512_cmp_ps_mask(x, y, _CMP_NLE_UQ);
  }
  // acc[i] + a[2i] * b[2i] + a[2i+1] * b[2i+1] over int16.
  static I DotPairs(I acc, I a, I b) { return _mm512_dpwssd_epi32(acc, a, b); }

  // X, held in a register here. In a loop over sums this keeps gcc 12 from
  // splitting them into copies, which it then spills: three times slower.
  static I Keep(I x) {
    __asm__("" : "+v"(x));
    return x;
  }
  static F Keep(F x) {
    __asm__("" : "+v"(x));
    return x;
  }

  static void Transpose(I (&r)[kLanes]) {
    I t[kLanes];
    for (int i = 0; i < 16; i += 2) {
      t[i] = _mm512_unpacklo_epi32(r[i], r[i + 1]);
      t[i + 1] = _mm512_unpackhi_epi32(r[i], r[i + 1]);
    }
    for (int i = 0; i < 16; i += 4) {
      r[i] = _mm512_unpacklo_epi64(t[i], t[i + 2]);
      r[i + 1] = _mm512_unpackhi_epi64(t[i], t[i + 2]);
      r[i + 2] = _mm512_unpacklo_epi64(t[i + 1], t[i + 3]);
      r[i + 3] = _mm512_unpackhi_epi64(t[i + 1], t[i + 3]);
    }
    for (int i = 0; i < 16; i += 8) {
      for (int j = 0; j < 4; ++j) {
        t[i + j] = _mm512_shuffle_i32x4(r[i + j], r[i + j + 4], 0x88);
        t[i + j + 4] = _mm512_shuffle_i32x4(r[i + j], r[i + j + 4], 0xdd);
      }
    }
    for (int j = 0; j < 8; ++j) {
      r[j] = _mm512_shuffle_i32x4(t[j], t[j + 8], 0x88);
      r[j + 8] = _mm512_shuffle_i32x4(t[j], t[j + 8], 0xdd);
    }
  }

  // --- 32 weights as int16
  // The lower nibbles of 16 bytes, then the upper ones.
  static W NibbleHalves(const uint8_t* p) {
    // As constants: gcc 12 makes them anew, four instructions each time, where
    // they are put together of intrinsics.
    static constexpr NibblePlaces kPlaces;
    const __m512i bytes = _mm512_broadcast_i32x4(
        _mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
    const __m512i words = _mm512_shuffle_epi8(bytes, LoadI(kPlaces.bytes));
    return {_mm512_and_si512(_mm512_srlv_epi16(words, LoadI(kPlaces.shifts)),
                             _mm512_set1_epi16(15))};
  }
  static W UnsignedBytes(const uint8_t* p) {
    return {_mm512_cvtepu8_epi16(
        _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)))};
  }
  static W SignedBytes(const uint8_t* p) {
    return {_mm512_cvtepi8_epi16(
        _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)))};
  }
  // The kBits bits above kShift of weights that came from unsigned bytes.
  template <int kShift, int kBits>
  static W Field(W w) {
    const __m512i shifted = kShift == 0 ? w.v : _mm512_srli_epi16(w.v, kShift);
    if (kShift + kBits == 8) return {shifted};
    return {_mm512_and_si512(shifted, _mm512_set1_epi16((1 << kBits) - 1))};
  }
  template <int kShift>
  static W ShiftLeft(W w) {
    return {_mm512_slli_epi16(w.v, kShift)};
  }
  static W Or(W a, W b) { return {_mm512_or_si512(a.v, b.v)}; }
  static W AddW(W w, int16_t x) {
    return {_mm512_add_epi16(w.v, _mm512_set1_epi16(x))};
  }
  // Adds X to weight i where bit i of BITS is set.
  static W AddWhere(W w, uint32_t bits, int16_t x) {
    return {_mm512_mask_add_epi16(w.v, bits, w.v, _mm512_set1_epi16(x))};
  }
  // A table of 16 int8.
  using Table = __m512i;
  static Table LoadTable(const int8_t (&values)[16]) {
    const __m256i words = _mm256_cvtepi8_epi16(
        _mm_loadu_si128(reinterpret_cast<const __m128i*>(values)));
    return _mm512_broadcast_i64x4(words);
  }
  static W LookUp(Table table, W index) {
    return {_mm512_permutexvar_epi16(index.v, table)};
  }
  // p[i / 8]
  static F EachForEight(const float* p) {
    return _mm512_insertf32x8(_mm512_set1_ps(p[0]), _mm256_set1_ps(p[1]), 1);
  }
  // acc plus the products with 32 int16, their sum spread over the lanes.
  static I Dot(I acc, W w, const int16_t* x) {
    return _mm512_dpwssd_epi32(acc, w.v, _mm512_loadu_si512(x));
  }
  static void ToFloats(W w, F (&out)[2]) {
    out[0] =
        _mm512_cvtepi32_ps(_mm512_cvtepi16_epi32(_mm512_castsi512_si256(w.v)));
    out[1] = _mm512_cvtepi32_ps(
        _mm512_cvtepi16_epi32(_mm512_extracti64x4_epi64(w.v, 1)));
  }

  // --- four blocks of 32 weights at once, as unsigned bytes: the first 16 of
  // each block, then their other halves
  static constexpr int kGroup = 4;
  struct Group {
    __m512i first, second;
  };
  // The lower nibbles of 16 bytes of each, then the upper ones.
  [[gnu::always_inline]] static Group NibbleGroup(
      const uint8_t* const (&p)[4]) {
    const auto load = [](const uint8_t* from) {
      return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
    };
    __m512i bytes = _mm512_castsi128_si512(load(p[0]));
    bytes = _mm512_mask_broadcast_i32x4(bytes, 0x00f0, load(p[1]));
    bytes = _mm512_mask_broadcast_i32x4(bytes, 0x0f00, load(p[2]));
    bytes = _mm512_mask_broadcast_i32x4(bytes, 0xf000, load(p[3]));
    const __m512i nibble = _mm512_set1_epi8(15);
    return {_mm512_and_si512(bytes, nibble),
            _mm512_and_si512(_mm512_srli_epi16(bytes, 4), nibble)};
  }
  // Sets bit 4 of weight i of a block where bit i of its 32 at p is set.
  [[gnu::always_inline]] static Group SetBit4(Group w,
                                              const uint8_t* const (&p)[4]) {
    uint32_t bits[4];
    for (int i = 0; i < 4; ++i) __builtin_memcpy(&bits[i], p[i], 4);
    const uint64_t ab = uint64_t{bits[1]} << 32 | bits[0];
    const uint64_t cd = uint64_t{bits[3]} << 32 | bits[2];
    const __m512i all = _mm512_set1_epi8(16);
    return {_mm512_mask_add_epi8(w.first, LowHalves(ab) | LowHalves(cd) << 32,
                                 w.first, all),
            _mm512_mask_add_epi8(
                w.second, LowHalves(ab >> 16) | LowHalves(cd >> 16) << 32,
                w.second, all)};
  }
  [[gnu::always_inline]] static Group LookUp(const uint8_t (&table)[16],
                                             Group index) {
    const __m512i values = _mm512_broadcast_i32x4(
        _mm_loadu_si128(reinterpret_cast<const __m128i*>(table)));
    return {_mm512_shuffle_epi8(values, index.first),
            _mm512_shuffle_epi8(values, index.second)};
  }
  // The products with 128 integers h * 128 + l; a block's sum is spread over
  // four lanes. PLANES: h of the first halves, of the second, then l.
  template <int kLargest>
  [[gnu::always_inline]] static I DotGroup(Group w, const int8_t* planes) {
    I high = _mm512_dpbusd_epi32(_mm512_setzero_si512(), w.first,
                                 _mm512_loadu_si512(planes));
    high = _mm512_dpbusd_epi32(high, w.second, _mm512_loadu_si512(planes + 64));
    I low = _mm512_dpbusd_epi32(_mm512_slli_epi32(high, 7), w.first,
                                _mm512_loadu_si512(planes + 128));
    return _mm512_dpbusd_epi32(low, w.second, _mm512_loadu_si512(planes + 192));
  }
  // For blocks of 256: 16 bytes at each of four places, one a lane; bits moved
  // in each lane by a count of its own; masks.
  using Half = Group;
  static Group Chunks(Half w, int) { return w; }
  template <int a, int b, int c, int d>
  static __m512i Lanes(const uint8_t* p) {
    const __m512i bytes = _mm512_loadu_si512(p);
    return _mm512_shuffle_i32x4(bytes, bytes, a | b << 2 | c << 4 | d << 6);
  }
  static __m512i EachLane(const uint8_t* p) {
    return _mm512_broadcast_i32x4(
        _mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
  }
  // Left by COUNT + STEP * lane, right where that is negative; only bits that
  // stay in their byte are meant.
  template <int kCount, int kStep>
  static __m512i Rotate(__m512i x) {
    return _mm512_rolv_epi32(
        x, LaneCounts((kCount + 32) % 32, (kCount + kStep + 32) % 32,
                      (kCount + 2 * kStep + 32) % 32,
                      (kCount + 3 * kStep + 32) % 32));
  }
  template <int a, int b, int c, int d>
  static __m512i ShiftRight(__m512i x) {
    return _mm512_srlv_epi32(x, LaneCounts(a, b, c, d));
  }
  template <int kMask>
  static __m512i Mask(__m512i x) {
    return _mm512_and_si512(x, _mm512_set1_epi8(kMask));
  }
  // (x & 15) | y
  static __m512i NibbleOr(__m512i x, __m512i y) {
    return _mm512_ternarylogic_epi32(x, _mm512_set1_epi8(15), y, 0xea);
  }
  // The scales of 8 groups of 16 weights, twice; then of V::kGroup chunks:
  // those of their first groups where kSecond is 0, of the others where it
  // is 1.
  using Scales = F;
  static F LoadScales(const int16_t* p) {
    return _mm512_cvtepi32_ps(_mm512_cvtepi16_epi32(_mm256_broadcastsi128_si256(
        _mm_loadu_si128(reinterpret_cast<const __m128i*>(p)))));
  }
  template <int kSecond>
  static F EachSecond(F scales, int) {
    const __m512i fours =
        _mm512_setr_epi32(0, 0, 0, 0, 2, 2, 2, 2, 4, 4, 4, 4, 6, 6, 6, 6);
    return _mm512_permutexvar_ps(
        _mm512_add_epi32(fours, _mm512_set1_epi32(kSecond)), scales);
  }
  // A sum of products of integers times their scales.
  using ScaledSum = F;
  static F ZeroScaledSum() { return Zero(); }
  static F Total(F sum) { return sum; }
  template <int kLargest>
  [[gnu::always_inline]] static void AddGroup(Group w, const int8_t* planes,
                                              F scales, F& sum) {
    sum = Fma(ToFloat(DotGroup<kLargest>(w, planes)), scales, sum);
  }
  // One half of the chunks alone.
  [[gnu::always_inline]] static void AddHalves(__m512i w, const int8_t* planes,
                                               F scales, F& sum) {
    const I high = _mm512_dpbusd_epi32(_mm512_setzero_si512(), w,
                                       _mm512_loadu_si512(planes));
    const I dot = _mm512_dpbusd_epi32(_mm512_slli_epi32(high, 7), w,
                                      _mm512_loadu_si512(planes + 128));
    sum = Fma(ToFloat(dot), scales, sum);
  }
  // out[i] = x[4 j + i / 4]
  [[gnu::always_inline]] static F EachFourTimes(F x, int j) {
    const __m512i fours =
        _mm512_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3);
    return _mm512_permutexvar_ps(
        _mm512_add_epi32(fours, _mm512_set1_epi32(4 * j)), x);
  }

  // The halves at p, p + kStride, … as floats: the first COUNT (at least 1) of
  // 16, zeros behind. Reads nothing behind the last of them.
  template <int kStride>
  [[gnu::always_inline]] static F GatherHalves(const uint8_t* p, int count) {
    constexpr int kLoads = (15 * kStride + 2 + 127) / 128;
    __m256i halves = _mm256_setzero_si256();
    for (int i = 0; i < kLoads; ++i) {
      static constexpr HalfPlaces<kStride> kPlaces[] = {
          HalfPlaces<kStride>(0), HalfPlaces<kStride>(1),
          HalfPlaces<kStride>(2), HalfPlaces<kStride>(3),
          HalfPlaces<kStride>(4)};
      static_assert(kLoads <= 5);
      const int64_t bytes = (count - 1) * kStride + 2 - 128 * i;
      const __m512i found = _mm512_permutex2var_epi16(
          LoadBytes(p + 128 * i, bytes),
          _mm512_castsi256_si512(_mm256_loadu_si256(
              reinterpret_cast<const __m256i*>(kPlaces[i].index))),
          LoadBytes(p + 128 * i + 64, bytes - 64));
      halves = _mm256_or_si256(
          halves, _mm256_maskz_mov_epi16(kPlaces[i].mask,
                                         _mm512_castsi512_si256(found)));
    }
    return _mm512_cvtph_ps(halves);
  }

 private:
  // Which of 16 halves lie in the 128 bytes number I, and where.
  template <int kStride>
  struct HalfPlaces {
    consteval explicit HalfPlaces(int i) {
      for (int j = 0; j < 16; ++j) {
        const int byte = j * kStride - 128 * i;
        if (byte < 0 || byte >= 128) continue;
        index[j] = static_cast<int16_t>(byte / 2);
        mask = static_cast<uint16_t>(mask | 1 << j);
      }
    }
    int16_t index[16] = {};
    uint16_t mask = 0;
  };

  static __m512i LaneCounts(int a, int b, int c, int d) {
    return _mm512_setr_epi32(a, a, a, a, b, b, b, b, c, c, c, c, d, d, d, d);
  }

  // The lower 16 bits of each 32, side by side.
  static uint64_t LowHalves(uint64_t x) {
    return (x & 0xffff) | (x >> 16 & 0xffff0000);
  }

  // The first COUNT of 64 bytes, zeros behind; COUNT may be out of [0, 64].
  static __m512i LoadBytes(const uint8_t* p, int64_t count) {
    if (count >= 64) return _mm512_loadu_si512(p);
    if (count <= 0) return _mm512_setzero_si512();
    return _mm512_maskz_loadu_epi8((uint64_t{1} << count) - 1, p);
  }
};

}  // namespace
}  // namespace fullstop::kernels::avx512

#endif  // FULLSTOP_KERNELS_AVX512_VECTOR_H_
