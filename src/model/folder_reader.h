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
#include "model/model_file.h"

namespace fullstop {

// In both names "{}" is the number of a layer. A folder's name without its last
// part, ".weight" or ".bias", stands for both; then GGUF's is without it, too.
// A second "{}" of a folder's name is the number of an expert: those are
// stacked.
struct TensorName {
  std::string_view folder;
  std::string_view gguf;
};

// Of a decoder whose blocks are named as Llama's.
inline constexpr TensorName kDecoderNames[] = {
    {"model.embed_tokens", "token_embd"},
    {"model.layers.{}.input_layernorm", "blk.{}.attn_norm"},
    {"model.layers.{}.self_attn.q_proj", "blk.{}.attn_q"},
    {"model.layers.{}.self_attn.k_proj", "blk.{}.attn_k"},
    {"model.layers.{}.self_attn.v_proj", "blk.{}.attn_v"},
    {"model.layers.{}.self_attn.o_proj", "blk.{}.attn_output"},
    {"model.layers.{}.post_attention_layernorm", "blk.{}.ffn_norm"},
    {"model.layers.{}.mlp.gate_proj", "blk.{}.ffn_gate"},
    {"model.layers.{}.mlp.up_proj", "blk.{}.ffn_up"},
    {"model.layers.{}.mlp.down_proj", "blk.{}.ffn_down"},
    {"model.norm", "output_norm"},
    {"lm_head", "output"},
};

// The norms of queries and keys, and those behind the blocks.
inline constexpr TensorName kHeadNormNames[] = {
    {"model.layers.{}.self_attn.q_norm", "blk.{}.attn_q_norm"},
    {"model.layers.{}.self_attn.k_norm", "blk.{}.attn_k_norm"},
};
inline constexpr TensorName kPostNormNames[] = {
    {"model.layers.{}.post_attention_layernorm", "blk.{}.post_attention_norm"},
    {"model.layers.{}.post_feedforward_layernorm", "blk.{}.post_ffw_norm"},
};

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

// Rows [begin, begin + count) of a matrix, or elements of a vector; of each
// matrix where there are several.
struct RowRange {
  uint64_t begin;
  uint64_t count;
};

// Where the numbers of a tensor [columns, rows, matrices] stand in the one that
// they are copied from: number (c, r, m) at
// begin + c * column + r * row + m * matrix.
struct TensorStrides {
  std::vector<uint64_t> shape;
  uint64_t begin = 0;
  uint64_t column = 1;
  uint64_t row = 0;
  uint64_t matrix = 0;
  // If not empty: column c is taken from COLUMNS[c] instead of from c.
  std::vector<uint64_t> columns = {};
};
// For a tensor of the folder of SHAPE, in GGUF's order.
using TensorGather =
    std::function<TensorStrides(const std::vector<uint64_t>& shape)>;

// Changes the numbers of a tensor: VALUES has the shape SHAPE, in GGUF's order,
// and both may be changed. Where VALUES is null, only SHAPE is.
using TensorChange = std::function<void(std::vector<uint64_t>* shape,
                                        std::vector<float>* values)>;

// A rule of a FolderReader that can be followed backwards: the folder's tensor
// is GGUF's, less ADDED. Names are as in TensorName.
struct FolderName {
  std::string folder;
  std::string gguf;
  float added = 0;
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
  // tensor that FOLDER names, FALLBACK where the folder has none.
  void SetLayerNumbers(std::string_view key, std::string_view folder,
                       float fallback);
  // expert_*: how many there are, are used, are shared, and their lengths; how
  // their weights are made. Fields go by several names. SHARED_NUMBER is that
  // of shared experts where no field tells.
  void SetExpertKeys(uint64_t shared_number = 0);
  // Router and experts under PREFIX ("model.layers.{}.mlp"), each for itself or
  // stacked; and those that are shared.
  void AddExpertNames(std::string_view prefix);
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

  void AddNames(std::span<const TensorName> names);
  // The tensor GGUF is these rows of the folder's, which may give several.
  void AddRows(TensorName name, std::vector<RowRange> rows);
  // The tensor GGUF is a copy of the folder's numbers in another order; the
  // folder's tensor may give several.
  void AddGathered(TensorName name, TensorGather gather);
  // Rows of a tensor of gpt-oss in MXFP4, FOLDER_blocks and FOLDER_scales: of
  // each matrix those from FIRST on, STEP apart.
  void AddMxfp4(TensorName name, uint64_t first, uint64_t step);
  // The tensor is computed: as F32.
  void AddChanged(TensorName name, TensorChange change);
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

  // What was said of names so far, but for tensors that are cut or computed.
  std::vector<FolderName> PlainNames() const;

  // Throws Error (kUnsupported) for a tensor that has no name here: what is not
  // understood must not be left out silently.
  ModelFile Take();

  [[noreturn]] void ThrowUnsupported(std::string what) const;

 private:
  struct Rule {
    std::string gguf;                 // empty: ignored
    std::vector<RowRange> rows = {};  // empty: all
    TensorChange change = nullptr;
    TensorGather gather = nullptr;
    // Of AddMxfp4; STEP 0: no such tensor.
    uint64_t first = 0;
    uint64_t step = 0;
  };
  // A tensor in the making: the folder's tensors by number of expert.
  struct Parts {
    const Rule* rule = nullptr;
    std::map<uint64_t, const SafetensorsTensor*> tensors;
  };

  void Set(std::string_view key, GgufValue value);
  // nullopt where it is absent.
  std::optional<uint64_t> FindCount(std::string_view field) const;
  [[noreturn]] void ThrowField(std::string_view field,
                               std::string_view expected) const;
  // The name without what wraps a text model in one of several modalities;
  // nullopt where the tensor belongs to another part of such a model.
  std::optional<std::string> TextName(const std::string& name) const;
  void Collect(const SafetensorsTensor& tensor,
               std::map<std::string, Parts>* found) const;
  ModelTensor Make(const std::string& name, const Parts& parts) const;
  ModelTensor MakeViews(const std::string& name, const Parts& parts,
                        TensorType type) const;
  ModelTensor MakeMxfp4(const std::string& name, const Parts& parts) const;
  void DequantizeFp8(const Parts& parts, ModelTensor* tensor) const;
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
  std::multimap<std::string, Rule, std::less<>> rules_;
  std::vector<ModelTensor> own_;
};

}  // namespace fullstop

#endif  // FULLSTOP_MODEL_FOLDER_READER_H_
