// The types of one to three bits a weight, and NVFP4; dequantize.h has all.
#ifndef FULLSTOP_FORMAT_DEQUANTIZE_GRID_H_
#define FULLSTOP_FORMAT_DEQUANTIZE_GRID_H_

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "format/tensor_type.h"

namespace fullstop {

// As Dequantize; false, and nothing written, where TYPE is none of these.
bool DequantizeGrid(TensorType type, const std::byte* row, float* out,
                    size_t count);

// The scale of a group of NVFP4, which is halved: the lower seven bits are an
// unsigned E4M3.
float Nvfp4Scale(uint8_t d);

// Calls DECODE(block, out) for each of a row's blocks of kLength weights.
template <typename Block, size_t kLength, typename Decode>
void DecodeRow(const std::byte* row, float* out, size_t count, Decode decode) {
  for (size_t i = 0; i < count / kLength; ++i) {
    Block block;
    std::memcpy(&block, row + i * sizeof(Block), sizeof(Block));
    decode(block, out + i * kLength);
  }
}

}  // namespace fullstop

#endif  // FULLSTOP_FORMAT_DEQUANTIZE_GRID_H_
