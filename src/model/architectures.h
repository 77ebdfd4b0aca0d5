// The table of architectures.
#ifndef FULLSTOP_MODEL_ARCHITECTURES_H_
#define FULLSTOP_MODEL_ARCHITECTURES_H_

#include <span>
#include <string_view>

#include "model/graph.h"
#include "model/model_file.h"

namespace fullstop {

struct Architecture {
  // The value of GGUF's general.architecture.
  std::string_view name;
  Graph (*describe)(const ModelFile& file);
};

std::span<const Architecture> Architectures();

// The description of the model in FILE. Throws Error: kUnsupported where the
// architecture is none of the table (naming it and what is known), kUsage where
// the file holds a vocabulary and no weights, and what the description throws.
Graph DescribeModel(const ModelFile& file);

}  // namespace fullstop

#endif  // FULLSTOP_MODEL_ARCHITECTURES_H_
