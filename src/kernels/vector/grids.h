// The types of one to three bits a weight, and NVFP4, unpacked to signed bytes
// q with a scale for each 16: weight = scale * q. Every phase reads them block
// by block as floats, decode too, whose products are then exact in float32.
#ifndef FULLSTOP_KERNELS_VECTOR_GRIDS_H_
#define FULLSTOP_KERNELS_VECTOR_GRIDS_H_

#include "format/iq_grids.h"
#include "kernels/operations.h"
#include "kernels/vector/prefetch.h"
#include "kernels/vector/quantize.h"
#include "kernels/vector/weights.h"

namespace fullstop::kernels::vector {

constexpr uint64_t kEachByte = 0x0101010101010101;

struct SignMasks {
  uint64_t masks[256];
};

// A byte of all ones for each bit.
consteval SignMasks MakeSignMasks() {
  SignMasks made = {};
  for (uint64_t signs = 0; signs < 256; ++signs) {
    for (int i = 0; i < 8; ++i) {
      if ((signs >> i & 1) != 0) made.masks[signs] |= uint64_t{0xFF} << 8 * i;
    }
  }
  return made;
}

// Eight bytes, none of them 0, negated where SIGNS has a bit.
static inline void StoreSigned(uint64_t bytes, uint32_t signs, int8_t* q) {
  static constexpr SignMasks kMasks = MakeSignMasks();
  const uint64_t mask = kMasks.masks[signs & 255];
  const uint64_t negated = (bytes ^ mask) + (mask & kEachByte);
  memcpy(q, &negated, sizeof(negated));
}

static inline uint32_t SignsOfSeven(uint32_t bits) {
  bits &= 127;
  return bits | static_cast<uint32_t>(__builtin_parity(bits)) << 7;
}

template <typename T>
static inline uint64_t TwoEntries(const T& grid, uint32_t first,
                                  uint32_t second) {
  return grid.entries[first] | uint64_t{grid.entries[second]} << 32;
}

// A type's Unpack reads one block of kLength weights. V only makes the types
// internal to the file.

template <class V>
struct IQ2_XXS {
  using Block = BlockIQ2_XXS;
  static constexpr int kLength = kSuper;
  static void Unpack(const uint8_t* block, int8_t* q, float* scales) {
    const float d = ReadHalf(block) * 0.125f;
    const uint8_t* qs = block + offsetof(Block, qs);
    for (int g = 0; g < 8; ++g, qs += 8) {
      const auto v = ReadAs<uint32_t>(qs + 4);
      for (int e = 0; e < 4; ++e) {
        StoreSigned(kIq2XxsGrid.entries[qs[e]], SignsOfSeven(v >> 7 * e),
                    q + 32 * g + 8 * e);
      }
      scales[2 * g] = d * static_cast<float>(2 * (v >> 28) + 1);
      scales[2 * g + 1] = scales[2 * g];
    }
  }
};

// Four bits for each 16 weights.
static inline void UnpackScales(const uint8_t* packed, float d, float* scales) {
  for (int g = 0; g < 16; ++g) {
    const int scale = packed[g / 2] >> g % 2 * 4 & 15;
    scales[g] = d * static_cast<float>(2 * scale + 1);
  }
}

template <class V>
struct IQ2_XS {
  using Block = BlockIQ2_XS;
  static constexpr int kLength = kSuper;
  static void Unpack(const uint8_t* block, int8_t* q, float* scales) {
    UnpackScales(block + offsetof(Block, scales), ReadHalf(block) * 0.125f,
                 scales);
    const uint8_t* qs = block + offsetof(Block, qs);
    for (int e = 0; e < 32; ++e) {
      const uint32_t bits = ReadAs<uint16_t>(qs + 2 * e);
      StoreSigned(kIq2XsGrid.entries[bits & 511], SignsOfSeven(bits >> 9),
                  q + 8 * e);
    }
  }
};

template <class V>
struct IQ2_S {
  using Block = BlockIQ2_S;
  static constexpr int kLength = kSuper;
  static void Unpack(const uint8_t* block, int8_t* q, float* scales) {
    UnpackScales(block + offsetof(Block, scales), ReadHalf(block) * 0.125f,
                 scales);
    const uint8_t* qs = block + offsetof(Block, qs);
    const uint8_t* qh = block + offsetof(Block, qh);
    const uint8_t* signs = block + offsetof(Block, signs);
    for (int e = 0; e < 32; ++e) {
      const int index = qs[e] | (qh[e / 4] >> e % 4 * 2 & 3) << 8;
      StoreSigned(kIq2SGrid.entries[index], signs[e], q + 8 * e);
    }
  }
};

template <class V>
struct IQ3_XXS {
  using Block = BlockIQ3_XXS;
  static constexpr int kLength = kSuper;
  static void Unpack(const uint8_t* block, int8_t* q, float* scales) {
    const float d = ReadHalf(block) * 0.25f;
    const uint8_t* qs = block + offsetof(Block, qs);
    for (int g = 0; g < 8; ++g, qs += 8) {
      const auto v = ReadAs<uint32_t>(block + offsetof(Block, scales) + 4 * g);
      for (int e = 0; e < 4; ++e) {
        StoreSigned(TwoEntries(kIq3XxsGrid, qs[2 * e], qs[2 * e + 1]),
                    SignsOfSeven(v >> 7 * e), q + 32 * g + 8 * e);
      }
      scales[2 * g] = d * static_cast<float>(2 * (v >> 28) + 1);
      scales[2 * g + 1] = scales[2 * g];
    }
  }
};

template <class V>
struct IQ3_S {
  using Block = BlockIQ3_S;
  static constexpr int kLength = kSuper;
  static void Unpack(const uint8_t* block, int8_t* q, float* scales) {
    const float d = ReadHalf(block);
    const uint8_t* qs = block + offsetof(Block, qs);
    const uint8_t* qh = block + offsetof(Block, qh);
    const uint8_t* signs = block + offsetof(Block, signs);
    for (int g = 0; g < 8; ++g, qs += 8) {
      for (int e = 0; e < 4; ++e) {
        const int high = qh[g] >> 2 * e;
        StoreSigned(
            TwoEntries(kIq3SGrid,
                       static_cast<uint32_t>(qs[2 * e] | (high & 1) << 8),
                       static_cast<uint32_t>(qs[2 * e + 1] | (high & 2) << 7)),
            signs[4 * g + e], q + 32 * g + 8 * e);
      }
      const int scale =
          block[offsetof(Block, scales) + static_cast<size_t>(g) / 2] >>
              g % 2 * 4 &
          15;
      scales[2 * g] = d * static_cast<float>(2 * scale + 1);
      scales[2 * g + 1] = scales[2 * g];
    }
  }
};

// Eight times the entry plus or minus one: 8 (grid + delta).
static inline void StoreWithDelta(uint32_t index, bool below, int8_t* q) {
  constexpr uint64_t kTop = kEachByte << 7;
  const uint64_t eights = kIq1Grid.entries[index] << 3 & kEachByte * 0xF8;
  const uint64_t less = ((eights | kTop) - kEachByte) ^ (~eights & kTop);
  const uint64_t bytes = below ? less : eights | kEachByte;
  memcpy(q, &bytes, sizeof(bytes));
}

template <class V>
struct IQ1_S {
  using Block = BlockIQ1_S;
  static constexpr int kLength = kSuper;
  static void Unpack(const uint8_t* block, int8_t* q, float* scales) {
    const float d = ReadHalf(block) * 0.125f;
    const uint8_t* qs = block + offsetof(Block, qs);
    for (int g = 0; g < 8; ++g, qs += 4) {
      const uint32_t h = ReadAs<uint16_t>(block + offsetof(Block, qh) + 2 * g);
      for (int e = 0; e < 4; ++e) {
        StoreWithDelta(qs[e] | (h >> 3 * e & 7) << 8, (h & 0x8000) != 0,
                       q + 32 * g + 8 * e);
      }
      scales[2 * g] = d * static_cast<float>(2 * (h >> 12 & 7) + 1);
      scales[2 * g + 1] = scales[2 * g];
    }
  }
};

template <class V>
struct IQ1_M {
  using Block = BlockIQ1_M;
  static constexpr int kLength = kSuper;
  static void Unpack(const uint8_t* block, int8_t* q, float* scales) {
    const auto packed = ReadAs<uint64_t>(block + offsetof(Block, scales));
    const auto half =
        static_cast<uint16_t>((packed >> 12 & 15) | (packed >> 24 & 0xF0) |
                              (packed >> 36 & 0xF00) | (packed >> 48 & 0xF000));
    const float d = ReadHalf(&half) * 0.125f;
    const uint8_t* qs = block + offsetof(Block, qs);
    const uint8_t* qh = block + offsetof(Block, qh);
    for (int g = 0; g < 16; ++g) {
      for (int e = 0; e < 2; ++e) {
        const uint32_t h = qh[g] >> 4 * e;
        StoreWithDelta(qs[2 * g + e] | (h & 7) << 8, (h & 8) != 0,
                       q + 16 * g + 8 * e);
      }
      const uint64_t scale = packed >> (16 * (g / 4) + 3 * (g % 4)) & 7;
      scales[g] = d * static_cast<float>(2 * scale + 1);
    }
  }
};

static inline void SetAll(float scale, float* scales) {
  for (int g = 0; g < 16; ++g) scales[g] = scale;
}

template <class V>
struct TQ1_0 {
  using Block = BlockTQ1_0;
  static constexpr int kLength = kSuper;
  static void Unpack(const uint8_t* block, int8_t* q, float* scales) {
    SetAll(ReadHalf(block + offsetof(Block, d)), scales);
    const uint8_t* qs = block + offsetof(Block, qs);
    q = Digits<32, 5>(qs, q);
    q = Digits<16, 5>(qs + 32, q);
    Digits<4, 4>(block + offsetof(Block, qh), q);
  }

 private:
  // Returns what is behind the written.
  template <int kBytes, int kDigits>
  static int8_t* Digits(const uint8_t* bytes, int8_t* q) {
    uint8_t rest[kBytes];
    memcpy(rest, bytes, sizeof(rest));
    for (int n = 0; n < kDigits; ++n, q += kBytes) {
      for (int i = 0; i < kBytes; ++i) {
        const int tripled = rest[i] * 3;
        q[i] = static_cast<int8_t>((tripled >> 8) - 1);
        rest[i] = static_cast<uint8_t>(tripled);
      }
    }
    return q;
  }
};

template <class V>
struct TQ2_0 {
  using Block = BlockTQ2_0;
  static constexpr int kLength = kSuper;
  static void Unpack(const uint8_t* block, int8_t* q, float* scales) {
    SetAll(ReadHalf(block + offsetof(Block, d)), scales);
    for (int half = 0; half < 2; ++half) {
      const uint8_t* qs = block + offsetof(Block, qs) + 32 * half;
      for (int n = 0; n < 4; ++n) {
        for (int i = 0; i < 32; ++i) {
          q[128 * half + 32 * n + i] =
              static_cast<int8_t>((qs[i] >> 2 * n & 3) - 1);
        }
      }
    }
  }
};

template <class V>
struct NVFP4 {
  using Block = BlockNVFP4;
  static constexpr int kLength = 64;
  static void Unpack(const uint8_t* block, int8_t* q, float* scales) {
    static constexpr SignedTable kTable = Copy(kMxfp4Values);
    for (int g = 0; g < 4; ++g) {
      scales[g] = Scale(block[g]);
      const uint8_t* qs = block + offsetof(Block, qs) + 8 * g;
      for (int i = 0; i < 8; ++i) {
        q[16 * g + i] = kTable.values[qs[i] & 15];
        q[16 * g + 8 + i] = kTable.values[qs[i] >> 4];
      }
    }
  }

 private:
  // Half of an unsigned E4M3; 127 stands for 0.
  static float Scale(uint8_t d) {
    const int exponent = d >> 3 & 15;
    const int mantissa = d & 7;
    if (d == 127) return 0;
    if (exponent == 0) return static_cast<float>(mantissa) * 0x1p-10f;
    const int bits = (exponent + 119) << 23 | mantissa << 20;
    return __builtin_bit_cast(float, bits);
  }
};

template <class V, class Type>
struct GridReader {
  static void Read(const uint8_t* row, int64_t block, int64_t columns,
                   float (&out)[kSuper]) {
    constexpr int kBlocks = kSuper / Type::kLength;
    constexpr int kVectors = kSmall / V::kLanes;
    alignas(64) int8_t q[kSuper];
    float scales[kSuper / 16];
    const int64_t left = columns / Type::kLength - block * kBlocks;
    const int count = left < kBlocks ? static_cast<int>(left) : kBlocks;
    const uint8_t* first =
        row +
        block * kBlocks * static_cast<int64_t>(sizeof(typename Type::Block));
    if (count < kBlocks) {
      memset(q, 0, sizeof(q));
      SetAll(0, scales);
    }
    for (int b = 0; b < count; ++b) {
      Type::Unpack(first + b * static_cast<int>(sizeof(typename Type::Block)),
                   q + b * Type::kLength, scales + b * Type::kLength / 16);
    }
    for (int c = 0; c < kSuper / kSmall; ++c) {
      typename V::F x[kVectors];
      V::ToFloats(
          V::SignedBytes(reinterpret_cast<const uint8_t*>(q) + kSmall * c), x);
      for (int i = 0; i < kVectors; ++i) {
        const float scale = scales[2 * c + i * V::kLanes / 16];
        V::Store(out + kSmall * c + i * V::kLanes, V::Mul(x[i], V::Set(scale)));
      }
    }
  }
};

// A decoder (decode.h) for types that are read as floats, whose blocks are
// multiples of V::kLanes.
template <class V, class Reader>
struct ReadDecoder {
  static constexpr int kInputsAtOnce = 4;
  static constexpr int kRowsAtOnce = 1;
  template <int kRows, int kInputs>
  static void Run(const LinearInput& input, const PackedRows& rows,
                  int64_t first, float (&out)[kRows][kInputs]) {
    typename V::F acc[kInputs][2];
    for (int m = 0; m < kInputs; ++m) acc[m][0] = acc[m][1] = V::Zero();
    for (int64_t k = 0; k < input.columns; k += kSuper) {
      PrefetchAhead(rows.data + k * rows.row_bytes / input.columns,
                    kSuper * rows.row_bytes / input.columns);
      float w[kSuper];
      Reader::Read(rows.data, k / kSuper, input.columns, w);
      const int64_t left = input.columns - k;
      const int count = left < kSuper ? static_cast<int>(left) : kSuper;
      for (int i = 0; i < count; i += 2 * V::kLanes) {
        for (int m = 0; m < kInputs; ++m) {
          const float* x = input.x + (first + m) * input.stride + k + i;
          acc[m][0] = V::Fma(V::Load(w + i), V::Load(x), acc[m][0]);
          acc[m][1] = V::Fma(V::Load(w + i + V::kLanes), V::Load(x + V::kLanes),
                             acc[m][1]);
        }
      }
    }
    for (int m = 0; m < kInputs; ++m) {
      out[0][m] = V::Sum(V::Add(acc[m][0], acc[m][1]));
    }
  }
};

}  // namespace fullstop::kernels::vector

#endif  // FULLSTOP_KERNELS_VECTOR_GRIDS_H_
