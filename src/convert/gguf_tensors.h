// The tensors of a model, and the keys that describe them, as a GGUF file holds
// them.
#ifndef FULLSTOP_CONVERT_GGUF_TENSORS_H_
#define FULLSTOP_CONVERT_GGUF_TENSORS_H_

#include <cstdint>
#include <optional>
#include <string_view>

#include "convert/progress.h"
#include "convert/tensor_stream.h"
#include "format/gguf_writer.h"
#include "model/model_file.h"

namespace fullstop {

// The heads of the tensor called NAME where it is an attn_q or attn_k, else 0.
uint64_t RotaryHeads(const GgufFile& keys, std::string_view name);

// The type that most bytes of matrices are written in; nullopt without any.
std::optional<TensorType> MainTensorType(const ModelFile& model, OutType out);

// The same of what is not packed, as it is.
std::optional<TensorType> MainFloatType(const ModelFile& model);

// Adds the hyper-parameters of MODEL, general.type, general.file_type and what
// else tells other programs how the tensors are packed.
void AddModelKeys(const ModelFile& model, OutType type, GgufWriter* writer);

// Adds the tensors of MODEL in its order, those of rotary embeddings reordered
// where the architecture's GGUF files have them so. MODEL and METER must
// outlive the writing. Returns the bytes of all tensors. Throws Error (kFormat)
// for a tensor that does not fit the number of heads.
uint64_t AddModelTensors(const ModelFile& model, OutType type,
                         ProgressMeter* meter, GgufWriter* writer);

}  // namespace fullstop

#endif  // FULLSTOP_CONVERT_GGUF_TENSORS_H_
