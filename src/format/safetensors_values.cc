#include "format/safetensors_values.h"

#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "format/float8.h"
#include "format/half.h"
#include "format/quote.h"

namespace fullstop {
namespace {

template <typename T, typename Convert>
void ConvertAll(const std::byte* data, float* out, size_t count,
                Convert convert) {
  for (size_t i = 0; i < count; ++i) {
    T bits;
    std::memcpy(&bits, data + i * sizeof(T), sizeof(T));
    out[i] = convert(bits);
  }
}

uint64_t Product(std::span<const uint64_t> shape) {
  uint64_t product = 1;
  for (const uint64_t dimension : shape) product *= dimension;
  return product;
}

uint64_t BlocksIn(uint64_t length, uint64_t block) {
  return length / block + (length % block != 0 ? 1 : 0);
}

Error Misfit(const SafetensorsTensor& weight, const SafetensorsTensor& scale) {
  return Error::Format("the shape of the scales " + QuoteName(scale.name) +
                       " does not fit tensor " + QuoteName(weight.name));
}

}  // namespace

std::optional<TensorType> TensorTypeOf(SafetensorsType type) {
  switch (type) {
    case SafetensorsType::kF64:
      return TensorType::kF64;
    case SafetensorsType::kF32:
      return TensorType::kF32;
    case SafetensorsType::kF16:
      return TensorType::kF16;
    case SafetensorsType::kBF16:
      return TensorType::kBF16;
    case SafetensorsType::kI64:
      return TensorType::kI64;
    case SafetensorsType::kI32:
      return TensorType::kI32;
    case SafetensorsType::kI16:
      return TensorType::kI16;
    case SafetensorsType::kI8:
      return TensorType::kI8;
    default:
      return std::nullopt;
  }
}

bool IsFloat(SafetensorsType type) {
  switch (type) {
    case SafetensorsType::kF64:
    case SafetensorsType::kF32:
    case SafetensorsType::kF16:
    case SafetensorsType::kBF16:
    case SafetensorsType::kF8E4M3:
    case SafetensorsType::kF8E5M2:
    case SafetensorsType::kF8E8M0:
      return true;
    default:
      return false;
  }
}

void SafetensorsToFloat(SafetensorsType type, const std::byte* data, float* out,
                        size_t count) {
  switch (type) {
    case SafetensorsType::kF64:
      return ConvertAll<double>(data, out, count,
                                [](double x) { return static_cast<float>(x); });
    case SafetensorsType::kF32:
      if (count != 0) std::memcpy(out, data, count * sizeof(float));
      return;
    case SafetensorsType::kF16:
      return ConvertAll<uint16_t>(data, out, count, HalfToFloat);
    case SafetensorsType::kBF16:
      return ConvertAll<uint16_t>(data, out, count, Bfloat16ToFloat);
    case SafetensorsType::kF8E4M3:
      return ConvertAll<uint8_t>(data, out, count, Float8E4m3ToFloat);
    case SafetensorsType::kF8E5M2:
      return ConvertAll<uint8_t>(data, out, count, Float8E5m2ToFloat);
    case SafetensorsType::kF8E8M0:
      return ConvertAll<uint8_t>(data, out, count, Float8E8m0ToFloat);
    default:
      throw Error::Unsupported("numbers of type " +
                               std::string(SafetensorsTypeName(type)) +
                               " can't be read as floats");
  }
}

Fp8Weight MakeFp8Weight(const SafetensorsTensor& weight,
                        const SafetensorsTensor& scale,
                        std::pair<uint64_t, uint64_t> block) {
  const bool fp8 = weight.type == SafetensorsType::kF8E4M3 ||
                   weight.type == SafetensorsType::kF8E5M2;
  if (!fp8 || weight.shape.empty() || !IsFloat(scale.type)) {
    throw Misfit(weight, scale);
  }
  const size_t dimensions = weight.shape.size();
  Fp8Weight made = {
      weight.type, weight.data.data(), 1, 1, weight.shape.back(), 0, 0, {}};
  if (dimensions > 1) {
    made.rows = weight.shape[dimensions - 2];
    made.matrices = Product(std::span(weight.shape).first(dimensions - 2));
  }
  const uint64_t count = Product(scale.shape);
  const bool same_rank = scale.shape.size() == dimensions;
  const uint64_t scale_columns = same_rank ? scale.shape.back() : 1;
  made.block_rows = std::max<uint64_t>(made.rows, 1);
  made.block_columns = std::max<uint64_t>(made.columns, 1);
  const uint64_t all_rows = made.matrices * made.rows;
  if (count == all_rows && scale_columns == 1) {
    made.block_rows = 1;
  } else if (count == 1 && made.matrices != 1) {
    // One scale for all: one matrix.
    made.rows = made.block_rows = std::max<uint64_t>(all_rows, 1);
    made.matrices = 1;
  } else if (count != made.matrices) {
    const auto [rows, columns] = block;
    if (rows == 0 || columns == 0 || !same_rank || dimensions < 2 ||
        scale_columns != BlocksIn(made.columns, columns) ||
        scale.shape[dimensions - 2] != BlocksIn(made.rows, rows)) {
      throw Misfit(weight, scale);
    }
    made.block_rows = rows;
    made.block_columns = columns;
  }
  const uint64_t needed = made.matrices * BlocksIn(made.rows, made.block_rows) *
                          BlocksIn(made.columns, made.block_columns);
  if (count != needed) throw Misfit(weight, scale);
  made.scales.resize(count);
  SafetensorsToFloat(scale.type, scale.data.data(), made.scales.data(), count);
  return made;
}

void DequantizeFp8(const Fp8Weight& weight, uint64_t begin, uint64_t end,
                   float* out) {
  const uint64_t across = BlocksIn(weight.columns, weight.block_columns);
  const uint64_t down = BlocksIn(weight.rows, weight.block_rows);
  for (uint64_t row = begin; row < end; ++row, out += weight.columns) {
    SafetensorsToFloat(weight.type, weight.data + row * weight.columns, out,
                       weight.columns);
    const uint64_t block_row =
        row / weight.rows * down + row % weight.rows / weight.block_rows;
    const float* scales = weight.scales.data() + block_row * across;
    for (uint64_t i = 0; i < weight.columns; ++i) {
      out[i] *= scales[i / weight.block_columns];
    }
  }
}

void RepackMxfp4(std::span<const std::byte> blocks,
                 std::span<const std::byte> scales, BlockMXFP4* out) {
  for (size_t block = 0; block < scales.size(); ++block) {
    const std::byte* from = blocks.data() + 16 * block;
    const auto nibble = [from](size_t i) {
      return static_cast<uint8_t>(i % 2 == 0 ? from[i / 2] & std::byte{0xF}
                                             : from[i / 2] >> 4);
    };
    out[block].e = static_cast<uint8_t>(scales[block]);
    for (size_t i = 0; i < 16; ++i) {
      out[block].qs[i] = static_cast<uint8_t>(nibble(i) | nibble(i + 16) << 4);
    }
  }
}

void UnpackMxfp4(std::span<const BlockMXFP4> from, std::byte* blocks,
                 std::byte* scales) {
  for (const BlockMXFP4& block : from) {
    const auto nibble = [&block](size_t i) {
      return i < 16 ? block.qs[i] & 0xF : block.qs[i - 16] >> 4;
    };
    *scales++ = static_cast<std::byte>(block.e);
    for (size_t i = 0; i < 32; i += 2) {
      *blocks++ = static_cast<std::byte>(nibble(i) | nibble(i + 1) << 4);
    }
  }
}

}  // namespace fullstop
