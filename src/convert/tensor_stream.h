// A model's tensors as another file holds them.
#ifndef FULLSTOP_CONVERT_TENSOR_STREAM_H_
#define FULLSTOP_CONVERT_TENSOR_STREAM_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string_view>

#include "base/byte_sink.h"
#include "format/tensor_type.h"
#include "model/model_file.h"

namespace fullstop {

// In which type matrices are written; kAuto: in the one they have.
enum class OutType { kAuto, kF32, kF16, kBF16, kQ8_0 };

// "auto", "f32", "f16", "bf16", "q8_0". Throws Error (kUsage) for others.
OutType ParseOutType(std::string_view name);

// Whether other programs read TENSOR as F32 alone: what is no matrix of weights
// (norms, biases, routers, convolutions).
bool MustBeF32(const ModelTensor& tensor);

// The type in which TENSOR is written. What is packed already stays; what
// MustBeF32 becomes that; F8 becomes BF16 where the type is kAuto; rows that
// Q8_0 can't hold become F16.
TensorType WrittenType(const ModelTensor& tensor, OutType out);

struct TensorLayout {
  TensorType type;
  // The heads whose rows are turned from halves (i, i + n/2) to neighbours
  // (2i, 2i + 1), or back; 0: rows stay where they are.
  uint64_t reordered_heads = 0;
  bool to_halves = false;
};

// Where row I of the written tensor stands in the one that is read, for heads
// of LENGTH rows.
uint64_t ReorderedRow(uint64_t i, uint64_t length, bool to_halves);

// Passes the data of TENSOR, laid out so, to SINK in pieces of about 1 MiB.
// What is mapped is given back to the system behind each piece. Throws Error
// (kFormat) where the rows are not a multiple of two for each head.
void StreamTensor(const ModelTensor& tensor, const TensorLayout& layout,
                  const ByteSink& sink);

}  // namespace fullstop

#endif  // FULLSTOP_CONVERT_TENSOR_STREAM_H_
