#include "convert/folder_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>

#include "base/error.h"
#include "convert/gguf_tensors.h"
#include "format/json_file.h"

namespace fullstop {
namespace {

using Json = nlohmann::ordered_json;

struct FieldOfKey {
  const char* field;
  const char* key;
};

// Whole numbers, then others. Of two keys of a field the first counts.
constexpr std::array<FieldOfKey, 9> kCounts = {
    {{"hidden_size", "embedding_length"},
     {"num_hidden_layers", "block_count"},
     {"max_position_embeddings", "context_length"},
     {"intermediate_size", "feed_forward_length"},
     {"num_attention_heads", "attention.head_count"},
     {"num_key_value_heads", "attention.head_count_kv"},
     {"head_dim", "attention.key_length"},
     {"sliding_window", "attention.sliding_window"},
     {"vocab_size", "vocab_size"}}};
constexpr std::array<FieldOfKey, 12> kNumbers = {
    {{"rms_norm_eps", "attention.layer_norm_rms_epsilon"},
     {"layer_norm_eps", "attention.layer_norm_epsilon"},
     {"norm_eps", "attention.layer_norm_epsilon"},
     {"norm_eps", "attention.layer_norm_rms_epsilon"},
     {"rope_theta", "rope.freq_base"},
     {"logit_scale", "logit_scale"},
     {"logits_scaling", "logit_scale"},
     {"embedding_multiplier", "embedding_scale"},
     {"residual_multiplier", "residual_scale"},
     {"attention_multiplier", "attention.scale"},
     {"attn_logit_softcapping", "attn_logit_softcapping"},
     {"final_logit_softcapping", "final_logit_softcapping"}}};

// What a configuration says of tensors that a file has or has not.
struct FlagOfTensor {
  const char* field;
  const char* tensor;
};
constexpr std::array<FlagOfTensor, 5> kFlags = {
    {{"attention_bias", "blk.0.attn_q.bias"},
     {"use_qkv_bias", "blk.0.attn_q.bias"},
     {"mlp_bias", "blk.0.ffn_up.bias"},
     {"use_qk_norm", "blk.0.attn_q_norm.weight"},
     {"qk_layernorm", "blk.0.attn_q_norm.weight"}}};

// How the configuration of a mixture differs: of these the keys say enough.
struct MixtureFields {
  std::string_view architecture;
  const char* model_type;
  const char* count;
  const char* width;
  // What other programs do without a key.
  bool normalised;
};
constexpr std::array<MixtureFields, 3> kMixtures = {
    {{"llama", "mixtral", "num_local_experts", "intermediate_size", true},
     {"qwen2moe", "qwen2_moe", "num_experts", "moe_intermediate_size", false},
     {"qwen3moe", "qwen3_moe", "num_experts", "moe_intermediate_size", true}}};

// A key of one number; absent where it holds one for each layer.
std::optional<int64_t> FindCount(const GgufFile& file, const std::string& key) {
  const GgufValue* value = file.Find(key);
  if (value == nullptr || std::holds_alternative<GgufArray>(value->value)) {
    return std::nullopt;
  }
  return file.GetInteger(key);
}

void AddRope(const GgufFile& file, const std::string& prefix, Json* config) {
  const auto rotated = FindCount(file, prefix + "rope.dimension_count");
  const Json& head = (*config)["head_dim"];
  if (rotated && head.is_number() && *rotated != head.get<int64_t>()) {
    (*config)["partial_rotary_factor"] =
        static_cast<double>(*rotated) / head.get<double>();
  }
  const auto type = file.GetString(prefix + "rope.scaling.type");
  if (!type || *type == "none") return;
  Json scaling = {{"rope_type", std::string(*type)}};
  if (const auto factor = file.GetFloat(prefix + "rope.scaling.factor")) {
    scaling["factor"] = ShortestJson(static_cast<float>(*factor));
  }
  if (const auto length =
          FindCount(file, prefix + "rope.scaling.original_context_length")) {
    scaling["original_max_position_embeddings"] = *length;
  }
  (*config)["rope_scaling"] = std::move(scaling);
}

void AddMixture(const GgufFile& file, const std::string& prefix, Json* config) {
  const auto count = FindCount(file, prefix + "expert_count");
  const auto fields =
      std::ranges::find(kMixtures, prefix.substr(0, prefix.size() - 1),
                        &MixtureFields::architecture);
  if (!count || *count == 0 || fields == kMixtures.end()) return;
  (*config)["model_type"] = fields->model_type;
  (*config)[fields->count] = *count;
  for (const auto& [field, key] :
       {std::pair("num_experts_per_tok", "expert_used_count"),
        std::pair(fields->width, "expert_feed_forward_length"),
        std::pair("shared_expert_intermediate_size",
                  "expert_shared_feed_forward_length")}) {
    if (const auto number = FindCount(file, prefix + key)) {
      (*config)[field] = *number;
    }
  }
  if (fields->model_type == std::string_view("mixtral")) return;
  (*config)["norm_topk_prob"] =
      file.GetBool(prefix + "expert_weights_norm").value_or(fields->normalised);
}

Json ConfigOfKeys(const ModelFile& model, std::string_view model_type) {
  const GgufFile& file = model.keys();
  const std::string prefix =
      std::string(file.GetString("general.architecture").value_or("")) + ".";
  Json config = {{"model_type", std::string(model_type)}};
  for (const FieldOfKey& each : kCounts) {
    if (const auto count = FindCount(file, prefix + each.key)) {
      config[each.field] = *count;
    }
  }
  if (!config.contains("head_dim") && config.contains("hidden_size") &&
      config.value("num_attention_heads", int64_t{0}) > 0) {
    config["head_dim"] = config["hidden_size"].get<int64_t>() /
                         config["num_attention_heads"].get<int64_t>();
  }
  for (const FieldOfKey& each : kNumbers) {
    const auto number = file.GetFloat(prefix + each.key);
    if (!number || config.contains(each.field)) continue;
    config[each.field] = ShortestJson(static_cast<float>(*number));
  }
  for (const FlagOfTensor& each : kFlags) {
    if (model.FindTensor(each.tensor) != nullptr) config[each.field] = true;
  }
  if (file.GetBool(prefix + "use_parallel_residual").value_or(false)) {
    config["use_parallel_residual"] = true;
  }
  AddMixture(file, prefix, &config);
  AddRope(file, prefix, &config);
  if (const auto* embedding = model.FindTensor("token_embd.weight");
      embedding != nullptr && embedding->shape.size() > 1) {
    config["vocab_size"] = embedding->shape[1];
  }
  config["tie_word_embeddings"] = model.FindTensor("output.weight") == nullptr;
  return config;
}

// Fields of a model of several modalities that its text model has, too.
constexpr std::array<const char*, 6> kShared = {
    "bos_token_id", "eos_token_id", "pad_token_id",
    "dtype",        "torch_dtype",  "quantization_config"};

// Of a model of several modalities a GGUF file has the text model alone.
Json TextModel(const ModelFile& model, Json config) {
  const auto text = config.find("text_config");
  if (text == config.end() || !text->is_object() ||
      !text->contains("model_type")) {
    return config;
  }
  Json own = *text;
  own["tie_word_embeddings"] = model.FindTensor("output.weight") == nullptr;
  for (const char* field : kShared) {
    if (config.contains(field) && !own.contains(field)) {
      own[field] = config[field];
    }
  }
  return own;
}

const char* TorchType(TensorType type) {
  if (type == TensorType::kF16) return "float16";
  return type == TensorType::kBF16 ? "bfloat16" : "float32";
}

// F8 has become another type; MXFP4 stays what it is.
void SetPacking(const ModelFile& model, Json* config) {
  const bool packed =
      std::ranges::any_of(model.tensors(), [](const ModelTensor& tensor) {
        return tensor.type == TensorType::kMXFP4;
      });
  if (!packed) {
    config->erase("quantization_config");
  } else if (!config->contains("quantization_config")) {
    (*config)["quantization_config"] = {
        {"quant_method", "mxfp4"},
        {"modules_to_not_convert",
         {"model.layers.*.self_attn", "model.layers.*.mlp.router",
          "model.embed_tokens", "lm_head"}}};
  }
  const auto main = MainFloatType(model);
  for (const char* field : {"dtype", "torch_dtype"}) {
    if (main && config->contains(field)) (*config)[field] = TorchType(*main);
  }
}

}  // namespace

Json ShortestJson(float value) {
  return Json::parse(fmt::format("{}", value), nullptr, false);
}

Json FolderConfig(const ModelFile& model, std::string_view model_type) {
  const GgufFile& file = model.keys();
  Json config;
  if (const auto kept = file.GetString(kConfigKey)) {
    config = TextModel(model, ParseJson(*kept, std::string(kConfigKey)));
    if (!config.is_object()) {
      throw Error::Format("key " + std::string(kConfigKey) +
                          " holds no JSON object")
          .In(model.path());
    }
  } else {
    config = ConfigOfKeys(model, model_type);
  }
  SetPacking(model, &config);
  return config;
}

}  // namespace fullstop
