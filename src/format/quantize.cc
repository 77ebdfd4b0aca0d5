#include "format/quantize.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <string>

#include "base/error.h"
#include "format/half.h"
#include "format/quant_blocks.h"

namespace fullstop {
namespace {

template <uint16_t (*kFromFloat)(float)>
void EncodeShorts(const float* row, std::byte* out, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    const uint16_t bits = kFromFloat(row[i]);
    std::memcpy(out + i * sizeof(bits), &bits, sizeof(bits));
  }
}

// To nearest, halves away from zero.
int8_t RoundToByte(float value) {
  if (std::isnan(value)) return 0;
  return static_cast<int8_t>(std::clamp(std::round(value), -128.0f, 127.0f));
}

BlockQ8_0 EncodeQ8_0(const float* weights) {
  float largest = 0;
  bool nan = false;
  for (size_t i = 0; i < kSmallBlock; ++i) {
    nan = nan || std::isnan(weights[i]);
    largest = std::max(largest, std::abs(weights[i]));
  }
  const float d = largest / 127;
  const float inverse = d == 0 ? 0 : 1 / d;
  const uint16_t bits = nan ? uint16_t{0x7E00} : FloatToHalf(d);
  BlockQ8_0 block;
  block.d = {static_cast<uint8_t>(bits), static_cast<uint8_t>(bits >> 8)};
  for (size_t i = 0; i < kSmallBlock; ++i) {
    block.qs[i] = RoundToByte(weights[i] * inverse);
  }
  return block;
}

}  // namespace

bool CanQuantize(TensorType type) {
  return type == TensorType::kF32 || type == TensorType::kF16 ||
         type == TensorType::kBF16 || type == TensorType::kQ8_0;
}

void Quantize(TensorType type, const float* row, std::byte* out, size_t count) {
  switch (type) {
    case TensorType::kF32:
      if (count != 0) std::memcpy(out, row, count * sizeof(float));
      return;
    case TensorType::kF16:
      return EncodeShorts<FloatToHalf>(row, out, count);
    case TensorType::kBF16:
      return EncodeShorts<FloatToBfloat16>(row, out, count);
    case TensorType::kQ8_0:
      for (size_t i = 0; i < count / kSmallBlock; ++i) {
        const BlockQ8_0 block = EncodeQ8_0(row + i * kSmallBlock);
        std::memcpy(out + i * sizeof(block), &block, sizeof(block));
      }
      return;
    default:
      throw Error::Unsupported("tensors of type " +
                               std::string(TensorTypeName(type)) +
                               " can't be written");
  }
}

}  // namespace fullstop
