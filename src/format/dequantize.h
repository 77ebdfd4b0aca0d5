// From packed weights to float: the plain reference of every faster way.
#ifndef FULLSTOP_FORMAT_DEQUANTIZE_H_
#define FULLSTOP_FORMAT_DEQUANTIZE_H_

#include <cstddef>

#include "format/quant_blocks.h"
#include "format/tensor_type.h"

namespace fullstop {

// Writes the COUNT weights of a row to OUT by the formulas of quant_blocks.h,
// each operation rounded to float, bit for bit as `gguf.quants.dequantize` of
// the Python package does on x86 (subnormals, infinities and NaN included).
//
// ROW holds RowBytes(type, COUNT) bytes and needs no alignment; COUNT is a
// multiple of the block length; ROW and OUT must not overlap. Throws Error
// (kUnsupported) where the type's traits say so. Any number of threads.
void Dequantize(TensorType type, const std::byte* row, float* out,
                size_t count);

// The scale and the minimum (0 to 63) of group GROUP (0 to 7) of a Q4_K or Q5_K
// block.
struct ScaleAndMin {
  uint8_t scale;
  uint8_t min;
};
ScaleAndMin UnpackScaleAndMin(const uint8_t (&scales)[12], size_t group);

// The scale (-32 to 31) of group GROUP (0 to 15) of a Q3_K block.
int UnpackScaleQ3_K(const BlockQ3_K& block, size_t group);

// 2^(e - 128), the halved scale of an MXFP4 block; subnormal for e < 2.
float Mxfp4Scale(uint8_t e);

}  // namespace fullstop

#endif  // FULLSTOP_FORMAT_DEQUANTIZE_H_
