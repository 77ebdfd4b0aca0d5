// What a token costs at least, whatever computes it.
#ifndef FULLSTOP_MODEL_GRAPH_WORK_H_
#define FULLSTOP_MODEL_GRAPH_WORK_H_

#include <cstdint>

#include "model/graph.h"
#include "model/model_file.h"

namespace fullstop {

struct TokenWork {
  // Of weights, as the file packs them: what a token generated alone reads.
  double weight_bytes = 0;
  // Multiplications and additions with them, of the head's and of the others.
  double head_operations = 0;
  double layer_operations = 0;
};

// Of a mixture the experts that a token chooses count. Attention, and what
// grows with the number of positions, is left out.
TokenWork WorkOfToken(const Graph& graph, const ModelFile& file);

}  // namespace fullstop

#endif  // FULLSTOP_MODEL_GRAPH_WORK_H_
