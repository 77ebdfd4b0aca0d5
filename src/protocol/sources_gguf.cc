#include <array>
#include <charconv>
#include <cmath>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "format/gguf.h"
#include "protocol/sources.h"

namespace fullstop {
namespace {

struct NamedKey {
  const char* name;
  const char* key;
};
constexpr std::array<NamedKey, 7> kNamedKeys = {{
    {"bos", "tokenizer.ggml.bos_token_id"},
    {"eos", "tokenizer.ggml.eos_token_id"},
    {"unk", "tokenizer.ggml.unknown_token_id"},
    {"sep", "tokenizer.ggml.seperator_token_id"},  // so spelt in the format
    {"pad", "tokenizer.ggml.padding_token_id"},
    {"cls", "tokenizer.ggml.cls_token_id"},
    {"mask", "tokenizer.ggml.mask_token_id"},
}};

struct StopKey {
  const char* key;
  std::optional<StopRole> role;
};
constexpr std::array<StopKey, 3> kStopKeys = {{
    {"tokenizer.ggml.eos_token_id", std::nullopt},
    {"tokenizer.ggml.eot_token_id", StopRole::kTurnEnd},
    {"tokenizer.ggml.eom_token_id", StopRole::kToolCall},
}};
constexpr const char* kStopIdsKey = "fullstop.stop_token_ids";
constexpr const char* kSuppressKey = "tokenizer.ggml.suppress_tokens";
constexpr const char* kTemplateKey = "tokenizer.chat_template";
constexpr std::string_view kSamplingPrefix = "general.sampling.";

Source FromGguf(std::string key) { return {Provenance::kGguf, std::move(key)}; }

// The double that prints as VALUE does: 0.7f gives 0.7, not 0.699999988079071.
nlohmann::ordered_json ShortestDouble(float value) {
  if (!std::isfinite(value)) return nullptr;
  std::array<char, 32> digits;
  const auto written = std::to_chars(digits.begin(), digits.end(), value);
  double result = 0;
  std::from_chars(digits.begin(), written.ptr, result);
  return result;
}

nlohmann::ordered_json ToJson(const GgufValue& value) {
  return std::visit(
      [](const auto& held) -> nlohmann::ordered_json {
        using T = std::decay_t<decltype(held)>;
        if constexpr (std::is_same_v<T, GgufArray>) {
          return nullptr;
        } else if constexpr (std::is_same_v<T, float>) {
          return ShortestDouble(held);
        } else if constexpr (std::is_same_v<T, std::string_view>) {
          return std::string(held);
        } else {
          return held;
        }
      },
      value.value);
}

void ReadStops(const GgufFile& file, ProtocolSources* sources) {
  for (const StopKey& stop : kStopKeys) {
    if (const auto id = file.GetInteger(stop.key)) {
      sources->stops.push_back({*id, stop.role, FromGguf(stop.key)});
    }
  }
  if (const auto ids = file.GetIntegers(kStopIdsKey)) {
    for (const int64_t id : *ids) {
      sources->stops.push_back(
          {id, std::nullopt, {Provenance::kFullstop, kStopIdsKey}});
    }
  }
  if (const auto ids = file.GetIntegers(kSuppressKey)) {
    sources->suppressed = *ids;
  }
}

void ReadTemplates(const GgufFile& file, ProtocolSources* sources) {
  if (const auto text = file.GetString(kTemplateKey)) {
    sources->templates.push_back(
        {"default", std::string(*text), FromGguf(kTemplateKey)});
  }
  const auto names = file.GetStrings("tokenizer.chat_templates");
  if (!names) return;
  for (const std::string_view name : *names) {
    const std::string key = std::string(kTemplateKey) + "." + std::string(name);
    if (const auto text = file.GetString(key)) {
      sources->templates.push_back(
          {std::string(name), std::string(*text), FromGguf(key)});
    }
  }
}

}  // namespace

ProtocolSources SourcesFromGguf(const GgufFile& file,
                                std::shared_ptr<const Tokenizer> tokenizer) {
  ProtocolSources sources;
  sources.tokenizer = std::move(tokenizer);
  sources.specials_from = FromGguf("tokenizer.ggml.token_type");
  ReadStops(file, &sources);
  for (const NamedKey& named : kNamedKeys) {
    if (const auto id = file.GetInteger(named.key)) {
      sources.named.push_back({named.name, *id, FromGguf(named.key)});
    }
  }
  sources.add_bos = file.GetBool("tokenizer.ggml.add_bos_token");
  ReadTemplates(file, &sources);
  for (const GgufEntry& entry : file.entries()) {
    if (!entry.key.starts_with(kSamplingPrefix)) continue;
    nlohmann::ordered_json value = ToJson(entry.value);
    if (value.is_null()) continue;
    sources.sampling.push_back(
        {std::string(entry.key.substr(kSamplingPrefix.size())),
         std::move(value), FromGguf(std::string(entry.key))});
  }
  return sources;
}

ProtocolSources SourcesFromTemplate(std::string source, std::string where) {
  ProtocolSources sources;
  sources.templates.push_back(
      {"default", std::move(source), {Provenance::kUser, std::move(where)}});
  return sources;
}

}  // namespace fullstop
