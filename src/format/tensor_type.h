// The types that a GGUF tensor may have, and how their rows are laid out.
#ifndef FULLSTOP_FORMAT_TENSOR_TYPE_H_
#define FULLSTOP_FORMAT_TENSOR_TYPE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace fullstop {

// The numbers are GGUF's (ggml's `enum ggml_type`). 4, 5, 31 to 33 and 36 to 38
// were taken out of the format.
enum class TensorType : uint32_t {
  kF32 = 0,
  kF16 = 1,
  kQ4_0 = 2,
  kQ4_1 = 3,
  kQ5_0 = 6,
  kQ5_1 = 7,
  kQ8_0 = 8,
  kQ8_1 = 9,
  kQ2_K = 10,
  kQ3_K = 11,
  kQ4_K = 12,
  kQ5_K = 13,
  kQ6_K = 14,
  kQ8_K = 15,
  kIQ2_XXS = 16,
  kIQ2_XS = 17,
  kIQ3_XXS = 18,
  kIQ1_S = 19,
  kIQ4_NL = 20,
  kIQ3_S = 21,
  kIQ2_S = 22,
  kIQ4_XS = 23,
  kI8 = 24,
  kI16 = 25,
  kI32 = 26,
  kI64 = 27,
  kF64 = 28,
  kIQ1_M = 29,
  kBF16 = 30,
  kTQ1_0 = 34,
  kTQ2_0 = 35,
  kMXFP4 = 39,
  kNVFP4 = 40,
  kQ1_0 = 41,
  kQ2_0 = 42,
};

// A row is a sequence of blocks of `block_length` weights, each block
// `block_bytes` long; blocks have no alignment of their own.
struct TensorTraits {
  // As GGUF tools print it ("Q4_K").
  std::string_view name;
  // 0 where the type was taken out of the format: then nothing is known of it.
  uint32_t block_length;
  uint32_t block_bytes;
  // Whether Dequantize (dequantize.h) knows the type.
  bool supported;
};

// The traits of GGUF's type NUMBER: nullptr where ggml never had such a type.
const TensorTraits* FindTensorTraits(uint32_t number);

// TYPE must be one of the enumerators.
const TensorTraits& Traits(TensorType type);

inline std::string_view TensorTypeName(TensorType type) {
  return Traits(type).name;
}

// The bytes of a row of COLUMNS weights. nullopt where COLUMNS is not a
// multiple of the block length, or the result is past 2^64 - 1.
std::optional<uint64_t> RowBytes(TensorType type, uint64_t columns);

inline constexpr size_t kMaxTensorDimensions = 4;

// The bytes of a tensor of SHAPE, whose first dimension is the columns; no
// dimension is a single number. nullopt where that has too many dimensions, the
// rows are not whole blocks, or, a dimension of 0 counted as 1, there were more
// than 2^63 - 1 elements or bytes.
std::optional<uint64_t> TensorBytes(TensorType type,
                                    std::span<const uint64_t> shape);

}  // namespace fullstop

#endif  // FULLSTOP_FORMAT_TENSOR_TYPE_H_
