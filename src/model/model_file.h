// What the model room sees of a file, whatever its format: hyper-parameters
// under GGUF's keys, tensors under GGUF's names.
#ifndef FULLSTOP_MODEL_MODEL_FILE_H_
#define FULLSTOP_MODEL_MODEL_FILE_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "format/gguf.h"
#include "format/tensor_type.h"

namespace fullstop {

struct ModelTensor {
  std::string name;
  TensorType type;
  // In GGUF's order: the contiguous dimension first.
  std::vector<uint64_t> shape;
  // The data in order where it is mapped. Each piece holds whole matrices (the
  // first two dimensions), of a tensor of one dimension all of it; there are
  // several where a file keeps the experts of a layer apart.
  std::vector<std::span<const std::byte>> pieces = {};
  // Computes one matrix (the first two dimensions; of a tensor of one all of
  // it), where PIECES is empty. Any number of threads may call it; each call
  // computes anew.
  std::function<std::vector<std::byte>(uint64_t matrix)> make = nullptr;
  // The type to write it in, where TYPE is only what its numbers are computed
  // in: F8 with scales becomes F32.
  std::optional<TensorType> narrow = std::nullopt;

  uint64_t matrices() const {
    uint64_t count = 1;
    for (size_t i = 2; i < shape.size(); ++i) count *= shape[i];
    return count;
  }
  // Of all the data.
  uint64_t size() const { return TensorBytes(type, shape).value(); }
};

// How q and k stand in the file where the rotary embedding of the architecture
// turns halves (i, i + n/2), but its GGUF files hold the rows reordered for
// neighbours (2i, 2i + 1).
enum class RotaryOrder {
  kGguf,    // as in the architecture's GGUF files
  kHalves,  // not reordered
};

// Immutable; any number of threads may read. Copies share what they view.
class ModelFile {
 public:
  // Views FILE, which must outlive the object and what is loaded from it.
  // Conversions are meant: a GGUF file is a model file as it stands.
  ModelFile(const GgufFile& file);  // NOLINT(google-explicit-constructor)
  // KEYS has entries and no tensors, its path is that of the model. OWNER keeps
  // alive what TENSORS view; names must differ. LEFT_OUT: see left_out().
  ModelFile(std::shared_ptr<const GgufFile> keys,
            std::vector<ModelTensor> tensors, RotaryOrder rotary_order,
            std::shared_ptr<const void> owner,
            std::vector<std::string> left_out);

  // The same with MORE tensors, of names that it has not.
  ModelFile With(std::vector<ModelTensor> more) const;

  const std::string& path() const { return keys_->paths().front(); }
  // The hyper-parameters. Only entries may be asked of it, not tensors.
  const GgufFile& keys() const { return *keys_; }
  // In the file's order.
  const std::vector<ModelTensor>& tensors() const { return tensors_; }
  // nullptr where the tensor is absent. Logarithmic.
  const ModelTensor* FindTensor(std::string_view name) const;
  RotaryOrder rotary_order() const { return rotary_order_; }
  // The folder's names of tensors that belong to the text model and that its
  // graph has no use for: those that predict further tokens.
  const std::vector<std::string>& left_out() const { return left_out_; }
  // Keeps the views valid; null for a GGUF file, which its holder keeps.
  const std::shared_ptr<const void>& owner() const { return owner_; }

 private:
  void IndexTensors();

  std::shared_ptr<const GgufFile> keys_;
  std::vector<ModelTensor> tensors_;
  // Indices, ascending by name.
  std::vector<uint32_t> order_;
  RotaryOrder rotary_order_ = RotaryOrder::kGguf;
  std::shared_ptr<const void> owner_;
  std::vector<std::string> left_out_;
};

}  // namespace fullstop

#endif  // FULLSTOP_MODEL_MODEL_FILE_H_
