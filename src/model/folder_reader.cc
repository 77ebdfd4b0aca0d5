#include "model/folder_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/error.h"

namespace fullstop {
namespace {

using Json = nlohmann::ordered_json;

const Json kNull;

const Json& TextConfig(const Json& config) {
  const auto text = config.find("text_config");
  if (text == config.end() || !text->is_object()) return config;
  return *text;
}

}  // namespace

FolderReader::FolderReader(const HfFolder& folder,
                           std::shared_ptr<const SafetensorsSet> weights,
                           std::string_view architecture)
    : folder_(folder),
      weights_(std::move(weights)),
      config_(TextConfig(folder.config())),
      nested_(&config_ != &folder.config()),
      architecture_(architecture) {}

std::string FolderReader::ConfigPath() const {
  return folder_.path() + "/config.json";
}

void FolderReader::ThrowUnsupported(std::string what) const {
  throw Error::Unsupported(std::move(what)).In(ConfigPath());
}

void FolderReader::ThrowField(std::string_view field,
                              std::string_view expected) const {
  const Json& value = Field(field);
  if (value.is_null()) {
    throw Error::Format(fmt::format("field \"{}\" is missing", field))
        .In(ConfigPath());
  }
  throw Error::Format(fmt::format("field \"{}\" is {}, not {}", field,
                                  value.dump().substr(0, 40), expected))
      .In(ConfigPath());
}

const Json& FolderReader::Field(std::string_view field) const {
  const auto it = config_.find(std::string(field));
  return it == config_.end() ? kNull : *it;
}

std::optional<uint64_t> FolderReader::FindCount(std::string_view field) const {
  Json value = Field(field);
  if (value.is_null()) return std::nullopt;
  // One number for each layer: there is no field in which they differ.
  if (value.is_array() && !value.empty() &&
      std::ranges::all_of(value,
                          [&value](const Json& x) { return x == value[0]; })) {
    value = Json(value[0]);
  }
  constexpr double kLimit = 9007199254740992;
  const double number = value.is_number() ? value.get<double>() : -1;
  if (!(number >= 0 && number <= kLimit) || number != std::floor(number)) {
    ThrowField(field, "a whole number");
  }
  return static_cast<uint64_t>(number);
}

uint64_t FolderReader::Count(std::string_view field) const {
  const std::optional<uint64_t> value = FindCount(field);
  if (!value) ThrowField(field, "a whole number");
  return *value;
}

uint64_t FolderReader::Count(std::string_view field, uint64_t fallback) const {
  return FindCount(field).value_or(fallback);
}

std::optional<double> FolderReader::FindNumber(std::string_view field) const {
  const Json& value = Field(field);
  if (value.is_null()) return std::nullopt;
  if (!value.is_number()) ThrowField(field, "a number");
  return value.get<double>();
}

double FolderReader::Number(std::string_view field, double fallback) const {
  return FindNumber(field).value_or(fallback);
}

bool FolderReader::Flag(std::string_view field, bool fallback) const {
  const Json& value = Field(field);
  if (value.is_null()) return fallback;
  if (!value.is_boolean()) ThrowField(field, "true or false");
  return value.get<bool>();
}

std::string FolderReader::Text(std::string_view field,
                               std::string_view fallback) const {
  const Json& value = Field(field);
  if (value.is_null()) return std::string(fallback);
  if (!value.is_string()) ThrowField(field, "a string");
  return value.get<std::string>();
}

std::optional<std::vector<bool>> FolderReader::LayersOfType(
    std::string_view type) const {
  const Json& types = Field("layer_types");
  if (types.is_null()) return std::nullopt;
  if (!types.is_array()) ThrowField("layer_types", "a list of strings");
  std::vector<bool> layers;
  for (const Json& each : types) {
    if (!each.is_string()) ThrowField("layer_types", "a list of strings");
    layers.push_back(each.get<std::string>() == type);
  }
  return layers;
}

void FolderReader::Set(std::string_view key, GgufValue value) {
  keys_.insert_or_assign(fmt::format("{}.{}", architecture_, key),
                         std::move(value));
}

void FolderReader::SetCount(std::string_view key, uint64_t value) {
  Set(key, {value});
}

void FolderReader::SetNumber(std::string_view key, double value) {
  Set(key, {value});
}

void FolderReader::SetFlag(std::string_view key, bool value) {
  Set(key, {value});
}

void FolderReader::SetText(std::string_view key, std::string_view value) {
  Set(key, {std::string_view(texts_.emplace_back(value))});
}

void FolderReader::SetCounts(std::string_view key,
                             std::vector<uint64_t> values) {
  Set(key, {GgufArray(std::move(values))});
}

void FolderReader::SetFlags(std::string_view key, std::vector<bool> values) {
  Set(key, {GgufArray(std::move(values))});
}

void FolderReader::SetDecoderKeys(const FolderDefaults& defaults) {
  const uint64_t heads = Count("num_attention_heads");
  const uint64_t embedding = Count("hidden_size");
  if (heads == 0) ThrowField("num_attention_heads", "above 0");
  const uint64_t head_length =
      Count("head_dim", defaults.head_length > 0 ? defaults.head_length
                                                 : embedding / heads);
  SetCount("block_count", Count("num_hidden_layers"));
  SetCount("context_length", Count("max_position_embeddings"));
  SetCount("embedding_length", embedding);
  SetCount("feed_forward_length",
           Count("intermediate_size", Count("moe_intermediate_size", 0)));
  SetCount("attention.head_count", heads);
  SetCount("attention.head_count_kv", Count("num_key_value_heads", heads));
  SetCount("attention.key_length", head_length);
  SetCount("attention.value_length", head_length);
  SetNumber("attention.layer_norm_rms_epsilon",
            Number("rms_norm_eps", defaults.epsilon));
  const double partial = Number(
      "partial_rotary_factor",
      RopeParameters(defaults.rope_layers)
          .value("partial_rotary_factor", defaults.partial_rotary_factor));
  SetRopeKeys(static_cast<uint64_t>(static_cast<double>(head_length) * partial),
              defaults);
}

void FolderReader::SetWindows(uint64_t period, uint64_t window) {
  window = Count("sliding_window", window);
  if (window == 0) return;
  const uint64_t layers = Count("num_hidden_layers");
  std::vector<bool> slides;
  if (const auto typed = LayersOfType("sliding_attention")) {
    slides = *typed;
  } else {
    period = Count("sliding_window_pattern", period);
    for (uint64_t i = 0; i < layers; ++i) {
      slides.push_back(period == 0 || (i + 1) % period != 0);
    }
  }
  SetCount("attention.sliding_window", window);
  SetFlags("attention.sliding_window_pattern", slides);
}

void FolderReader::SetUpperWindows() {
  if (!Flag("use_sliding_window", false)) return;
  const uint64_t layers = Count("num_hidden_layers");
  const uint64_t lowest = Count("max_window_layers", 28);
  std::vector<bool> slides(layers);
  for (uint64_t i = 0; i < layers; ++i) slides[i] = i >= lowest;
  SetCount("attention.sliding_window", Count("sliding_window", 4096));
  SetFlags("attention.sliding_window_pattern",
           LayersOfType("sliding_attention").value_or(slides));
}

void FolderReader::SetRopeLayers() {
  const uint64_t interval =
      std::max<uint64_t>(Count("no_rope_layer_interval", 4), 1);
  const Json& given = Field("no_rope_layers");
  std::vector<bool> rotates;
  for (uint64_t i = 0; i < Count("num_hidden_layers"); ++i) {
    rotates.push_back(i < given.size() ? given[i] == 1
                                       : (i + 1) % interval != 0);
  }
  SetFlags("attention.rope_layers", rotates);
}

void FolderReader::SetGraniteKeys() {
  SetNumber("attention.scale", Number("attention_multiplier", 1.0));
  SetNumber("embedding_scale", Number("embedding_multiplier", 1.0));
  SetNumber("residual_scale", Number("residual_multiplier", 1.0));
  SetNumber("logit_scale", Number("logits_scaling", 1.0));
}

}  // namespace fullstop
