// What an architecture's description is written with: tensors are declared with
// the shape they must have in the file, steps are added in order.
#ifndef FULLSTOP_MODEL_GRAPH_BUILDER_H_
#define FULLSTOP_MODEL_GRAPH_BUILDER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "model/graph.h"
#include "model/model_file.h"

namespace fullstop {

// One thread. FILE must outlive the builder, not the graph.
class GraphBuilder {
 public:
  GraphBuilder(const ModelFile& file, std::string architecture);

  // Throws Error (kFormat) naming the tensor, the shape expected and what was
  // found; kUnsupported where its type can't be computed with. Declaring a name
  // twice gives the same handle.
  TensorId Tensor(const std::string& name, std::vector<uint64_t> shape,
                  Cut cut = {});
  // The same, but nullopt where the file has no such tensor.
  std::optional<TensorId> OptionalTensor(const std::string& name,
                                         std::vector<uint64_t> shape,
                                         Cut cut = {});
  // NAME.weight and, where the file has it, NAME.bias of a matrix from INPUT to
  // OUTPUT numbers.
  LinearPart Linear(const std::string& name, uint64_t input, uint64_t output,
                    Cut cut, ValueId out);

  ValueId Value(std::string name, uint64_t width);
  RopeId Rope(RopeSpec spec);
  StateId State(std::string name, uint64_t width);

  template <typename Op>
  void Add(std::string name, Op op) {
    graph_.steps.push_back({std::move(name), std::move(op)});
  }

  // Ends the building.
  Graph Take() { return std::move(graph_); }

 private:
  const ModelFile& file_;
  Graph graph_;
};

}  // namespace fullstop

#endif  // FULLSTOP_MODEL_GRAPH_BUILDER_H_
