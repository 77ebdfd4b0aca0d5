// A GGUF file's tensors as a folder's safetensors hold them.
#ifndef FULLSTOP_CONVERT_FOLDER_TENSORS_H_
#define FULLSTOP_CONVERT_FOLDER_TENSORS_H_

#include <cstdint>
#include <span>

#include "convert/progress.h"
#include "format/safetensors_writer.h"
#include "model/architecture.h"
#include "model/folder_reader.h"
#include "model/model_file.h"

namespace fullstop {

// Adds the tensors of MODEL, a GGUF file of ARCHITECTURE, under the names that
// NAMES give them: stacked experts one by one, rows of rotary embeddings in
// halves; a vector gets the type of the matrices where that holds its numbers.
// Tensors that are computed from the configuration are left out. MODEL and
// METER must outlive the writing. Returns the bytes of all. Throws Error
// (kUnsupported) for quantised tensors and those that have no name.
uint64_t AddFolderTensors(const ModelFile& model,
                          const Architecture& architecture,
                          std::span<const FolderName> names,
                          ProgressMeter* meter, SafetensorsWriter* writer);

}  // namespace fullstop

#endif  // FULLSTOP_CONVERT_FOLDER_TENSORS_H_
