// Whether a graph's widths and shapes fit each other.
#ifndef FULLSTOP_MODEL_GRAPH_CHECK_H_
#define FULLSTOP_MODEL_GRAPH_CHECK_H_

#include <string>

#include "model/graph.h"

namespace fullstop {

// A description takes widths from a file's keys and shapes from its tensors;
// where those contradict each other, a step would read past its memory. Throws
// Error (kFormat) in PATH that names the step.
void CheckGraph(const Graph& graph, const std::string& path);

}  // namespace fullstop

#endif  // FULLSTOP_MODEL_GRAPH_CHECK_H_
