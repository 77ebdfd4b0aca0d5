// The vector that the algorithms of kernels/vector/ are written for, on AVX2
// with FMA and F16C. Everything here is internal to the including file: the
// linker must not take one of these functions for a file compiled with other
// flags.
#ifndef FULLSTOP_KERNELS_AVX2_VECTOR_H_
#define FULLSTOP_KERNELS_AVX2_VECTOR_H_

#include <immintrin.h>
#include <stdint.h>

namespace fullstop::kernels::avx2 {
// Internal to each including file: see the README.
// NOLINTNEXTLINE(google-build-namespaces)
namespace {

struct Vector {
  static constexpr int kLanes = 8;  // floats, int32 and pairs of int16
  // Of decode's activations: their upper 7 bits times a byte, twice, stay
  // within an int16.
  static constexpr int kLargestInput = 8127;
  static constexpr int kTileRows = 6;  // with two vectors each, 12 registers

  using F = __m256;
  using I = __m256i;
  struct D {  // kLanes doubles
    __m256d low, high;
  };
  struct W {  // 32 int16 in the order of the weights
    __m256i low, high;
  };

  // --- floats
  static F Zero() { return _mm256_setzero_ps(); }
  static F Set(float x) { return _mm256_set1_ps(x); }
  static F Load(const float* p) { return _mm256_loadu_ps(p); }
  static void Store(float* p, F x) { _mm256_storeu_ps(p, x); }
  static F Add(F a, F b) { return _mm256_add_ps(a, b); }
  static F Sub(F a, F b) { return _mm256_sub_ps(a, b); }
  static F Mul(F a, F b) { return _mm256_mul_ps(a, b); }
  static F Div(F a, F b) { return _mm256_div_ps(a, b); }
  static F Fma(F a, F b, F c) { return _mm256_fmadd_ps(a, b, c); }
  static F FmaSub(F a, F b, F c) { return _mm256_fmsub_ps(a, b, c); }
  // The second operand where either is a NaN.
  static F Max(F a, F b) { return _mm256_max_ps(a, b); }
  static F Min(F a, F b) { return _mm256_min_ps(a, b); }
  static F Round(F x) {
    return _mm256_round_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  }
  static F Negate(F x) { return _mm256_xor_ps(x, _mm256_set1_ps(-0.0f)); }
  static float Sum(F x) {
    const __m128 quarter =
        _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
    const __m128 pair = _mm_add_ps(quarter, _mm_movehl_ps(quarter, quarter));
    return _mm_cvtss_f32(_mm_add_ss(pair, _mm_movehdup_ps(pair)));
  }
  static float MaxLane(F x) {
    const __m128 quarter =
        _mm_max_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
    const __m128 pair = _mm_max_ps(quarter, _mm_movehl_ps(quarter, quarter));
    return _mm_cvtss_f32(_mm_max_ss(pair, _mm_movehdup_ps(pair)));
  }
  // Swaps each even lane with the odd one behind it.
  static F SwapPairs(F x) { return _mm256_permute_ps(x, 0xb1); }
  // Odd lanes of a * b + c, even lanes of a * b - c.
  static F FmaAddSub(F a, F b, F c) { return _mm256_fmaddsub_ps(a, b, c); }
  // Each of kLanes / 2 floats twice.
  static F LoadDoubled(const float* p) {
    const __m256i each_twice = _mm256_setr_epi32(0, 0, 1, 1, 2, 2, 3, 3);
    return _mm256_permutevar8x32_ps(_mm256_castps128_ps256(_mm_loadu_ps(p)),
                                    each_twice);
  }

  // --- the first n of kLanes; the others read as zero and are not written
  static __m256i First(int n) {
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(n),
                              _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
  }
  static F LoadFirst(const float* p, int n) {
    return _mm256_maskload_ps(p, First(n));
  }
  static void StoreFirst(float* p, F x, int n) {
    _mm256_maskstore_ps(p, First(n), x);
  }
  static F SelectFirst(int n, F x, F otherwise) {
    return _mm256_blendv_ps(otherwise, x, _mm256_castsi256_ps(First(n)));
  }
  // x[i] where a[i] < b[i], else otherwise[i] (also where either is a NaN).
  static F SelectLess(F a, F b, F x, F otherwise) {
    return _mm256_blendv_ps(otherwise, x, _mm256_cmp_ps(a, b, _CMP_LT_OQ));
  }

  // --- 16-bit floats
  static F FromHalf(const uint16_t* p) {
    return _mm256_cvtph_ps(
        _mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
  }
  static F FromBf16(const uint16_t* p) {
    const __m128i bits = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    return _mm256_castsi256_ps(
        _mm256_slli_epi32(_mm256_cvtepu16_epi32(bits), 16));
  }
  static void ToHalf(uint16_t* p, F x) {
    _mm_storeu_si128(
        reinterpret_cast<__m128i*>(p),
        _mm256_cvtps_ph(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
  }
  // The low 16 bits of each lane.
  static void StoreLowHalves(uint16_t* p, I x) {
    const __m256i low = _mm256_and_si256(x, _mm256_set1_epi32(0xffff));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(p),
                     _mm_packus_epi32(_mm256_castsi256_si128(low),
                                      _mm256_extracti128_si256(low, 1)));
  }

  // --- doubles
  static D ZeroD() { return {_mm256_setzero_pd(), _mm256_setzero_pd()}; }
  static D ToDouble(F x) {
    return {
        _mm256_cvtps_pd(_mm256_castps256_ps128(x)),
        _mm256_cvtps_pd(_mm256_extractf128_ps(x, 1)),
    };
  }
  static D AddD(D a, D b) {
    return {_mm256_add_pd(a.low, b.low), _mm256_add_pd(a.high, b.high)};
  }
  static D FmaD(D a, D b, D c) {
    return {_mm256_fmadd_pd(a.low, b.low, c.low),
            _mm256_fmadd_pd(a.high, b.high, c.high)};
  }
  static double SumD(D x) {
    const __m256d all = _mm256_add_pd(x.low, x.high);
    const __m128d pair =
        _mm_add_pd(_mm256_castpd256_pd128(all), _mm256_extractf128_pd(all, 1));
    return _mm_cvtsd_f64(_mm_add_sd(pair, _mm_unpackhi_pd(pair, pair)));
  }

  // --- int32
  static I ZeroI() { return _mm256_setzero_si256(); }
  static I SetI(int32_t x) { return _mm256_set1_epi32(x); }
  static I LoadI(const void* p) {
    return _mm256_loadu_si256(static_cast<const __m256i*>(p));
  }
  static void StoreI(void* p, I x) {
    _mm256_storeu_si256(static_cast<__m256i*>(p), x);
  }
  static I AddI(I a, I b) { return _mm256_add_epi32(a, b); }
  static I SubI(I a, I b) { return _mm256_sub_epi32(a, b); }
  static I MaxI(I a, I b) { return _mm256_max_epi32(a, b); }
  static I AndI(I a, I b) { return _mm256_and_si256(a, b); }
  static I OrI(I a, I b) { return _mm256_or_si256(a, b); }
  template <int kBits>
  static I ShiftLeftI(I x) {
    return _mm256_slli_epi32(x, kBits);
  }
  template <int kBits>
  static I ShiftRightI(I x) {
    return _mm256_srli_epi32(x, kBits);
  }
  template <int kBits>
  static I ShiftRightSignedI(I x) {
    return _mm256_srai_epi32(x, kBits);
  }
  static F Bits(I x) { return _mm256_castsi256_ps(x); }
  static I Bits(F x) { return _mm256_castps_si256(x); }
  static F ToFloat(I x) { return _mm256_cvtepi32_ps(x); }
  static I ToInt(F x) { return _mm256_cvtps_epi32(x); }
  static int32_t MaxLane(I x) {
    const __m128i four = _mm_max_epi32(_mm256_castsi256_si128(x),
                                       _mm256_extracti128_si256(x, 1));
    const __m128i two = _mm_max_epi32(four, _mm_shuffle_epi32(four, 0x4e));
    return _mm_cvtsi128_si32(_mm_max_epi32(two, _mm_shuffle_epi32(two, 0xb1)));
  }
  static I FromInt16(const int16_t* p) {
    return _mm256_cvtepi16_epi32(
        _mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
  }
  // Of each pair of int16 the second.
  static I FromPairs(const int16_t* p) {
    return _mm256_srai_epi32(LoadI(p), 16);
  }
  // Saturated.
  static void ToInt16(int16_t* p, I x) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(p),
                     _mm_packs_epi32(_mm256_castsi256_si128(x),
                                     _mm256_extracti128_si256(x, 1)));
  }
  // X where VALUE is a NaN, else OTHERWISE.
  static I SelectNan(F value, I x, I otherwise) {
    return _mm256_blendv_epi8(otherwise, x,
                              Bits(_mm256_cmp_ps(value, value, _CMP_UNORD_Q)));
  }
  // Bit i: x[i] <= y[i] is false (a NaN makes it so).
  static uint32_t NotLessOrEqual(F x, F y) {
    return static_cast<uint32_t>(
        _mm256_movemask_ps(_mm256_cmp_ps(x, y, _CMP_NLE_UQ)));
  }
  // acc[i] + a[2i] * b[2i] + a[2i+1] * b[2i+1] over int16.
  static I DotPairs(I acc, I a, I b) {
    return _mm256_add_epi32(acc, _mm256_madd_epi16(a, b));
  }

  // X, held in a register here. In a loop over sums this keeps gcc 12 from
  // splitting them into copies, which it then spills: three times slower.
  static I Keep(I x) {
    __asm__("" : "+x"(x));
    return x;
  }
  static F Keep(F x) {
    __asm__("" : "+x"(x));
    return x;
  }

  static void Transpose(I (&r)[kLanes]) {
    I t[kLanes];
    for (int i = 0; i < 8; i += 2) {
      t[i] = _mm256_unpacklo_epi32(r[i], r[i + 1]);
      t[i + 1] = _mm256_unpackhi_epi32(r[i], r[i + 1]);
    }
    for (int i = 0; i < 8; i += 4) {
      r[i] = _mm256_unpacklo_epi64(t[i], t[i + 2]);
      r[i + 1] = _mm256_unpackhi_epi64(t[i], t[i + 2]);
      r[i + 2] = _mm256_unpacklo_epi64(t[i + 1], t[i + 3]);
      r[i + 3] = _mm256_unpackhi_epi64(t[i + 1], t[i + 3]);
    }
    for (int j = 0; j < 4; ++j) {
      t[j] = _mm256_permute2x128_si256(r[j], r[j + 4], 0x20);
      t[j + 4] = _mm256_permute2x128_si256(r[j], r[j + 4], 0x31);
    }
    for (int j = 0; j < 8; ++j) r[j] = t[j];
  }

  // --- 32 weights as int16
  // The lower nibbles of 16 bytes, then the upper ones.
  static W NibbleHalves(const uint8_t* p) {
    const __m256i words = _mm256_cvtepu8_epi16(
        _mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
    return {_mm256_and_si256(words, _mm256_set1_epi16(15)),
            _mm256_srli_epi16(words, 4)};
  }
  static W UnsignedBytes(const uint8_t* p) {
    return {_mm256_cvtepu8_epi16(
                _mm_loadu_si128(reinterpret_cast<const __m128i*>(p))),
            _mm256_cvtepu8_epi16(
                _mm_loadu_si128(reinterpret_cast<const __m128i*>(p + 16)))};
  }
  static W SignedBytes(const uint8_t* p) {
    return {_mm256_cvtepi8_epi16(
                _mm_loadu_si128(reinterpret_cast<const __m128i*>(p))),
            _mm256_cvtepi8_epi16(
                _mm_loadu_si128(reinterpret_cast<const __m128i*>(p + 16)))};
  }
  // The kBits bits above kShift of weights that came from unsigned bytes.
  template <int kShift, int kBits>
  static W Field(W w) {
    const W shifted = kShift == 0 ? w
                                  : W{_mm256_srli_epi16(w.low, kShift),
                                      _mm256_srli_epi16(w.high, kShift)};
    if (kShift + kBits == 8) return shifted;
    const __m256i mask = _mm256_set1_epi16((1 << kBits) - 1);
    return {_mm256_and_si256(shifted.low, mask),
            _mm256_and_si256(shifted.high, mask)};
  }
  template <int kShift>
  static W ShiftLeft(W w) {
    return {_mm256_slli_epi16(w.low, kShift),
            _mm256_slli_epi16(w.high, kShift)};
  }
  static W Or(W a, W b) {
    return {_mm256_or_si256(a.low, b.low), _mm256_or_si256(a.high, b.high)};
  }
  static W AddW(W w, int16_t x) {
    const __m256i all = _mm256_set1_epi16(x);
    return {_mm256_add_epi16(w.low, all), _mm256_add_epi16(w.high, all)};
  }
  // Adds X to weight i where bit i of BITS is set.
  static W AddWhere(W w, uint32_t bits, int16_t x) {
    const __m256i each =
        _mm256_setr_epi16(1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048,
                          4096, 8192, 16384, static_cast<int16_t>(0x8000));
    const __m256i all = _mm256_set1_epi16(x);
    const __m256i low = _mm256_set1_epi16(static_cast<int16_t>(bits));
    const __m256i high = _mm256_set1_epi16(static_cast<int16_t>(bits >> 16));
    const __m256i in_low =
        _mm256_cmpeq_epi16(_mm256_and_si256(low, each), each);
    const __m256i in_high =
        _mm256_cmpeq_epi16(_mm256_and_si256(high, each), each);
    return {_mm256_add_epi16(w.low, _mm256_and_si256(in_low, all)),
            _mm256_add_epi16(w.high, _mm256_and_si256(in_high, all))};
  }
  // A table of 16 int8.
  using Table = __m256i;
  static Table LoadTable(const int8_t (&values)[16]) {
    return _mm256_broadcastsi128_si256(
        _mm_loadu_si128(reinterpret_cast<const __m128i*>(values)));
  }
  static W LookUp(Table table, W index) {
    return {SignExtend(_mm256_shuffle_epi8(table, index.low)),
            SignExtend(_mm256_shuffle_epi8(table, index.high))};
  }
  // p[i / 8]
  static F EachForEight(const float* p) { return _mm256_set1_ps(p[0]); }
  // acc plus the products with 32 int16, their sum spread over the lanes.
  static I Dot(I acc, W w, const int16_t* x) {
    return DotPairs(DotPairs(acc, w.low, LoadI(x)), w.high, LoadI(x + 16));
  }
  static void ToFloats(W w, F (&out)[4]) {
    out[0] = ToFloat(_mm256_cvtepi16_epi32(_mm256_castsi256_si128(w.low)));
    out[1] = ToFloat(_mm256_cvtepi16_epi32(_mm256_extracti128_si256(w.low, 1)));
    out[2] = ToFloat(_mm256_cvtepi16_epi32(_mm256_castsi256_si128(w.high)));
    out[3] =
        ToFloat(_mm256_cvtepi16_epi32(_mm256_extracti128_si256(w.high, 1)));
  }

  // --- two blocks of 32 weights at once, as unsigned bytes: the first 16 of
  // each block, then their other halves
  static constexpr int kGroup = 2;
  struct Group {
    __m256i first, second;
  };
  // The lower nibbles of 16 bytes of each, then the upper ones.
  [[gnu::always_inline]] static Group NibbleGroup(
      const uint8_t* const (&p)[2]) {
    const __m256i bytes = Join(p[0], p[1]);
    const __m256i nibble = _mm256_set1_epi8(15);
    return {_mm256_and_si256(bytes, nibble),
            _mm256_and_si256(_mm256_srli_epi16(bytes, 4), nibble)};
  }
  // Sets bit 4 of weight i of a block where bit i of its 32 at p is set.
  [[gnu::always_inline]] static Group SetBit4(Group w,
                                              const uint8_t* const (&p)[2]) {
    int32_t a, b;
    __builtin_memcpy(&a, p[0], sizeof(a));
    __builtin_memcpy(&b, p[1], sizeof(b));
    const __m256i bits = _mm256_setr_epi32(a, a, a, a, b, b, b, b);
    const __m256i low =
        _mm256_setr_epi64x(0, 0x0101010101010101, 0, 0x0101010101010101);
    const __m256i each =
        _mm256_set1_epi64x(static_cast<int64_t>(0x8040201008040201));
    const __m256i bit4 = _mm256_set1_epi8(16);
    const auto set = [&](__m256i q, __m256i bytes) {
      const __m256i spread =
          _mm256_and_si256(_mm256_shuffle_epi8(bits, bytes), each);
      return _mm256_or_si256(
          q, _mm256_and_si256(_mm256_cmpeq_epi8(spread, each), bit4));
    };
    return {set(w.first, low),
            set(w.second, _mm256_add_epi8(low, _mm256_set1_epi8(2)))};
  }
  [[gnu::always_inline]] static Group LookUp(const uint8_t (&table)[16],
                                             Group index) {
    const __m256i values = _mm256_broadcastsi128_si256(
        _mm_loadu_si128(reinterpret_cast<const __m128i*>(table)));
    return {_mm256_shuffle_epi8(values, index.first),
            _mm256_shuffle_epi8(values, index.second)};
  }
  // The products with 64 integers h * 128 + l; a block's sum is spread over
  // four lanes. PLANES: h of the first halves, of the second, then l; an int16
  // holds two products of kLargest and 64, or four.
  template <int kLargest>
  [[gnu::always_inline]] static I DotGroup(Group w, const int8_t* planes) {
    const auto multiply = [&](const int8_t* x, int16_t by) {
      const __m256i first = _mm256_maddubs_epi16(w.first, LoadI(x));
      const __m256i second = _mm256_maddubs_epi16(w.second, LoadI(x + 32));
      const __m256i factor = _mm256_set1_epi16(by);
      if constexpr (kLargest * 64 * 4 < 32768) {
        return _mm256_madd_epi16(_mm256_add_epi16(first, second), factor);
      } else {
        return _mm256_add_epi32(_mm256_madd_epi16(first, factor),
                                _mm256_madd_epi16(second, factor));
      }
    };
    static_assert(kLargest * 64 * 2 < 32768);
    return _mm256_add_epi32(multiply(planes, 128), multiply(planes + 64, 1));
  }
  // For blocks of 256: 16 bytes at each of four places, one a lane; bits moved
  // in each lane by a count of its own; masks.
  struct Wide {
    __m256i low, high;
  };
  struct Half {
    Wide first, second;
  };
  // Chunk CHUNK (0 or 2) and the one behind it.
  [[gnu::always_inline]] static Group Chunks(const Half& w, int chunk) {
    if (chunk == 0) return {w.first.low, w.second.low};
    return {w.first.high, w.second.high};
  }
  template <int a, int b, int c, int d>
  [[gnu::always_inline]] static Wide Lanes(const uint8_t* p) {
    return {Join(p + 16 * a, p + 16 * b), Join(p + 16 * c, p + 16 * d)};
  }
  [[gnu::always_inline]] static Wide EachLane(const uint8_t* p) {
    const __m256i bytes = Join(p, p);
    return {bytes, bytes};
  }
  // Left by COUNT + STEP * lane, right where that is negative; only bits that
  // stay in their byte are meant.
  template <int kCount, int kStep>
  [[gnu::always_inline]] static Wide Rotate(Wide x) {
    return {ShiftLanes<kCount, kCount + kStep>(x.low),
            ShiftLanes<kCount + 2 * kStep, kCount + 3 * kStep>(x.high)};
  }
  template <int a, int b, int c, int d>
  [[gnu::always_inline]] static Wide ShiftRight(Wide x) {
    return {ShiftLanes<-a, -b>(x.low), ShiftLanes<-c, -d>(x.high)};
  }
  template <int kMask>
  [[gnu::always_inline]] static Wide Mask(Wide x) {
    const __m256i mask = _mm256_set1_epi8(kMask);
    return {_mm256_and_si256(x.low, mask), _mm256_and_si256(x.high, mask)};
  }
  [[gnu::always_inline]] static Wide OrI(Wide a, Wide b) {
    return {_mm256_or_si256(a.low, b.low), _mm256_or_si256(a.high, b.high)};
  }
  // (x & 15) | y
  [[gnu::always_inline]] static Wide NibbleOr(Wide x, Wide y) {
    return OrI(Mask<15>(x), y);
  }
  [[gnu::always_inline]] static Half NibbleGroup(const uint8_t* const (&p)[4]) {
    return Halves(NibbleGroup({p[0], p[1]}), NibbleGroup({p[2], p[3]}));
  }
  [[gnu::always_inline]] static Half LookUp(const uint8_t (&table)[16],
                                            const Half& index) {
    return Halves(LookUp(table, Chunks(index, 0)),
                  LookUp(table, Chunks(index, 2)));
  }
  // The scales of 8 groups of 16 weights; then of chunk CHUNK and the one
  // behind it: those of their first groups where kSecond is 0, of the others
  // where it is 1.
  using Scales = __m256i;
  static Scales LoadScales(const int16_t* p) {
    return _mm256_broadcastsi128_si256(
        _mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
  }
  template <int kSecond>
  [[gnu::always_inline]] static Scales EachSecond(Scales scales, int chunk) {
    const auto word = [&](int group) {
      return static_cast<int16_t>((2 * group + 1) << 8 | 2 * group);
    };
    const int16_t a = word(2 * chunk + kSecond);
    const int16_t b = word(2 * chunk + 2 + kSecond);
    return _mm256_shuffle_epi8(
        scales,
        _mm256_setr_epi16(a, a, a, a, a, a, a, a, b, b, b, b, b, b, b, b));
  }
  // A sum of products of integers h * 128 + l times their scales: 256 weights
  // that DotGroup takes and scales of eight bits stay within an int32.
  struct ScaledSum {
    __m256i high, low;
  };
  static ScaledSum ZeroScaledSum() { return {ZeroI(), ZeroI()}; }
  static F Total(ScaledSum sum) {
    return ToFloat(_mm256_add_epi32(_mm256_slli_epi32(sum.high, 7), sum.low));
  }
  template <int kLargest>
  [[gnu::always_inline]] static void AddGroup(Group w, const int8_t* planes,
                                              Scales scales, ScaledSum& sum) {
    if constexpr (kLargest * 64 * 4 < 32768) {
      const auto pairs = [&](const int8_t* x) {
        return _mm256_add_epi16(_mm256_maddubs_epi16(w.first, LoadI(x)),
                                _mm256_maddubs_epi16(w.second, LoadI(x + 32)));
      };
      sum.high = DotPairs(sum.high, pairs(planes), scales);
      sum.low = DotPairs(sum.low, pairs(planes + 64), scales);
    } else {
      AddHalves(w.first, planes, scales, sum);
      AddHalves(w.second, planes + 32, scales, sum);
    }
  }
  // One half of the chunks alone.
  [[gnu::always_inline]] static void AddHalves(__m256i w, const int8_t* planes,
                                               Scales scales, ScaledSum& sum) {
    sum.high =
        DotPairs(sum.high, _mm256_maddubs_epi16(w, LoadI(planes)), scales);
    sum.low =
        DotPairs(sum.low, _mm256_maddubs_epi16(w, LoadI(planes + 64)), scales);
  }
  // out[i] = x[2 j + i / 4]
  [[gnu::always_inline]] static F EachFourTimes(F x, int j) {
    const __m256i fours = _mm256_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1);
    return _mm256_permutevar8x32_ps(
        x, _mm256_add_epi32(fours, _mm256_set1_epi32(2 * j)));
  }

  // The halves at p, p + kStride, … as floats: the first COUNT of 8, zeros
  // behind.
  template <int kStride>
  static F GatherHalves(const uint8_t* p, int count) {
    uint16_t halves[8] = {};
    for (int i = 0; i < count; ++i) {
      __builtin_memcpy(&halves[i], p + i * kStride, sizeof(halves[i]));
    }
    return FromHalf(halves);
  }

 private:
  [[gnu::always_inline]] static __m256i Join(const uint8_t* a,
                                             const uint8_t* b) {
    if (a == b) {
      return _mm256_broadcastsi128_si256(
          _mm_loadu_si128(reinterpret_cast<const __m128i*>(a)));
    }
    return _mm256_inserti128_si256(
        _mm256_castsi128_si256(
            _mm_loadu_si128(reinterpret_cast<const __m128i*>(a))),
        _mm_loadu_si128(reinterpret_cast<const __m128i*>(b)), 1);
  }
  static Half Halves(Group low, Group high) {
    return {{low.first, high.first}, {low.second, high.second}};
  }
  // The lower lane left by A bits, the upper by B; right where negative.
  template <int a, int b>
  [[gnu::always_inline]] static __m256i ShiftLanes(__m256i x) {
    static_assert((a >= 0 && b >= 0) || (a <= 0 && b <= 0));
    if constexpr (a == 0 && b == 0) {
      return x;
    } else if constexpr (a >= 0 && b >= 0) {
      return _mm256_sllv_epi32(x, _mm256_setr_epi32(a, a, a, a, b, b, b, b));
    } else {
      return _mm256_srlv_epi32(
          x, _mm256_setr_epi32(-a, -a, -a, -a, -b, -b, -b, -b));
    }
  }
  // The lower byte of each word.
  static __m256i SignExtend(__m256i x) {
    return _mm256_srai_epi16(_mm256_slli_epi16(x, 8), 8);
  }
};

}  // namespace
}  // namespace fullstop::kernels::avx2

#endif  // FULLSTOP_KERNELS_AVX2_VECTOR_H_
