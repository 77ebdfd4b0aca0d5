#include "model/model_file.h"

#include <algorithm>
#include <iterator>
#include <numeric>
#include <utility>

namespace fullstop {

ModelFile::ModelFile(const GgufFile& file)
    : keys_(std::shared_ptr<const GgufFile>(), &file) {
  tensors_.reserve(file.tensors().size());
  for (const GgufTensor& tensor : file.tensors()) {
    tensors_.push_back({.name = tensor.name,
                        .type = tensor.type,
                        .shape = tensor.shape,
                        .pieces = {tensor.data}});
  }
  IndexTensors();
}

ModelFile::ModelFile(std::shared_ptr<const GgufFile> keys,
                     std::vector<ModelTensor> tensors, RotaryOrder rotary_order,
                     std::shared_ptr<const void> owner,
                     std::vector<std::string> left_out)
    : keys_(std::move(keys)),
      tensors_(std::move(tensors)),
      rotary_order_(rotary_order),
      owner_(std::move(owner)),
      left_out_(std::move(left_out)) {
  IndexTensors();
}

ModelFile ModelFile::With(std::vector<ModelTensor> more) const {
  ModelFile file = *this;
  std::ranges::move(more, std::back_inserter(file.tensors_));
  file.IndexTensors();
  return file;
}

void ModelFile::IndexTensors() {
  order_.resize(tensors_.size());
  std::iota(order_.begin(), order_.end(), 0u);
  std::ranges::sort(order_, {}, [this](uint32_t i) {
    return std::string_view(tensors_[i].name);
  });
}

const ModelTensor* ModelFile::FindTensor(std::string_view name) const {
  const auto it = std::ranges::lower_bound(
      order_, name, {},
      [this](uint32_t i) { return std::string_view(tensors_[i].name); });
  if (it == order_.end() || tensors_[*it].name != name) return nullptr;
  return &tensors_[*it];
}

}  // namespace fullstop
