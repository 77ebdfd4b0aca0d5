#include "model/cpu_weights.h"

namespace fullstop {

CpuWeights::CpuWeights(const GgufFile& file, const Graph& graph,
                       const kernels::Kernels& kernels) {
  for (const TensorSpec& spec : graph.tensors) {
    const GgufTensor& tensor = *file.FindTensor(spec.name);
    const uint64_t columns = spec.shape[0];
    const kernels::Matrix matrix{
        .type = tensor.type,
        .data = tensor.data.data(),
        .rows = static_cast<int64_t>(spec.shape.size() > 1 ? spec.shape[1] : 1),
        .columns = static_cast<int64_t>(columns),
        .row_bytes =
            static_cast<int64_t>(RowBytes(tensor.type, columns).value())};
    std::vector<float> vector;
    if (spec.shape.size() == 1) {
      vector.resize(columns);
      kernels.DequantizeRow(matrix, 0, vector.data());
    }
    matrices_.push_back(matrix);
    vectors_.push_back(std::move(vector));
  }
}

}  // namespace fullstop
