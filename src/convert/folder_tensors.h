// A GGUF file's tensors as a folder's safetensors hold them.
#ifndef FULLSTOP_CONVERT_FOLDER_TENSORS_H_
#define FULLSTOP_CONVERT_FOLDER_TENSORS_H_

#include <cstdint>

#include "convert/progress.h"
#include "format/safetensors_shards.h"
#include "model/architecture.h"
#include "model/folder_reader.h"
#include "model/model_file.h"

namespace fullstop {

// Adds the tensors of MODEL, a GGUF file of ARCHITECTURE, as the rules of
// READER have them: experts one by one or stacked, what a folder holds together
// in one tensor, rows of rotary embeddings in halves, MXFP4 in blocks and
// scales; small ones get the type of the matrices where that holds their
// numbers. Tensors that are computed from the configuration are left out. All
// arguments but READER must outlive the writing; each source holds at most one
// matrix in memory. Returns the bytes of all. Throws Error: kUnsupported for
// quantised tensors and those that have no name, kFormat for such as don't fit
// the configuration.
uint64_t AddFolderTensors(const ModelFile& model,
                          const Architecture& architecture,
                          const FolderReader& reader, ProgressMeter* meter,
                          SafetensorsShards* shards);

}  // namespace fullstop

#endif  // FULLSTOP_CONVERT_FOLDER_TENSORS_H_
