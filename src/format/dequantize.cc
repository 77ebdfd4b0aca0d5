#include "format/dequantize.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <string>

#include "base/error.h"
#include "format/dequantize_grid.h"
#include "format/half.h"

namespace fullstop {
namespace {

uint8_t Nibble(uint8_t byte, size_t upper) {
  return static_cast<uint8_t>(upper != 0 ? byte >> 4 : byte & 0xF);
}

// Of two NaN the first operand's payload stays; the compiler may swap a sum.
float AddKeepingFirstNan(float a, float b) { return std::isnan(a) ? a : a + b; }

// Weight I of 32 whose lower four bits are packed as in Q4_0.
uint8_t SmallNibble(const uint8_t* qs, size_t i) {
  return Nibble(qs[i % 16], i / 16);
}

uint8_t FifthBit(const uint8_t (&qh)[4], size_t i) {
  return static_cast<uint8_t>((qh[i / 8] >> i % 8 & 1) << 4);
}

uint8_t TwoBits(const uint8_t (&qs)[64], size_t i) {
  return qs[i / 128 * 32 + i % 32] >> (i / 32 % 4 * 2) & 3;
}

void DecodeBlock(const BlockQ4_0& block, float* out) {
  const float d = HalfToFloat(block.d.bits());
  for (size_t i = 0; i < kSmallBlock; ++i) {
    out[i] = d * static_cast<float>(SmallNibble(block.qs, i) - 8);
  }
}

void DecodeBlock(const BlockQ4_1& block, float* out) {
  const float d = HalfToFloat(block.d.bits());
  const float m = HalfToFloat(block.m.bits());
  for (size_t i = 0; i < kSmallBlock; ++i) {
    out[i] =
        AddKeepingFirstNan(d * static_cast<float>(SmallNibble(block.qs, i)), m);
  }
}

void DecodeBlock(const BlockQ5_0& block, float* out) {
  const float d = HalfToFloat(block.d.bits());
  for (size_t i = 0; i < kSmallBlock; ++i) {
    const int q = SmallNibble(block.qs, i) | FifthBit(block.qh, i);
    out[i] = d * static_cast<float>(q - 16);
  }
}

void DecodeBlock(const BlockQ5_1& block, float* out) {
  const float d = HalfToFloat(block.d.bits());
  const float m = HalfToFloat(block.m.bits());
  for (size_t i = 0; i < kSmallBlock; ++i) {
    const int q = SmallNibble(block.qs, i) | FifthBit(block.qh, i);
    out[i] = AddKeepingFirstNan(d * static_cast<float>(q), m);
  }
}

void DecodeBlock(const BlockQ8_0& block, float* out) {
  const float d = HalfToFloat(block.d.bits());
  for (size_t i = 0; i < kSmallBlock; ++i) {
    out[i] = d * static_cast<float>(block.qs[i]);
  }
}

void DecodeBlock(const BlockQ2_K& block, float* out) {
  const float d = HalfToFloat(block.d.bits());
  const float dmin = HalfToFloat(block.dmin.bits());
  for (size_t i = 0; i < kSuperBlock; ++i) {
    const uint8_t scales = block.scales[i / 16];
    const float scale = d * static_cast<float>(Nibble(scales, 0));
    const float min = dmin * static_cast<float>(Nibble(scales, 1));
    out[i] = scale * static_cast<float>(TwoBits(block.qs, i)) - min;
  }
}

void DecodeBlock(const BlockQ3_K& block, float* out) {
  const float d = HalfToFloat(block.d.bits());
  for (size_t i = 0; i < kSuperBlock; ++i) {
    const float scale = d * static_cast<float>(UnpackScaleQ3_K(block, i / 16));
    const int upper = block.hmask[i % 32] >> i / 32 & 1;
    const int q = TwoBits(block.qs, i) - (upper != 0 ? 0 : 4);
    out[i] = scale * static_cast<float>(q);
  }
}

void DecodeBlock(const BlockQ4_K& block, float* out) {
  const float d = HalfToFloat(block.d.bits());
  const float dmin = HalfToFloat(block.dmin.bits());
  for (size_t i = 0; i < kSuperBlock; ++i) {
    const size_t group = i / 32;
    const ScaleAndMin packed = UnpackScaleAndMin(block.scales, group);
    const uint8_t q = Nibble(block.qs[group / 2 * 32 + i % 32], group % 2);
    out[i] = (d * static_cast<float>(packed.scale)) * static_cast<float>(q) -
             dmin * static_cast<float>(packed.min);
  }
}

void DecodeBlock(const BlockQ5_K& block, float* out) {
  const float d = HalfToFloat(block.d.bits());
  const float dmin = HalfToFloat(block.dmin.bits());
  for (size_t i = 0; i < kSuperBlock; ++i) {
    const size_t group = i / 32;
    const ScaleAndMin packed = UnpackScaleAndMin(block.scales, group);
    const int fifth = block.qh[i % 32] >> group & 1;
    const int q =
        Nibble(block.qs[group / 2 * 32 + i % 32], group % 2) | fifth << 4;
    out[i] = (d * static_cast<float>(packed.scale)) * static_cast<float>(q) -
             dmin * static_cast<float>(packed.min);
  }
}

void DecodeBlock(const BlockQ6_K& block, float* out) {
  const float d = HalfToFloat(block.d.bits());
  for (size_t i = 0; i < kSuperBlock; ++i) {
    const size_t half = i / 128;
    const int lower = Nibble(block.ql[half * 64 + i % 64], i / 64 % 2);
    const int upper = TwoBits(block.qh, i);
    const size_t group = i / 16;
    const float scale = d * static_cast<float>(block.scales[group]);
    out[i] = scale * static_cast<float>((lower | upper << 4) - 32);
  }
}

void DecodeBlock(const BlockIQ4_NL& block, float* out) {
  const float d = HalfToFloat(block.d.bits());
  for (size_t i = 0; i < kSmallBlock; ++i) {
    out[i] = d * static_cast<float>(kIq4Values[SmallNibble(block.qs, i)]);
  }
}

void DecodeBlock(const BlockIQ4_XS& block, float* out) {
  const float d = HalfToFloat(block.d.bits());
  for (size_t i = 0; i < kSuperBlock; ++i) {
    const size_t group = i / 32;
    const int lower = Nibble(block.scales_l[group / 2], group % 2);
    const int upper = block.scales_h.bits() >> group * 2 & 3;
    const float scale = d * static_cast<float>((lower | upper << 4) - 32);
    const uint8_t q = SmallNibble(block.qs + group * 16, i % 32);
    out[i] = scale * static_cast<float>(kIq4Values[q]);
  }
}

void DecodeBlock(const BlockMXFP4& block, float* out) {
  const float scale = Mxfp4Scale(block.e);
  for (size_t i = 0; i < kSmallBlock; ++i) {
    out[i] = scale * static_cast<float>(kMxfp4Values[SmallNibble(block.qs, i)]);
  }
}

constexpr auto kDecode = [](const auto& block, float* out) {
  DecodeBlock(block, out);
};

template <float (*kToFloat)(uint16_t)>
void DecodeShorts(const std::byte* row, float* out, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    uint16_t bits;
    std::memcpy(&bits, row + i * sizeof(bits), sizeof(bits));
    const float value = kToFloat(bits);
    std::memcpy(out + i, &value, sizeof(value));
  }
}

}  // namespace

ScaleAndMin UnpackScaleAndMin(const uint8_t (&scales)[12], size_t group) {
  if (group < 4) {
    return {static_cast<uint8_t>(scales[group] & 63),
            static_cast<uint8_t>(scales[group + 4] & 63)};
  }
  const uint8_t lower = scales[group + 4];
  return {static_cast<uint8_t>(Nibble(lower, 0) | scales[group - 4] >> 6 << 4),
          static_cast<uint8_t>(Nibble(lower, 1) | scales[group] >> 6 << 4)};
}

int UnpackScaleQ3_K(const BlockQ3_K& block, size_t group) {
  const int lower = Nibble(block.scales[group % 8], group / 8);
  const int upper = block.scales[8 + group % 4] >> group / 4 * 2 & 3;
  return (lower | upper << 4) - 32;
}

float Mxfp4Scale(uint8_t e) {
  return std::bit_cast<float>(e < 2 ? 0x00200000u << e
                                    : static_cast<uint32_t>(e - 1) << 23);
}

void Dequantize(TensorType type, const std::byte* row, float* out,
                size_t count) {
  switch (type) {
    case TensorType::kF32:
      if (count != 0) std::memcpy(out, row, count * sizeof(float));
      return;
    case TensorType::kF16:
      return DecodeShorts<HalfToFloat>(row, out, count);
    case TensorType::kBF16:
      return DecodeShorts<Bfloat16ToFloat>(row, out, count);
    case TensorType::kQ4_0:
      return DecodeRow<BlockQ4_0, kSmallBlock>(row, out, count, kDecode);
    case TensorType::kQ4_1:
      return DecodeRow<BlockQ4_1, kSmallBlock>(row, out, count, kDecode);
    case TensorType::kQ5_0:
      return DecodeRow<BlockQ5_0, kSmallBlock>(row, out, count, kDecode);
    case TensorType::kQ5_1:
      return DecodeRow<BlockQ5_1, kSmallBlock>(row, out, count, kDecode);
    case TensorType::kQ8_0:
      return DecodeRow<BlockQ8_0, kSmallBlock>(row, out, count, kDecode);
    case TensorType::kQ2_K:
      return DecodeRow<BlockQ2_K, kSuperBlock>(row, out, count, kDecode);
    case TensorType::kQ3_K:
      return DecodeRow<BlockQ3_K, kSuperBlock>(row, out, count, kDecode);
    case TensorType::kQ4_K:
      return DecodeRow<BlockQ4_K, kSuperBlock>(row, out, count, kDecode);
    case TensorType::kQ5_K:
      return DecodeRow<BlockQ5_K, kSuperBlock>(row, out, count, kDecode);
    case TensorType::kQ6_K:
      return DecodeRow<BlockQ6_K, kSuperBlock>(row, out, count, kDecode);
    case TensorType::kIQ4_NL:
      return DecodeRow<BlockIQ4_NL, kSmallBlock>(row, out, count, kDecode);
    case TensorType::kIQ4_XS:
      return DecodeRow<BlockIQ4_XS, kSuperBlock>(row, out, count, kDecode);
    case TensorType::kMXFP4:
      return DecodeRow<BlockMXFP4, kSmallBlock>(row, out, count, kDecode);
    default:
      if (DequantizeGrid(type, row, out, count)) return;
      throw Error::Unsupported("tensors of type " +
                               std::string(TensorTypeName(type)) +
                               " can't be decoded")
          .Advice("use a file with another quantisation of this model");
  }
}

}  // namespace fullstop
