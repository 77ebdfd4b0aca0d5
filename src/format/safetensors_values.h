// The numbers of a safetensors file, as floats and as GGUF's tensors hold them.
#ifndef FULLSTOP_FORMAT_SAFETENSORS_VALUES_H_
#define FULLSTOP_FORMAT_SAFETENSORS_VALUES_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "format/quant_blocks.h"
#include "format/safetensors.h"
#include "format/tensor_type.h"

namespace fullstop {

// GGUF's type with the same bytes; nullopt where there is none (FP8, bool).
std::optional<TensorType> TensorTypeOf(SafetensorsType type);

// Whether SafetensorsToFloat knows the type: F64, F32, F16, BF16, F8_E4M3,
// F8_E5M2, F8_E8M0.
bool IsFloat(SafetensorsType type);

// Writes COUNT numbers of a type that IsFloat: exact, but for F64, which is
// rounded to nearest. DATA needs no alignment. Any number of threads.
void SafetensorsToFloat(SafetensorsType type, const std::byte* data, float* out,
                        size_t count);

// An FP8 weight [..., rows, columns] with a scale for each block of
// BLOCK_ROWS x BLOCK_COLUMNS weights: value = weight * scale, in float. What
// precedes the last two dimensions (experts) has blocks of its own.
struct Fp8Weight {
  SafetensorsType type;
  const std::byte* data;
  uint64_t matrices;
  uint64_t rows;  // of each matrix
  uint64_t columns;
  uint64_t block_rows;
  uint64_t block_columns;
  std::vector<float> scales;  // of all matrices, row-major
};

// WEIGHT is F8_E4M3 or F8_E5M2; SCALE (`NAME_scale_inv`, which is multiplied
// with all the same) holds one number for all, one for each row, or one for
// each block of BLOCK, a declared (rows, columns); the last of them may be
// shorter. Views WEIGHT's data. Throws Error (kFormat) where the shapes don't
// fit.
Fp8Weight MakeFp8Weight(const SafetensorsTensor& weight,
                        const SafetensorsTensor& scale,
                        std::pair<uint64_t, uint64_t> block);

// Rows [begin, end), counted through all matrices, to OUT, row-major.
void DequantizeFp8(const Fp8Weight& weight, uint64_t begin, uint64_t end,
                   float* out);

// From the layout of gpt-oss, `NAME_blocks` U8 [..., blocks, 16] (weight 2j in
// the lower four bits of byte j, 2j + 1 in the upper) and `NAME_scales` U8
// [..., blocks], to GGUF's blocks, in the same order and without loss. BLOCKS
// holds 16 bytes for each scale.
void RepackMxfp4(std::span<const std::byte> blocks,
                 std::span<const std::byte> scales, BlockMXFP4* out);
// The way back: 16 bytes to BLOCKS and one to SCALES for each of FROM.
void UnpackMxfp4(std::span<const BlockMXFP4> from, std::byte* blocks,
                 std::byte* scales);

}  // namespace fullstop

#endif  // FULLSTOP_FORMAT_SAFETENSORS_VALUES_H_
