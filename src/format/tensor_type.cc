#include "format/tensor_type.h"

#include <algorithm>
#include <array>
#include <limits>

namespace fullstop {
namespace {

constexpr bool kSupported = true;
constexpr bool kOpaque = false;
constexpr TensorTraits kNever = {"?", 0, 0, kOpaque};

// Indexed by GGUF's number.
constexpr std::array<TensorTraits, 43> kTraits = {{
    {"F32", 1, 4, kSupported},
    {"F16", 1, 2, kSupported},
    {"Q4_0", 32, 18, kSupported},
    {"Q4_1", 32, 20, kSupported},
    {"Q4_2", 0, 0, kOpaque},
    {"Q4_3", 0, 0, kOpaque},
    {"Q5_0", 32, 22, kSupported},
    {"Q5_1", 32, 24, kSupported},
    {"Q8_0", 32, 34, kSupported},
    {"Q8_1", 32, 36, kOpaque},
    {"Q2_K", 256, 84, kSupported},
    {"Q3_K", 256, 110, kSupported},
    {"Q4_K", 256, 144, kSupported},
    {"Q5_K", 256, 176, kSupported},
    {"Q6_K", 256, 210, kSupported},
    {"Q8_K", 256, 292, kOpaque},
    {"IQ2_XXS", 256, 66, kSupported},
    {"IQ2_XS", 256, 74, kSupported},
    {"IQ3_XXS", 256, 98, kSupported},
    {"IQ1_S", 256, 50, kSupported},
    {"IQ4_NL", 32, 18, kSupported},
    {"IQ3_S", 256, 110, kSupported},
    {"IQ2_S", 256, 82, kSupported},
    {"IQ4_XS", 256, 136, kSupported},
    {"I8", 1, 1, kOpaque},
    {"I16", 1, 2, kOpaque},
    {"I32", 1, 4, kOpaque},
    {"I64", 1, 8, kOpaque},
    {"F64", 1, 8, kOpaque},
    {"IQ1_M", 256, 56, kSupported},
    {"BF16", 1, 2, kSupported},
    {"Q4_0_4_4", 0, 0, kOpaque},
    {"Q4_0_4_8", 0, 0, kOpaque},
    {"Q4_0_8_8", 0, 0, kOpaque},
    {"TQ1_0", 256, 54, kSupported},
    {"TQ2_0", 256, 66, kSupported},
    {"IQ4_NL_4_4", 0, 0, kOpaque},
    {"IQ4_NL_4_8", 0, 0, kOpaque},
    {"IQ4_NL_8_8", 0, 0, kOpaque},
    {"MXFP4", 32, 17, kSupported},
    {"NVFP4", 64, 36, kSupported},
    {"Q1_0", 128, 18, kOpaque},
    {"Q2_0", 64, 18, kOpaque},
}};

}  // namespace

const TensorTraits* FindTensorTraits(uint32_t number) {
  return number < kTraits.size() ? &kTraits[number] : nullptr;
}

const TensorTraits& Traits(TensorType type) {
  const TensorTraits* traits = FindTensorTraits(static_cast<uint32_t>(type));
  return traits != nullptr ? *traits : kNever;
}

std::optional<uint64_t> RowBytes(TensorType type, uint64_t columns) {
  const TensorTraits& traits = Traits(type);
  if (traits.block_length == 0 || columns % traits.block_length != 0) {
    return std::nullopt;
  }
  const uint64_t blocks = columns / traits.block_length;
  if (blocks > std::numeric_limits<uint64_t>::max() / traits.block_bytes) {
    return std::nullopt;
  }
  return blocks * traits.block_bytes;
}

std::optional<uint64_t> TensorBytes(TensorType type,
                                    std::span<const uint64_t> shape) {
  constexpr uint64_t kMost = std::numeric_limits<int64_t>::max();
  if (shape.size() > kMaxTensorDimensions) return std::nullopt;
  const uint64_t columns = shape.empty() ? 1 : shape[0];
  const std::optional<uint64_t> row = RowBytes(type, columns);
  if (!row || columns > kMost || *row > kMost) return std::nullopt;
  uint64_t elements = std::max<uint64_t>(columns, 1);
  uint64_t bytes = std::max<uint64_t>(*row, 1);
  bool empty = columns == 0;
  for (size_t i = 1; i < shape.size(); ++i) {
    const uint64_t dimension = std::max<uint64_t>(shape[i], 1);
    if (dimension > kMost / elements || dimension > kMost / bytes) {
      return std::nullopt;
    }
    elements *= dimension;
    bytes *= dimension;
    empty = empty || shape[i] == 0;
  }
  return empty ? 0 : bytes;
}

}  // namespace fullstop
