#include "protocol/sources_folder.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "format/hf_folder.h"

namespace fullstop {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::array<const char*, 7> kNames = {"bos", "eos", "unk", "sep",
                                               "pad", "cls", "mask"};

// Ends that some files name beside EOS.
struct EndName {
  const char* name;
  std::optional<StopRole> role;
};
constexpr std::array<EndName, 3> kEndNames = {{{"eos", std::nullopt},
                                               {"eot", StopRole::kTurnEnd},
                                               {"eom", StopRole::kToolCall}}};

// generation_config.json's name for a setting, and llama.cpp's.
struct SamplingName {
  const char* field;
  const char* name;
};
constexpr std::array<SamplingName, 6> kSampling = {
    {{"temperature", "temp"},
     {"top_k", "top_k"},
     {"top_p", "top_p"},
     {"min_p", "min_p"},
     {"typical_p", "typical"},
     {"repetition_penalty", "penalty_repeat"}}};

// Null where OBJECT, which may be null itself, has no such field.
Json Field(const Json& object, const std::string& field) {
  const auto found = object.find(field);
  return found == object.end() ? Json() : *found;
}

// A whole number, or a list of them; others are left out.
std::vector<int64_t> Ids(const Json& value) {
  std::vector<int64_t> ids;
  const auto add = [&ids](const Json& each) {
    if (each.is_number_integer()) ids.push_back(each.get<int64_t>());
  };
  if (value.is_array()) {
    for (const Json& each : value) add(each);
  } else {
    add(value);
  }
  return ids;
}

// The text of a token: a string, or an object with a `content`.
std::string TokenText(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  const Json content = value.is_object() ? Field(value, "content") : Json();
  return content.is_string() ? content.get<std::string>() : std::string();
}

class FolderSources {
 public:
  FolderSources(const HfFolder& folder,
                std::shared_ptr<const Tokenizer> tokenizer)
      : folder_(folder) {
    sources_.tokenizer = std::move(tokenizer);
  }

  ProtocolSources Read() {
    // What a template sees comes from the tokenizer's files first.
    ReadTexts(folder_.tokenizer_config(), "tokenizer_config.json");
    ReadTexts(folder_.special_tokens_map(), "special_tokens_map.json");
    ReadExtraTokens(folder_.tokenizer_config(), "tokenizer_config.json");
    ReadExtraTokens(folder_.special_tokens_map(), "special_tokens_map.json");
    ReadAddedTokens();
    ReadIds(folder_.generation_config(), Provenance::kGenerationConfig,
            "generation_config.json");
    ReadIds(folder_.config(), Provenance::kConfig, "config.json");
    ReadIds(Field(folder_.config(), "text_config"), Provenance::kConfig,
            "config.json: text_config");
    const Json add_bos = Field(folder_.tokenizer_config(), "add_bos_token");
    if (add_bos.is_boolean()) sources_.add_bos = add_bos.get<bool>();
    ReadTemplates();
    ReadSampling();
    NoteForced();
    return std::move(sources_);
  }

 private:
  // The first file to name a token counts; where another says otherwise, that
  // is found. Of ends all count, and files that differ are found elsewhere.
  void AddNamed(DeclaredName named) {
    const auto first =
        std::ranges::find(sources_.named, named.name, &DeclaredName::name);
    if (first == sources_.named.end()) {
      sources_.named.push_back(std::move(named));
    } else if (first->id != named.id && named.name != "eos") {
      sources_.findings.push_back(
          {FindingKind::kRemark,
           named.from.where + " is " + std::to_string(named.id) + ", but " +
               first->from.where + " names " + std::to_string(first->id) +
               ", which is used",
           named.from.where});
    }
  }

  // The id of the token that FILE names by KEY; a finding where there is none.
  std::optional<TokenId> FindToken(const Json& token, const std::string& file,
                                   const std::string& key) {
    const std::string text = TokenText(token);
    if (text.empty()) return std::nullopt;
    const auto id = sources_.tokenizer->FindToken(text);
    if (!id) {
      sources_.findings.push_back(
          {FindingKind::kOutOfRange,
           file + " names a token that the vocabulary does not have",
           key + " = " + text});
    }
    return id;
  }

  void ReadTexts(const Json& object, const std::string& file) {
    const auto find = [&](const std::string& name) {
      const std::string key = name + "_token";
      return FindToken(Field(object, key), file, key);
    };
    const auto from = [&](const char* name) {
      return Source{Provenance::kTokenizerConfig,
                    file + ": " + name + "_token"};
    };
    for (const char* name : kNames) {
      if (const auto id = find(name)) {
        AddNamed({name, *id, from(name)});
      }
    }
    for (const EndName& end : kEndNames) {
      if (const auto id = find(end.name)) {
        sources_.stops.push_back({*id, end.role, from(end.name)});
      }
    }
  }

  // Special tokens beside the usual ones: a list, or an object that gives names
  // to them. Templates see a name as a variable.
  void ReadExtraTokens(const Json& object, const std::string& file) {
    const std::string list = "extra_special_tokens";
    const Json extra = Field(object, list);
    for (const auto& [key, token] : extra.items()) {
      const std::string name =
          extra.is_object() ? list + "." + key : list + "[" + key + "]";
      const auto id = FindToken(token, file, name);
      if (!id) continue;
      const Source from = {Provenance::kTokenizerConfig, file + ": " + name};
      sources_.tokens.push_back({*id, from});
      constexpr std::string_view kSuffix = "_token";
      if (!extra.is_object() || !key.ends_with(kSuffix)) continue;
      const std::string role = key.substr(0, key.size() - kSuffix.size());
      AddNamed({role, *id, from});
      for (const EndName& end : kEndNames) {
        if (role == end.name) sources_.stops.push_back({*id, end.role, from});
      }
    }
  }

  // added_tokens.json gives ids by text, and may be older than the tokenizer.
  void ReadAddedTokens() {
    const Json& added = folder_.added_tokens();
    for (const auto& [text, value] : added.items()) {
      if (!value.is_number_integer()) continue;
      const auto id = sources_.tokenizer->FindToken(text);
      if (id && *id == value.get<int64_t>()) {
        sources_.tokens.push_back(
            {*id, {Provenance::kTokenizerConfig, "added_tokens.json"}});
        continue;
      }
      sources_.findings.push_back(
          {FindingKind::kDisagreement,
           "added_tokens.json gives the id " + value.dump() + " to " + text +
               (id ? ", which the tokenizer has as " + std::to_string(*id)
                   : ", which the tokenizer does not have"),
           "added_tokens.json"});
    }
  }

  void ReadIds(const Json& object, Provenance provenance,
               const std::string& file) {
    const auto read = [&](const std::string& name, auto use) {
      const std::string field = name + "_token_id";
      for (const int64_t id : Ids(Field(object, field))) {
        use(id, Source{provenance, file + ": " + field});
      }
    };
    for (const char* name : kNames) {
      bool first = true;  // of a list of ends the first is the named one
      read(name, [&](int64_t id, Source from) {
        if (!std::exchange(first, false)) return;
        AddNamed({name, id, std::move(from)});
      });
    }
    for (const EndName& end : kEndNames) {
      read(end.name, [&](int64_t id, Source from) {
        sources_.stops.push_back({id, end.role, std::move(from)});
      });
    }
    for (const int64_t id : Ids(Field(object, "suppress_tokens"))) {
      sources_.suppressed.push_back(id);
    }
  }

  void ReadTemplates() {
    for (const HfFolder::ChatTemplate& each : folder_.chat_templates()) {
      const TemplateFact* used = nullptr;
      for (const TemplateFact& fact : sources_.templates) {
        if (fact.name == each.name) used = &fact;
      }
      if (used == nullptr && !each.overridden) {
        sources_.templates.push_back(
            {each.name, each.text, {Provenance::kTokenizerConfig, each.file}});
      } else if (used != nullptr && used->source != each.text) {
        sources_.findings.push_back({FindingKind::kRemark,
                                     "the template '" + each.name + "' of " +
                                         each.file +
                                         " is another than that of " +
                                         used->from.where + ", which is used",
                                     each.file});
      }
    }
    const auto found =
        std::ranges::find(sources_.templates, "default", &TemplateFact::name);
    if (found == sources_.templates.end()) return;
    std::rotate(sources_.templates.begin(), found, found + 1);
  }

  void ReadSampling() {
    for (const SamplingName& setting : kSampling) {
      const Json value = Field(folder_.generation_config(), setting.field);
      if (!value.is_number()) continue;
      sources_.sampling.push_back(
          {setting.name,
           value,
           {Provenance::kGenerationConfig,
            std::string("generation_config.json: ") + setting.field}});
    }
    if (Field(folder_.generation_config(), "do_sample") != false) return;
    // Greedy, whatever the temperature says.
    std::erase_if(sources_.sampling, [](const SamplingDefault& given) {
      return given.name == "temp";
    });
    sources_.sampling.push_back(
        {"temp",
         0.0,
         {Provenance::kGenerationConfig, "generation_config.json: do_sample"}});
  }

  // Tokens that the authors want at a reply's beginning or end, or not there.
  void NoteForced() {
    for (const char* field : {"forced_bos_token_id", "forced_eos_token_id",
                              "begin_suppress_tokens"}) {
      const Json value = Field(folder_.generation_config(), field);
      if (value.is_null() || (value.is_array() && value.empty())) continue;
      sources_.findings.push_back(
          {FindingKind::kRemark,
           std::string("generation_config.json asks for ") + field + " = " +
               value.dump() + ", which is not done here",
           field});
    }
  }

  const HfFolder& folder_;
  ProtocolSources sources_;
};

}  // namespace

ProtocolSources SourcesFromFolder(const HfFolder& folder,
                                  std::shared_ptr<const Tokenizer> tokenizer) {
  return FolderSources(folder, std::move(tokenizer)).Read();
}

}  // namespace fullstop
