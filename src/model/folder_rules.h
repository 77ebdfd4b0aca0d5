// What folders call GGUF's tensors and how they hold them, as data that is
// followed in both directions: to read a folder and to write one.
#ifndef FULLSTOP_MODEL_FOLDER_RULES_H_
#define FULLSTOP_MODEL_FOLDER_RULES_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

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

// Experts, each for itself, and those that every token passes; names behind a
// prefix.
inline constexpr TensorName kExpertNames[] = {
    {"experts.{}.gate_proj", "blk.{}.ffn_gate_exps"},
    {"experts.{}.up_proj", "blk.{}.ffn_up_exps"},
    {"experts.{}.down_proj", "blk.{}.ffn_down_exps"},
};
inline constexpr TensorName kNumberedExpertNames[] = {
    {"experts.{}.w1", "blk.{}.ffn_gate_exps"},
    {"experts.{}.w3", "blk.{}.ffn_up_exps"},
    {"experts.{}.w2", "blk.{}.ffn_down_exps"},
};
inline constexpr TensorName kSharedExpertsNames[] = {
    {"shared_experts.gate_proj", "blk.{}.ffn_gate_shexp"},
    {"shared_experts.up_proj", "blk.{}.ffn_up_shexp"},
    {"shared_experts.down_proj", "blk.{}.ffn_down_shexp"},
};
inline constexpr TensorName kSharedExpertNames[] = {
    {"shared_expert.gate_proj", "blk.{}.ffn_gate_shexp"},
    {"shared_expert.up_proj", "blk.{}.ffn_up_shexp"},
    {"shared_expert.down_proj", "blk.{}.ffn_down_shexp"},
};
inline constexpr TensorName kSharedMlpNames[] = {
    {"shared_mlp.gate_proj", "blk.{}.ffn_gate_shexp"},
    {"shared_mlp.up_proj", "blk.{}.ffn_up_shexp"},
    {"shared_mlp.down_proj", "blk.{}.ffn_down_shexp"},
};

// The mixture of a layer below PREFIX as the models' makers publish it. Below
// SAVED_PREFIX transformers 5 saves it again, all experts stacked and the rows
// of gates above those of ups: that is read, too.
struct MixtureNames {
  std::string_view prefix = "model.layers.{}.mlp.";
  std::string_view saved_prefix = "model.layers.{}.mlp.";
  std::string_view router = "gate";
  std::string_view bias = "";  // of the router's choice; a whole name
  std::span<const TensorName> experts = kExpertNames;
  std::span<const TensorName> shared = {};
  std::string_view shared_gate = "";  // of one output: a vector to GGUF
};

// Indices BEGIN, BEGIN + STEP, …: COUNT of them.
struct AxisRange {
  uint64_t begin;
  uint64_t count;
  uint64_t step = 1;
};

// What is done to each number on the way from a folder to GGUF.
enum class NumberChange {
  kNone,
  kPlusOne,   // 1 + x
  kMinusExp,  // -exp(x)
};

// What a folder's shape has more than rows and columns.
enum class ExtraDimension {
  kNone,
  kChannel,  // [rows, 1, columns]
  kRow,      // of a vector: [1, n]
};

// Where the numbers of GGUF's tensor stand in the folder's. What is empty or
// false changes nothing.
struct TensorPlace {
  // The rows that GGUF's matrices have of the folder's, in their order; of a
  // vector its elements. Other rows of the folder's belong to other tensors.
  std::vector<AxisRange> rows = {};
  std::vector<AxisRange> columns = {};
  // Columns and rows, taken so, change places.
  bool transposed = false;
  // The folder's one matrix is this many of GGUF's, one below the other; ROWS
  // are those of each.
  uint64_t stacked = 0;
  ExtraDimension extra = ExtraDimension::kNone;
  NumberChange change = NumberChange::kNone;
};

// A folder's tensor that gives one of GGUF's, or several with a rule each.
struct FolderRule {
  std::string folder;
  std::string gguf;  // empty: left out
  TensorPlace place = {};
  // Another name that is read, but not written.
  bool alias = false;
  // MXFP4 as gpt-oss has it: FOLDER ends with _blocks, and beside it there is a
  // tensor that ends with _scales.
  bool packed = false;
};

inline constexpr std::string_view kMxfp4Blocks = "_blocks";
inline constexpr std::string_view kMxfp4Scales = "_scales";

// One number of each layer, which GGUF's files hold as the array KEY.
struct LayerNumberRule {
  std::string key;
  std::string folder;
  bool scalar;  // of the shape [], else [1]
};

struct MatrixSize {
  uint64_t columns;
  uint64_t rows;

  bool operator==(const MatrixSize&) const = default;
};

// What PLACE takes of a folder's matrix of that size. A range may reach past
// its end: see AxisEnd.
MatrixSize PlacedSize(const TensorPlace& place, MatrixSize folder);
// The least index behind all RANGES.
uint64_t AxisEnd(std::span<const AxisRange> ranges);
// The columns and rows of the folder's matrix that GGUF's numbers lie within:
// its own turned over where PLACE does so, or as far as the ranges reach.
MatrixSize FolderSize(const TensorPlace& place, MatrixSize gguf);

enum class TensorDirection { kToGguf, kToFolder };

// Copies the numbers of one matrix, WIDTH bytes each, between a folder's matrix
// of the size FOLDER and GGUF's. What PLACE does not name stays as it is.
void CopyPlaced(const TensorPlace& place, MatrixSize folder, uint64_t width,
                TensorDirection direction, const std::byte* from,
                std::byte* to);

// In place; TO_FOLDER is the way back.
void ChangeNumbers(NumberChange change, TensorDirection direction,
                   std::span<float> numbers);

}  // namespace fullstop

#endif  // FULLSTOP_MODEL_FOLDER_RULES_H_
