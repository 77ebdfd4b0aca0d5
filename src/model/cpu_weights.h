// A graph's tensors bound to a file's data, for the kernels.
#ifndef FULLSTOP_MODEL_CPU_WEIGHTS_H_
#define FULLSTOP_MODEL_CPU_WEIGHTS_H_

#include <cstddef>
#include <memory>
#include <vector>

#include "base/threads.h"
#include "kernels/kernels.h"
#include "model/aligned_buffer.h"
#include "model/graph.h"
#include "model/model_file.h"

namespace fullstop {

// Where matrices are read from.
enum class WeightPlacement {
  // Where the file is mapped, in the small pages that files come in.
  kMapped,
  // From copies in large pages, if the system has them: every token reads all
  // weights once, and finding so many small pages takes as long as reading
  // them. What is multiplied becomes strips (kernels/strips.h) where the
  // kernels
  // read those.
  kCopied,
};

// Matrices that a file has to compute are computed once and kept. Vectors,
// which are short, are copied to float. Immutable; any number of threads may
// read.
class CpuWeights {
 public:
  // GRAPH was made from FILE, whose data must outlive the object. What is
  // copied is copied by POOL.
  CpuWeights(const ModelFile& file, const Graph& graph,
             const kernels::Kernels& kernels, WeightPlacement placement,
             ThreadPool& pool);

  // ID must be of a tensor with two dimensions.
  const kernels::Matrix& matrix(TensorId id) const { return slices(id)[0]; }
  // The matrices of a tensor with three dimensions, one for each index of the
  // last; of one with two, that one.
  const std::vector<kernels::Matrix>& slices(TensorId id) const {
    return matrices_[static_cast<uint32_t>(id)];
  }
  // ID must be of a tensor with one dimension, or of a norm's weights.
  const std::vector<float>& vector(TensorId id) const {
    return vectors_[static_cast<uint32_t>(id)];
  }

 private:
  std::shared_ptr<const void> owner_;
  std::vector<std::vector<std::byte>> made_;
  AlignedBuffer<std::byte> copies_;
  // By TensorId; a tensor with one dimension is a matrix of one row.
  std::vector<std::vector<kernels::Matrix>> matrices_;
  std::vector<std::vector<float>> vectors_;
};

}  // namespace fullstop

#endif  // FULLSTOP_MODEL_CPU_WEIGHTS_H_
