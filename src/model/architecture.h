// What an architecture's file says of it.
#ifndef FULLSTOP_MODEL_ARCHITECTURE_H_
#define FULLSTOP_MODEL_ARCHITECTURE_H_

#include <array>
#include <string_view>
#include <vector>

#include "model/graph.h"
#include "model/model_file.h"

namespace fullstop {

class FolderReader;

struct Architecture {
  // The value of GGUF's general.architecture.
  std::string_view name;
  // The values of config.json's `model_type` that stand for it; none is empty.
  std::array<std::string_view, 6> model_types;
  // Throws Error: kFormat naming the key or tensor that is missing or does not
  // fit, kUnsupported for what this program can't compute.
  Graph (*describe)(const ModelFile& file);
  // Gives keys and tensors of a folder GGUF's names. Throws the same.
  void (*read_folder)(FolderReader& reader);
  // Null, or what makes the tensors that older files hold in another form.
  // Throws the same.
  std::vector<ModelTensor> (*complete)(const ModelFile& file) = nullptr;
  // GGUF's files hold the rows of attn_q and attn_k, and their biases,
  // reordered (RotaryOrder).
  bool reordered = false;
};

}  // namespace fullstop

#endif  // FULLSTOP_MODEL_ARCHITECTURE_H_
