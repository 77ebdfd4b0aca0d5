// The table of architectures, and models described by it.
#ifndef FULLSTOP_MODEL_ARCHITECTURES_H_
#define FULLSTOP_MODEL_ARCHITECTURES_H_

#include <span>

#include "format/hf_folder.h"
#include "model/architecture.h"
#include "model/graph.h"
#include "model/model_file.h"

namespace fullstop {

std::span<const Architecture* const> Architectures();

// The description of the model in FILE. Throws Error: kUnsupported where the
// architecture is none of the table (naming it and what is known), kUsage where
// the file holds a vocabulary and no weights, and what the description throws.
Graph DescribeModel(const ModelFile& file);
// FILE with the tensors that its architecture's files have today, where it
// holds them in another form. Throws the same.
ModelFile CompleteModel(const ModelFile& file);

// The folder's weights and configuration under GGUF's names; nothing is copied
// but small tensors. Throws Error: kUnsupported where the architecture is none
// of the table, for tensors that are not understood and for weights that can't
// be read (hf_folder.h); kFormat for configurations that say nonsense.
ModelFile ReadModelFolder(const HfFolder& folder);

}  // namespace fullstop

#endif  // FULLSTOP_MODEL_ARCHITECTURES_H_
