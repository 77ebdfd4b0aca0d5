#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "format/hf_folder.h"
#include "protocol/sources.h"

namespace fullstop {
namespace {

using Json = nlohmann::ordered_json;

// One of the folder's files.
struct File {
  const Json& fields;
  Provenance provenance;
  std::string_view name;

  Source From(std::string_view field) const {
    return {provenance, std::string(name) + ": " + std::string(field)};
  }
};

constexpr std::array<const char*, 7> kNames = {"bos", "eos", "unk", "sep",
                                               "pad", "cls", "mask"};

// transformers' names of settings, and GGUF's.
constexpr std::pair<const char*, const char*> kSampling[] = {
    {"temperature", "temp"},
    {"top_k", "top_k"},
    {"top_p", "top_p"},
    {"min_p", "min_p"},
    {"repetition_penalty", "penalty_repeat"},
};

const Json* Find(const Json& object, const std::string& field) {
  if (!object.is_object()) return nullptr;
  const auto it = object.find(field);
  return it == object.end() || it->is_null() ? nullptr : &*it;
}

// An id, or a list of them.
std::vector<int64_t> Ids(const HfFolder& folder, const File& file,
                         const std::string& field) {
  const Json* value = Find(file.fields, field);
  if (value == nullptr) return {};
  const Json list = value->is_array() ? *value : Json::array({*value});
  std::vector<int64_t> ids;
  for (const Json& id : list) {
    if (!id.is_number_integer()) {
      throw Error::Format("field \"" + field + "\" is no id and no list of ids")
          .In(folder.path() + "/" + std::string(file.name));
    }
    ids.push_back(id.get<int64_t>());
  }
  return ids;
}

// A token's text: a string, or an object that holds it.
std::optional<std::string> TokenText(const Json& fields,
                                     const std::string& field) {
  const Json* value = Find(fields, field);
  if (value != nullptr && value->is_object()) value = Find(*value, "content");
  if (value == nullptr || !value->is_string()) return std::nullopt;
  return value->get<std::string>();
}

void ReadStops(const HfFolder& folder, const File& file,
               ProtocolSources* sources) {
  const std::vector<int64_t> ids = Ids(folder, file, "eos_token_id");
  for (const int64_t id : ids) {
    sources->stops.push_back({id, std::nullopt, file.From("eos_token_id")});
  }
}

void ReadTokens(const File& file, ProtocolSources* sources) {
  for (const char* name : kNames) {
    const std::string field = std::string(name) + "_token";
    const std::optional<std::string> text = TokenText(file.fields, field);
    const bool known = std::ranges::any_of(
        sources->named,
        [name](const DeclaredName& named) { return named.name == name; });
    if (!text || known) continue;
    const std::optional<TokenId> id = sources->tokenizer->FindToken(*text);
    if (!id) continue;
    sources->named.push_back({name, *id, file.From(field)});
    if (std::string_view(name) != "eos") continue;
    sources->stops.push_back({*id, std::nullopt, file.From(field)});
  }
}

void ReadSampling(const File& file, ProtocolSources* sources) {
  const Json* samples = Find(file.fields, "do_sample");
  if (samples != nullptr && *samples == false) return;
  for (const auto& [field, name] : kSampling) {
    const Json* value = Find(file.fields, field);
    if (value == nullptr || !value->is_number()) continue;
    sources->sampling.push_back({name, *value, file.From(field)});
  }
}

}  // namespace

ProtocolSources SourcesFromFolder(const HfFolder& folder,
                                  std::shared_ptr<const Tokenizer> tokenizer) {
  ProtocolSources sources;
  sources.tokenizer = std::move(tokenizer);
  sources.specials_from = {Provenance::kTokenizerConfig,
                           folder.tokenizer_files().empty()
                               ? "tokenizer"
                               : folder.tokenizer_files().front()};
  const File generation{folder.generation_config(),
                        Provenance::kGenerationConfig,
                        "generation_config.json"};
  const File config{folder.config(), Provenance::kConfig, "config.json"};
  const File tokens{folder.tokenizer_config(), Provenance::kTokenizerConfig,
                    "tokenizer_config.json"};
  const File specials{folder.special_tokens_map(), Provenance::kTokenizerConfig,
                      "special_tokens_map.json"};
  ReadStops(folder, generation, &sources);
  ReadStops(folder, config, &sources);
  if (const Json* text = Find(folder.config(), "text_config")) {
    ReadStops(folder, {*text, Provenance::kConfig, "config.json: text_config"},
              &sources);
  }
  ReadTokens(tokens, &sources);
  ReadTokens(specials, &sources);
  sources.suppressed = Ids(folder, generation, "suppress_tokens");
  if (const Json* add = Find(tokens.fields, "add_bos_token");
      add != nullptr && add->is_boolean()) {
    sources.add_bos = add->get<bool>();
  }
  for (const HfFolder::ChatTemplate& each : folder.chat_templates()) {
    if (each.overridden) continue;
    sources.templates.push_back(
        {each.name, each.text, {Provenance::kTokenizerConfig, each.file}});
  }
  ReadSampling(generation, &sources);
  return sources;
}

}  // namespace fullstop
