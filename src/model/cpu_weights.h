// A graph's tensors bound to a mapped file, for the kernels.
#ifndef FULLSTOP_MODEL_CPU_WEIGHTS_H_
#define FULLSTOP_MODEL_CPU_WEIGHTS_H_

#include <vector>

#include "format/gguf.h"
#include "kernels/kernels.h"
#include "model/graph.h"

namespace fullstop {

// Matrices stay where the file is mapped; FILE must outlive the object.
// Vectors, which are short, are copied to float. Immutable; any number of
// threads may read.
class CpuWeights {
 public:
  // GRAPH was made from FILE.
  CpuWeights(const GgufFile& file, const Graph& graph,
             const kernels::Kernels& kernels);

  // ID must be of a tensor with two dimensions.
  const kernels::Matrix& matrix(TensorId id) const {
    return matrices_[static_cast<uint32_t>(id)];
  }
  // ID must be of a tensor with one dimension.
  const std::vector<float>& vector(TensorId id) const {
    return vectors_[static_cast<uint32_t>(id)];
  }

 private:
  // By TensorId; empty where the tensor is of the other kind.
  std::vector<kernels::Matrix> matrices_;
  std::vector<std::vector<float>> vectors_;
};

}  // namespace fullstop

#endif  // FULLSTOP_MODEL_CPU_WEIGHTS_H_
