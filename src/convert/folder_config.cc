#include "convert/folder_config.h"

#include <fmt/format.h>

#include <array>
#include <optional>
#include <string>

#include "format/json_file.h"

namespace fullstop {
namespace {

using Json = nlohmann::ordered_json;

struct FieldOfKey {
  const char* field;
  const char* key;
};

// Whole numbers, then others.
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
constexpr std::array<FieldOfKey, 3> kNumbers = {
    {{"rms_norm_eps", "attention.layer_norm_rms_epsilon"},
     {"layer_norm_eps", "attention.layer_norm_epsilon"},
     {"rope_theta", "rope.freq_base"}}};

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

}  // namespace

Json ShortestJson(float value) {
  return Json::parse(fmt::format("{}", value), nullptr, false);
}

Json FolderConfig(const GgufFile& file, std::string_view model_type) {
  if (const auto kept = file.GetString(kConfigKey)) {
    return ParseJson(*kept, std::string(kConfigKey));
  }
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
    if (const auto number = file.GetFloat(prefix + each.key)) {
      config[each.field] = ShortestJson(static_cast<float>(*number));
    }
  }
  AddRope(file, prefix, &config);
  if (const auto* embedding = file.FindTensor("token_embd.weight");
      embedding != nullptr && embedding->shape.size() > 1) {
    config["vocab_size"] = embedding->shape[1];
  }
  config["tie_word_embeddings"] = file.FindTensor("output.weight") == nullptr;
  return config;
}

}  // namespace fullstop
