#include "format/peft_adapter.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <system_error>

#include "base/error.h"
#include "format/json_file.h"
#include "format/quote.h"

namespace fullstop {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

constexpr std::string_view kConfig = "adapter_config.json";
constexpr std::string_view kWeights = "adapter_model.safetensors";

// Reads the fields of one object.
class ConfigReader {
 public:
  ConfigReader(const ordered_json& object, const std::string& name)
      : object_(object), name_(name) {}

  // Null where the field is absent.
  ordered_json Field(const char* field) const {
    const auto found = object_.find(field);
    return found == object_.end() ? ordered_json() : *found;
  }

  std::string Text(const char* field) const {
    const ordered_json value = Field(field);
    if (value.is_null()) return "";
    if (!value.is_string()) ThrowType(field, "a text");
    return value.get<std::string>();
  }

  int64_t Number(const char* field, int64_t fallback) const {
    const ordered_json value = Field(field);
    return value.is_null() ? fallback : Whole(value, field);
  }

  double Real(const char* field, double fallback) const {
    const ordered_json value = Field(field);
    if (value.is_null()) return fallback;
    if (!value.is_number()) ThrowType(field, "a number");
    return value.get<double>();
  }

  bool Flag(const char* field) const {
    const ordered_json value = Field(field);
    if (value.is_null()) return false;
    if (!value.is_boolean()) ThrowType(field, "true or false");
    return value.get<bool>();
  }

  std::vector<std::string> Texts(const char* field) const {
    std::vector<std::string> texts;
    const ordered_json value = Field(field);
    if (value.is_null()) return texts;
    if (!value.is_array()) ThrowType(field, "a list of texts");
    for (const ordered_json& each : value) {
      if (!each.is_string()) ThrowType(field, "a list of texts");
      texts.push_back(each.get<std::string>());
    }
    return texts;
  }

  PeftModules Modules(const char* field) const {
    PeftModules modules;
    if (Field(field).is_string()) {
      modules.pattern = Text(field);
    } else {
      modules.names = Texts(field);
    }
    return modules;
  }

  std::vector<std::pair<std::string, int64_t>> Ranks(const char* field) const {
    std::vector<std::pair<std::string, int64_t>> ranks;
    const ordered_json value = Field(field);
    if (value.is_null()) return ranks;
    if (!value.is_object()) ThrowType(field, "an object of whole numbers");
    for (const auto& [module, rank] : value.items()) {
      ranks.emplace_back(module, Whole(rank, field));
    }
    return ranks;
  }

  // A list, or an object of lists by module.
  std::vector<PeftTokens> Tokens(const char* field) const {
    std::vector<PeftTokens> tokens;
    const ordered_json value = Field(field);
    if (value.is_array()) {
      tokens.push_back({"", Ids(value, field)});
    } else if (value.is_object()) {
      for (const auto& [module, ids] : value.items()) {
        tokens.push_back({module, Ids(ids, field)});
      }
    } else if (!value.is_null()) {
      ThrowType(field, "a list of token ids");
    }
    return tokens;
  }

 private:
  [[noreturn]] void ThrowType(const char* field,
                              const std::string& what) const {
    throw Error::Format(std::string("'") + field + "' is not " + what)
        .In(name_)
        .Advice("save the adapter again with PEFT");
  }

  int64_t Whole(const ordered_json& value, const char* field) const {
    const bool fits = value.is_number_integer() &&
                      (!value.is_number_unsigned() ||
                       value.get<uint64_t>() <= uint64_t{1} << 62);
    if (!fits) ThrowType(field, "a whole number");
    return value.get<int64_t>();
  }

  std::vector<int64_t> Ids(const ordered_json& value, const char* field) const {
    if (!value.is_array()) ThrowType(field, "a list of token ids");
    std::vector<int64_t> ids;
    for (const ordered_json& each : value) ids.push_back(Whole(each, field));
    return ids;
  }

  const ordered_json& object_;
  const std::string& name_;
};

struct PartName {
  std::string_view component;
  PeftPart part;
};
constexpr std::array kParts = {
    PartName{"lora_A", PeftPart::kLoraA},
    PartName{"lora_B", PeftPart::kLoraB},
    PartName{"lora_embedding_A", PeftPart::kEmbeddingA},
    PartName{"lora_embedding_B", PeftPart::kEmbeddingB},
    PartName{"token_adapter", PeftPart::kTokens},
    PartName{"trainable_tokens_delta", PeftPart::kTokens},
    PartName{"trainable_tokens_original", PeftPart::kOther},
    PartName{"lora_magnitude_vector", PeftPart::kOther},
};

constexpr std::string_view kOriginal = ".original_module";
// What wraps a module while it is trained, and stays in some files' names.
constexpr std::array<std::string_view, 4> kWrappings = {
    ".default", ".base_layer", ".modules_to_save", kOriginal};

// Where the component NAME begins; npos where it is none of TEXT's.
size_t FindComponent(std::string_view text, std::string_view name) {
  size_t at = text.find(name);
  while (at != text.npos) {
    const size_t end = at + name.size();
    const bool whole = (at == 0 || text[at - 1] == '.') &&
                       (end == text.size() || text[end] == '.');
    if (whole) return at;
    at = text.find(name, end);
  }
  return at;
}

}  // namespace

PeftName ParsePeftName(std::string_view name) {
  for (const std::string_view prefix : {"base_model.model.", "base_model."}) {
    if (!name.starts_with(prefix)) continue;
    name.remove_prefix(prefix.size());
    break;
  }
  for (const PartName& each : kParts) {
    const size_t at = FindComponent(name, each.component);
    if (at == name.npos || at == 0) continue;
    // A bias of a low-rank factor is none.
    const bool bias = name.ends_with(".bias");
    return {std::string(name.substr(0, at - 1)),
            bias ? PeftPart::kOther : each.part};
  }
  const size_t dot = name.rfind('.');
  if (dot == name.npos) return {std::string(name), PeftPart::kOther};
  const bool weight = name.substr(dot) == ".weight";
  std::string_view module = name.substr(0, dot);
  const bool copy = module.ends_with(kOriginal);
  for (bool found = true; found;) {
    found = false;
    for (const std::string_view wrapping : kWrappings) {
      if (!module.ends_with(wrapping)) continue;
      module.remove_suffix(wrapping.size());
      found = true;
    }
  }
  if (!weight) return {std::string(module), PeftPart::kOther};
  return {std::string(module), copy ? PeftPart::kCopy : PeftPart::kWhole};
}

std::optional<uint64_t> LayerOfModule(std::string_view module) {
  for (const std::string_view list : {"layers", "h", "blocks"}) {
    const size_t at = FindComponent(module, list);
    if (at == module.npos) continue;
    const size_t begin = at + list.size() + 1;
    if (begin >= module.size()) continue;
    const std::string_view rest = module.substr(begin);
    const std::string_view number = rest.substr(0, rest.find('.'));
    constexpr size_t kMostDigits = 6;
    if (number.empty() || number.size() > kMostDigits ||
        number.find_first_not_of("0123456789") != number.npos) {
      continue;
    }
    return std::stoull(std::string(number));
  }
  return std::nullopt;
}

PeftConfig ReadPeftConfig(const ordered_json& value, const std::string& name) {
  if (!value.is_object()) {
    throw Error::Format(std::string(kConfig) + " holds no JSON object")
        .In(name);
  }
  const ConfigReader reader(value, name);
  PeftConfig config;
  config.type = reader.Text("peft_type");
  config.base = reader.Text("base_model_name_or_path");
  config.rank = reader.Number("r", config.rank);
  config.rank_pattern = reader.Ranks("rank_pattern");
  config.alpha = reader.Real("lora_alpha", config.alpha);
  config.rank_stabilised = reader.Flag("use_rslora");
  config.dora = reader.Flag("use_dora");
  config.fan_in_fan_out = reader.Flag("fan_in_fan_out");
  config.tied = reader.Flag("ensure_weight_tying");
  config.targets = reader.Modules("target_modules");
  config.excluded = reader.Modules("exclude_modules");
  config.saved = reader.Texts("modules_to_save");
  config.tokens = reader.Tokens("trainable_token_indices");
  // Of the method that trains nothing else.
  if (config.tokens.empty() && config.type == "TRAINABLE_TOKENS") {
    config.tokens = reader.Tokens("token_indices");
  }
  config.targets_parameters = !reader.Field("target_parameters").empty();
  return config;
}

bool PeftAdapter::IsOne(const std::string& path) {
  const auto holds = [&path](std::string_view file) {
    std::error_code ignored;
    return fs::is_regular_file(fs::path(path) / file, ignored);
  };
  return holds(kConfig) && !holds("model.safetensors") &&
         !holds("model.safetensors.index.json");
}

PeftAdapter PeftAdapter::Open(const std::string& path) {
  PeftAdapter adapter(path);
  const auto file = adapter.Find(kConfig);
  if (!file) {
    throw Error::NotFound("the folder holds no adapter: there is no " +
                          std::string(kConfig))
        .In(path);
  }
  constexpr uint64_t kMostBytes = 16 << 20;
  adapter.config_ = ReadPeftConfig(ReadJsonFile(*file, kMostBytes), *file);
  return adapter;
}

std::optional<std::string> PeftAdapter::Find(std::string_view file) const {
  const fs::path path = fs::path(path_) / file;
  std::error_code ignored;
  if (!fs::is_regular_file(path, ignored)) return std::nullopt;
  return path.string();
}

SafetensorsSet PeftAdapter::OpenWeights() const {
  if (const auto file = Find(kWeights)) return SafetensorsSet::Open(*file);
  if (Find("adapter_model.safetensors.index.json")) {
    throw Error::Unsupported("the adapter's weights are in several files")
        .In(path_)
        .Advice("save it again with PEFT, which reads and writes one file");
  }
  if (Find("adapter_model.bin")) {
    throw Error::Unsupported(
        "'adapter_model.bin' is a pickle, which can run code when it is read")
        .In(path_)
        .Advice("save it again with PEFT and safe_serialization");
  }
  throw Error::NotFound("the folder holds no weights: there is no " +
                        std::string(kWeights))
      .In(path_)
      .Advice("fetch " + std::string(kWeights));
}

}  // namespace fullstop
