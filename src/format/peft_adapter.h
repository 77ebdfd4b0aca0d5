// An adapter as PEFT saves it: a folder with
//
//   adapter_config.json          how it was trained, and on which model
//   adapter_model.safetensors    what was trained: low-rank factors, whole
//                                matrices (`modules_to_save`, or a resized
//                                vocabulary), single rows of them
//                                (`trainable_token_indices`)
//
// and often a tokenizer and a chat template. Names of tensors are those of the
// model's modules behind "base_model.model.", and then
//
//   .lora_A.weight [r, in], .lora_B.weight [out, r]
//   .lora_embedding_A [r, rows], .lora_embedding_B [columns, r]
//   .token_adapter.trainable_tokens_delta [rows named, columns]: the rows
//       themselves, whatever the name says
//   .weight                      the whole matrix
//   .original_module.weight      the same before it was trained: some versions
//                                leave it in where the vocabulary was resized
//
// huggingface/peft, src/peft/utils/save_and_load.py and tuners/lora.
#ifndef FULLSTOP_FORMAT_PEFT_ADAPTER_H_
#define FULLSTOP_FORMAT_PEFT_ADAPTER_H_

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "format/safetensors.h"

namespace fullstop {

// Modules of a model, by their names' ends or by a regular expression.
struct PeftModules {
  std::vector<std::string> names;
  std::string pattern;  // empty where NAMES are given

  bool empty() const { return names.empty() && pattern.empty(); }
};

// The rows of a module that are trained alone.
struct PeftTokens {
  std::string module;        // "embed_tokens"; empty where the file names none
  std::vector<int64_t> ids;  // as declared: any numbers
};

// What adapter_config.json says; fields that are absent have PEFT's defaults.
struct PeftConfig {
  std::string type;  // "LORA"; empty where it is absent
  std::string base;  // the model's name or path; may be empty
  int64_t rank = 8;  // as declared
  std::vector<std::pair<std::string, int64_t>> rank_pattern;  // by module
  double alpha = 8;
  bool rank_stabilised = false;  // use_rslora
  bool dora = false;
  bool fan_in_fan_out = false;
  bool tied = false;  // ensure_weight_tying
  PeftModules targets;
  PeftModules excluded;
  std::vector<std::string> saved;  // modules_to_save
  std::vector<PeftTokens> tokens;
  bool targets_parameters = false;  // target_parameters names some
};

enum class PeftPart {
  kLoraA,
  kLoraB,
  kEmbeddingA,
  kEmbeddingB,
  kTokens,  // single rows
  kWhole,   // a module's matrix
  kCopy,    // a matrix as it was before training, saved beside the trained one
  kOther,   // a bias, a magnitude, another method's
};

// What the name of a tensor says.
struct PeftName {
  std::string module;  // "model.layers.0.self_attn.q_proj"
  PeftPart part = PeftPart::kOther;
};
PeftName ParsePeftName(std::string_view name);

// The number behind ".layers." or ".h." in a module's name; nullopt where there
// is none, or none below 10^6.
std::optional<uint64_t> LayerOfModule(std::string_view module);

// The small file, read and checked. Copies cost the JSON. Immutable; any number
// of threads may read.
class PeftAdapter {
 public:
  // Whether PATH is a folder with adapter_config.json and without a model's
  // weights.
  static bool IsOne(const std::string& path);
  // Throws Error: kNotFound where there is no such file, kFormat where it is
  // not JSON, or a field has another type than PEFT gives it.
  static PeftAdapter Open(const std::string& path);

  const std::string& path() const { return path_; }
  const PeftConfig& config() const { return config_; }
  // The path of FILE in the folder; nullopt where there is no regular file.
  std::optional<std::string> Find(std::string_view file) const;

  // Maps adapter_model.safetensors. Throws what SafetensorsSet does;
  // kUnsupported for a pickle and for an adapter in pieces, which PEFT does not
  // read either; kNotFound where there are no weights.
  SafetensorsSet OpenWeights() const;

 private:
  explicit PeftAdapter(std::string path) : path_(std::move(path)) {}

  std::string path_;
  PeftConfig config_;
};

// VALUE is what adapter_config.json holds; NAME stands in the errors. Throws
// Error (kFormat).
PeftConfig ReadPeftConfig(const nlohmann::ordered_json& value,
                          const std::string& name);

}  // namespace fullstop

#endif  // FULLSTOP_FORMAT_PEFT_ADAPTER_H_
