// From floats to a tensor's bytes.
#ifndef FULLSTOP_FORMAT_QUANTIZE_H_
#define FULLSTOP_FORMAT_QUANTIZE_H_

#include <cstddef>

#include "format/tensor_type.h"

namespace fullstop {

// Whether Quantize knows the type: F32, F16, BF16, Q8_0.
bool CanQuantize(TensorType type);

// Writes COUNT weights of a row to OUT, RowBytes(type, COUNT) bytes that need
// no alignment, bit for bit as `gguf.quants.quantize` of the Python package
// does; of Q8_0 a weight that is NaN becomes 0, and its block's scale NaN.
// COUNT is a multiple of the block length; ROW and OUT must not overlap. Throws
// Error (kUnsupported) for other types. Any number of threads.
void Quantize(TensorType type, const float* row, std::byte* out, size_t count);

}  // namespace fullstop

#endif  // FULLSTOP_FORMAT_QUANTIZE_H_
