// What an architecture's description reads a Hugging Face folder with: fields
// of config.json become keys under GGUF's names, tensors get GGUF's names.
#ifndef FULLSTOP_MODEL_FOLDER_READER_H_
#define FULLSTOP_MODEL_FOLDER_READER_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "format/gguf_writer.h"
#include "format/hf_folder.h"
#include "format/safetensors.h"
#include "format/safetensors_values.h"
#include "model/folder_rules.h"
#include "model/model_file.h"

namespace fullstop {

// What fields of config.json stand for where they are missing.
struct FolderDefaults {
  double epsilon = 1e-6;
  double rope_theta = 10000;
  double partial_rotary_factor = 1;
  uint64_t head_length = 0;  // 0: embedding / heads
  // What rope.scaling.yarn_log_multiplier is of `mscale_all_dim`; 0: no key.
  double log_multiplier = 0;
  // The layers whose rotary embedding is rope.*, where `rope_parameters` tells
  // types apart.
  std::string_view rope_layers = "";
};

// One thread. The arguments must outlive the object.
class FolderReader {
 public:
  // ARCHITECTURE is GGUF's name.
  FolderReader(const HfFolder& folder,
               std::shared_ptr<const SafetensorsSet> weights,
               std::string_view architecture);

  // --- config.json ----------------------------------------------------------
  // Of the object `text_config` where the file has one. All throw Error
  // (kFormat) naming the field where it has another type.

  // Null where the field is absent.
  const nlohmann::ordered_json& Field(std::string_view field) const;
  // 0 to 2^53; throws where it is absent and has no FALLBACK.
  uint64_t Count(std::string_view field) const;
  uint64_t Count(std::string_view field, uint64_t fallback) const;
  double Number(std::string_view field, double fallback) const;
  std::optional<double> FindNumber(std::string_view field) const;
  bool Flag(std::string_view field, bool fallback) const;
  std::string Text(std::string_view field, std::string_view fallback) const;
  // For each layer whether `layer_types` calls it TYPE; nullopt where that
  // field is absent.
  std::optional<std::vector<bool>> LayersOfType(std::string_view type) const;

  // --- Keys -----------------------------------------------------------------
  // KEY is named without the architecture. A key set twice has the last value.

  void SetCount(std::string_view key, uint64_t value);
  void SetNumber(std::string_view key, double value);
  void SetFlag(std::string_view key, bool value);
  void SetText(std::string_view key, std::string_view value);
  void SetCounts(std::string_view key, std::vector<uint64_t> values);
  void SetFlags(std::string_view key, std::vector<bool> values);
  // What all decoders have: layers, lengths, heads, the norms' epsilon, the
  // rotary embedding.
  void SetDecoderKeys(const FolderDefaults& defaults = {});
  // A key without the architecture's name: of each layer the one number of the
  // tensor that FOLDER names, FALLBACK where the folder has none. SCALAR: see
  // LayerNumberRule.
  void SetLayerNumbers(std::string_view key, std::string_view folder,
                       float fallback, bool scalar);
  // expert_*: how many there are, are used, are shared, and their lengths; how
  // their weights are made. Fields go by several names. SHARED_NUMBER is that
  // of shared experts where no field tells.
  void SetExpertKeys(uint64_t shared_number = 0);
  // attention.sliding_window, WINDOW where the field is missing, and which
  // layers have it: by `layer_types`, else all but every N-th, where N is
  // `sliding_window_pattern` or else PERIOD; 0: all. Nothing where the field is
  // null and WINDOW 0.
  void SetWindows(uint64_t period, uint64_t window = 0);
  // attention.rope_layers of `no_rope_layers` (1 where a layer has a rotary
  // embedding) and `no_rope_layer_interval`.
  void SetRopeLayers();
  // Granite's four multipliers.
  void SetGraniteKeys();
  // The same of Qwen's: where `use_sliding_window` is true, layers from
  // `max_window_layers` on.
  void SetUpperWindows();
  // rope.* of the object `rope_parameters`, or of `rope_theta` and
  // `rope_scaling`. ROTARY is the number of rotated dimensions.
  void SetRopeKeys(uint64_t rotary, const FolderDefaults& defaults = {});
  // What those fields say of one type of layers; of all layers where they don't
  // tell types apart. An object, where the type of scaling is "rope_type".
  nlohmann::ordered_json RopeParameters(std::string_view layer_type = "") const;

  // --- Tensors --------------------------------------------------------------

  // Where two rules are of one folder's name, the later takes the place of the
  // earlier; where two are of one of GGUF's, both are read and the later is
  // written.

  // PREFIX stands before the folder's names.
  void AddNames(std::span<const TensorName> names,
                std::string_view prefix = "");
  // Other names, which are read alone.
  void AddAliases(std::span<const TensorName> names,
                  std::string_view prefix = "");
  void AddMixture(const MixtureNames& names);
  // PREFIX gate_up_proj, of each expert WIDTH rows of gates above as many of
  // ups, and PREFIX down_proj; only read.
  void AddStackedExperts(const std::string& prefix, uint64_t width);
  // The tensor GGUF stands so in the folder's, which may give several.
  void AddPlaced(TensorName name, TensorPlace place);
  void AddPlacedAlias(TensorName name, TensorPlace place);
  // The same of a tensor in MXFP4, FOLDER_blocks and FOLDER_scales; PLACE names
  // no more than rows.
  void AddMxfp4(TensorName name, TensorPlace place = {});
  // Of NAMES the norms: the model multiplies by one more than their weights,
  // and GGUF's files hold what it multiplies by.
  void AddOneToNorms(std::span<const TensorName> names);
  // The tensor is left out.
  void Ignore(std::string_view folder);
  // The shape of the first tensor of this name, "{}" for numbers, outermost
  // first; empty where there is none.
  std::vector<uint64_t> Shape(std::string_view folder) const;
  // A tensor of no file's.
  void AddTensor(std::string_view gguf, std::vector<float> values);

  // What was said of names so far, for whoever writes a folder: no aliases, of
  // each of GGUF's names the last.
  std::vector<FolderRule> WrittenRules() const;
  const std::vector<LayerNumberRule>& layer_numbers() const {
    return layer_numbers_;
  }

  // Throws Error (kUnsupported) for a tensor that has no name here: what is not
  // understood must not be left out silently.
  ModelFile Take();

  [[noreturn]] void ThrowUnsupported(std::string what) const;

 private:
  // A tensor in the making: the folder's tensors by number of expert.
  struct Parts {
    const FolderRule* rule = nullptr;
    bool experts = false;  // the name has a number for them
    std::map<uint64_t, const SafetensorsTensor*> tensors;
  };

  void Erase(std::string_view folder);
  std::vector<const FolderRule*> RulesOf(std::string_view folder) const;
  void Set(std::string_view key, GgufValue value);
  // nullopt where it is absent.
  std::optional<uint64_t> FindCount(std::string_view field) const;
  [[noreturn]] void ThrowField(std::string_view field,
                               std::string_view expected) const;
  // The name without what wraps a text model in one of several modalities;
  // nullopt where the tensor belongs to another part of such a model.
  std::optional<std::string> TextName(const std::string& name) const;
  // Whether NAME is of a layer past the last or of one beside them.
  bool PredictsFurther(const std::string& name) const;
  void Collect(const SafetensorsTensor& tensor,
               std::map<std::string, Parts>* found) const;
  ModelTensor Make(const std::string& name, const Parts& parts) const;
  ModelTensor MakePlaced(const std::string& name, const Parts& parts) const;
  ModelTensor MakeMxfp4(const std::string& name, const Parts& parts) const;
  void CheckRanges(const TensorPlace& place, MatrixSize size,
                   const SafetensorsTensor& tensor) const;
  std::vector<Fp8Weight> Fp8Weights(const Parts& parts) const;
  Error Fault(const SafetensorsTensor& tensor, std::string what) const;
  std::string ConfigPath() const;

  const HfFolder& folder_;
  std::shared_ptr<const SafetensorsSet> weights_;
  const nlohmann::ordered_json& config_;
  const bool nested_;
  std::string architecture_;
  std::map<std::string, GgufValue> keys_;
  // What the strings among them view.
  std::deque<std::string> texts_;
  // In the order of the calls.
  std::vector<FolderRule> rules_;
  std::vector<LayerNumberRule> layer_numbers_;
  std::vector<ModelTensor> own_;
};

}  // namespace fullstop

#endif  // FULLSTOP_MODEL_FOLDER_READER_H_
