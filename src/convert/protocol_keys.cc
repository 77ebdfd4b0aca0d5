#include "convert/protocol_keys.h"

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <utility>

#include "format/quote.h"

namespace fullstop {
namespace {

struct NamedKey {
  std::string_view name;
  std::string_view key;
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

struct RoleKey {
  StopRole role;
  std::string_view key;
};
constexpr std::array<RoleKey, 2> kRoleKeys = {
    {{StopRole::kTurnEnd, "tokenizer.ggml.eot_token_id"},
     {StopRole::kToolCall, "tokenizer.ggml.eom_token_id"}}};

constexpr std::string_view kStopsKey = "fullstop.stop_token_ids";
constexpr std::string_view kSuppressedKey = "tokenizer.ggml.suppress_tokens";

constexpr std::array<std::string_view, 4> kPrefixes = {
    "tokenizer.", "general.sampling.", "fullstop.token_", kStopsKey};

void AddEnds(const TurnProtocol& protocol, GgufWriter* writer) {
  for (const RoleKey& key : kRoleKeys) {
    // The declared one first; one that the template alone shows serves, too.
    const Stop* chosen = nullptr;
    for (const Stop& stop : protocol.stops().stops) {
      if (stop.role != key.role) continue;
      if (chosen == nullptr || (!IsDeclared(*chosen) && IsDeclared(stop))) {
        chosen = &stop;
      }
    }
    if (chosen != nullptr) {
      writer->Add(key.key, {static_cast<uint32_t>(chosen->id)});
    }
  }
  std::vector<int32_t> declared;
  for (const Stop& stop : protocol.stops().stops) {
    if (IsDeclared(stop)) declared.push_back(stop.id);
  }
  if (declared.empty()) return;
  writer->Add(kStopsKey, {GgufArray(std::move(declared))});
}

void AddSuppressed(const ProtocolSources& sources, GgufWriter* writer) {
  std::set<int32_t> suppressed;
  for (const int64_t id : sources.suppressed) {
    if (std::in_range<int32_t>(id)) {
      suppressed.insert(static_cast<int32_t>(id));
    }
  }
  if (suppressed.empty()) return;
  writer->Add(
      kSuppressedKey,
      {GgufArray(std::vector<int32_t>(suppressed.begin(), suppressed.end()))});
}

void AddTemplates(const ProtocolSources& sources, GgufWriter* writer) {
  const std::string key = "tokenizer.chat_template";
  std::vector<std::string_view> others;
  for (const TemplateFact& fact : sources.templates) {
    const std::string_view text = fact.source;
    if (fact.name == "default") {
      writer->Add(key, {text});
    } else {
      writer->Add(key + "." + fact.name, {text});
      others.push_back(fact.name);
    }
  }
  if (others.empty()) return;
  writer->Add("tokenizer.chat_templates", {GgufArray(std::move(others))});
}

void AddSampling(const ProtocolSources& sources, GgufWriter* writer,
                 std::vector<std::string>* remarks) {
  for (const SamplingDefault& setting : sources.sampling) {
    const std::string key = "general.sampling." + setting.name;
    const nlohmann::ordered_json& value = setting.value;
    if (value.is_number_integer()) {
      writer->Add(key, {static_cast<int32_t>(value.get<int64_t>())});
    } else if (value.is_number()) {
      writer->Add(key, {value.get<float>()});
    } else if (value.is_boolean()) {
      writer->Add(key, {value.get<bool>()});
    } else {
      remarks->push_back("the setting " + QuoteName(setting.name) + " of " +
                         setting.from.where + " was left out");
    }
  }
}

}  // namespace

void AddProtocolKeys(const ProtocolSources& sources,
                     const TurnProtocol& protocol, GgufWriter* writer,
                     std::vector<std::string>* remarks) {
  for (const NamedKey& key : kNamedKeys) {
    const NamedToken* named = protocol.facts().FindNamed(key.name);
    if (named == nullptr) continue;
    writer->Add(key.key, {static_cast<uint32_t>(named->id)});
  }
  AddEndKeys(sources, protocol, writer);
  AddTemplates(sources, writer);
  AddSampling(sources, writer, remarks);
}

void AddEndKeys(const ProtocolSources& sources, const TurnProtocol& protocol,
                GgufWriter* writer) {
  AddEnds(protocol, writer);
  AddSuppressed(sources, writer);
}

bool IsEndKey(std::string_view key) {
  return key == kStopsKey || key == kSuppressedKey ||
         std::ranges::find(kRoleKeys, key, &RoleKey::key) != kRoleKeys.end();
}

bool IsProtocolKey(std::string_view key) {
  return std::ranges::any_of(kPrefixes, [key](std::string_view prefix) {
    return key.starts_with(prefix);
  });
}

}  // namespace fullstop
