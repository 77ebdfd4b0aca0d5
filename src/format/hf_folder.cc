#include "format/hf_folder.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <set>
#include <system_error>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "format/json_file.h"
#include "format/quote.h"

namespace fullstop {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

constexpr uint64_t kMostTemplateBytes = 16 << 20;
constexpr std::string_view kTokenizerConfig = "tokenizer_config.json";
constexpr std::string_view kSafetensors = "model.safetensors";
constexpr std::string_view kIndex = "model.safetensors.index.json";
// What an adapter takes of its base, whatever it brings itself.
constexpr std::array<std::string_view, 6> kModelFiles = {
    "config.json", "generation_config.json", kSafetensors,
    kIndex,        "quantize_config.json",   "quant_config.json"};

// The names in FOLDER, sorted, that end with SUFFIX; none where there is no
// such folder.
std::vector<std::string> ListNames(const fs::path& folder,
                                   std::string_view suffix) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator i(folder, error), end; !error && i != end;
       i.increment(error)) {
    std::string name = i->path().filename().string();
    if (name.ends_with(suffix)) names.push_back(std::move(name));
  }
  std::ranges::sort(names);
  return names;
}

std::string TextField(const ordered_json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>()
                                                     : std::string();
}

// What a folder without readable weights holds instead, and the way on.
struct OtherWeights {
  std::string_view suffix;
  std::string_view what;
  std::string_view advice;
};

constexpr std::string_view kSaveAnew =
    "fetch the safetensors of this model, or save it anew with transformers "
    "(from_pretrained, then save_pretrained)";

constexpr std::array kOtherWeights = {
    OtherWeights{"adapter_model.safetensors", "an adapter, not a model",
                 "merge it into its base model first (peft's "
                 "merge_and_unload), and name the merged folder"},
    OtherWeights{"consolidated.safetensors",
                 "weights under their makers' own names, not Hugging Face's",
                 "fetch model.safetensors (or its index and all its files)"},
    OtherWeights{"consolidated.00-of-01.safetensors",
                 "weights under their makers' own names, not Hugging Face's",
                 "fetch model.safetensors (or its index and all its files)"},
    OtherWeights{".safetensors",
                 "safetensors, but neither model.safetensors nor "
                 "model.safetensors.index.json",
                 "fetch the index of the files, or rename a single one to "
                 "model.safetensors"},
    OtherWeights{".gguf", "a GGUF file", "name that file itself"},
    OtherWeights{".bin", "a pickle, which can run code when it is read",
                 kSaveAnew},
    OtherWeights{".pth", "a pickle, which can run code when it is read",
                 kSaveAnew},
    OtherWeights{".pt", "a pickle, which can run code when it is read",
                 kSaveAnew},
    OtherWeights{".h5", "TensorFlow weights", kSaveAnew},
    OtherWeights{".msgpack", "Flax weights", kSaveAnew},
    OtherWeights{".onnx", "an ONNX graph", kSaveAnew},
};

// What a folder without config.json may be instead.
struct OtherFolder {
  std::string_view file;
  std::string_view what;
  std::string_view advice;
};

constexpr std::array kOtherFolders = {
    OtherFolder{"adapter_config.json", "an adapter, not a model",
                "merge it into its base model first (peft's "
                "merge_and_unload), and name the merged folder"},
    OtherFolder{"model_index.json", "a pipeline of several models (diffusers)",
                "name the folder of its text model"},
    OtherFolder{"params.json", "a model in its makers' own layout",
                "fetch the files in Hugging Face's layout (config.json, "
                "model.safetensors)"},
};

}  // namespace

HfFolder HfFolder::Open(const std::string& path) {
  std::error_code ignored;
  if (!fs::is_directory(path, ignored)) {
    throw Error::NotFound("there is no folder " + QuoteName(path));
  }
  HfFolder folder(path);
  folder.ListTokenizerFiles();
  folder.RefuseWhatIsNoModel();
  folder.ReadFiles();
  return folder;
}

HfFolder HfFolder::OpenAdapter(const std::string& path, const HfFolder* base) {
  HfFolder folder(path);
  folder.ListTokenizerFiles();
  folder.own_tokenizer_ = !folder.tokenizer_files_.empty();
  if (base != nullptr) {
    folder.base_ = base->path();
    if (!folder.own_tokenizer_) {
      folder.tokenizer_files_ = base->tokenizer_files();
    }
  }
  folder.ReadFiles();
  return folder;
}

void HfFolder::ReadFiles() {
  config_ = ReadObject("config.json");
  generation_config_ = ReadObject("generation_config.json");
  tokenizer_config_ = ReadObject(kTokenizerConfig);
  special_tokens_map_ = ReadObject("special_tokens_map.json");
  added_tokens_ = ReadObject("added_tokens.json");
  ReadChatTemplates();
}

std::optional<std::string> HfFolder::Find(std::string_view file) const {
  std::error_code ignored;
  const fs::path path = fs::path(path_) / file;
  if (fs::is_regular_file(path, ignored)) return path.string();
  if (base_.empty()) return std::nullopt;
  if (own_tokenizer_ &&
      std::ranges::find(kModelFiles, file) == kModelFiles.end()) {
    return std::nullopt;
  }
  const fs::path inherited = fs::path(base_) / file;
  if (!fs::is_regular_file(inherited, ignored)) return std::nullopt;
  return inherited.string();
}

ordered_json HfFolder::ReadObject(std::string_view file) const {
  const std::optional<std::string> path = Find(file);
  if (!path) return nullptr;
  ordered_json object = ReadJsonFile(*path);
  if (!object.is_object()) {
    throw Error::Format(std::string(file) + " holds no JSON object").In(*path);
  }
  return object;
}

void HfFolder::RefuseWhatIsNoModel() const {
  if (Find("config.json")) return;
  for (const OtherFolder& other : kOtherFolders) {
    if (!Find(other.file)) continue;
    throw Error::Unsupported("the folder holds " + std::string(other.what) +
                             " (" + std::string(other.file) +
                             ", no config.json)")
        .In(path_)
        .Advice(std::string(other.advice));
  }
  const std::vector<std::string> gguf = ListNames(path_, ".gguf");
  if (!gguf.empty()) {
    throw Error::Unsupported("the folder holds " + std::to_string(gguf.size()) +
                             " GGUF file" + (gguf.size() == 1 ? "" : "s") +
                             ", no config.json")
        .In(path_)
        .Advice("name the file itself, as " + path_ + "/" + gguf[0]);
  }
  if (!tokenizer_files_.empty() || Find(kTokenizerConfig)) return;
  throw Error::NotFound("the folder holds no model: there is no config.json")
      .In(path_)
      .Advice("name the folder that config.json lies in");
}

void HfFolder::ListTokenizerFiles() {
  const auto add = [this](std::string name) {
    if (Find(name)) tokenizer_files_.push_back(std::move(name));
  };
  add("tokenizer.json");
  add("tekken.json");
  for (const char* suffix : {".model", ".model.v1", ".model.v3"}) {
    for (std::string& name : ListNames(path_, suffix)) {
      if (name != "tiktoken.model") add(std::move(name));
    }
  }
  for (std::string& name : ListNames(path_, ".tiktoken")) add(std::move(name));
  add("tiktoken.model");
  if (Find("merges.txt")) add("vocab.json");
}

void HfFolder::AddChatTemplates(const ordered_json& value,
                                const std::string& file, bool overridden) {
  const auto bad = [&](const std::string& what) {
    return Error::Format("'chat_template' " + what)
        .In((fs::path(path_) / file).string());
  };
  const auto add = [&](std::string name, const ordered_json& text) {
    if (!text.is_string()) throw bad("holds something else than text");
    chat_templates_.push_back(
        {std::move(name), text.get<std::string>(), file, overridden});
  };
  if (value.is_null()) return;
  if (value.is_object()) {
    for (const auto& [name, text] : value.items()) add(name, text);
  } else if (value.is_array()) {
    for (const ordered_json& entry : value) {
      if (!entry.is_object() || !entry.contains("template") ||
          TextField(entry, "name").empty()) {
        throw bad("is a list whose entries lack a name or a template");
      }
      add(TextField(entry, "name"), entry.at("template"));
    }
  } else {
    add("default", value);
  }
}

void HfFolder::ReadChatTemplates() {
  const std::string own = "chat_template.jinja";
  if (const auto path = Find(own)) {
    chat_templates_.push_back(
        {"default", ReadFile(*path, kMostTemplateBytes), own, false});
  }
  const std::string more = "additional_chat_templates";
  constexpr std::string_view kExtension = ".jinja";
  const std::string& place = own_tokenizer_ || base_.empty() ? path_ : base_;
  for (const std::string& name :
       ListNames(fs::path(place) / more, kExtension)) {
    const std::string file = more + "/" + name;
    const std::optional<std::string> path = Find(file);
    if (!path) continue;
    chat_templates_.push_back({name.substr(0, name.size() - kExtension.size()),
                               ReadFile(*path, kMostTemplateBytes), file,
                               false});
  }
  const bool overridden = !chat_templates_.empty();
  if (const auto found = tokenizer_config_.find("chat_template");
      found != tokenizer_config_.end()) {
    AddChatTemplates(*found, std::string(kTokenizerConfig), overridden);
  }
  const bool last = !chat_templates_.empty();
  const std::string processors = "chat_template.json";
  const ordered_json object = ReadObject(processors);
  if (const auto found = object.find("chat_template"); found != object.end()) {
    AddChatTemplates(*found, processors, last);
  }
}

HfFolder::Packing HfFolder::packing() const {
  const auto found = config_.find("quantization_config");
  const bool declared = found != config_.end() && found->is_object();
  std::string method;
  if (declared) {
    method = TextField(*found, "quant_method");
    if (method == "fp8") return Packing::kFp8;
    if (method == "mxfp4") return Packing::kMxfp4;
    if (method.empty()) method = "an unnamed method";
  } else if (Find("quantize_config.json")) {
    method = "gptq";
  } else if (Find("quant_config.json")) {
    method = "awq";
  } else {
    return Packing::kNone;
  }
  throw Error::Unsupported("the weights are quantised with " +
                           QuoteName(method) + ", which is not read")
      .In(path_)
      .Advice(
          "take the folder of this model that is not quantised (or FP8 with "
          "block scales, or MXFP4), or a GGUF file of it");
}

SafetensorsSet HfFolder::OpenWeights() const {
  static_cast<void>(packing());
  for (const std::string_view name : {kSafetensors, kIndex}) {
    if (const auto path = Find(name)) return SafetensorsSet::Open(*path);
  }
  RefuseWeights();
}

void HfFolder::RefuseWeights() const {
  for (const OtherWeights& other : kOtherWeights) {
    const std::vector<std::string> names = ListNames(path_, other.suffix);
    if (names.empty()) continue;
    throw Error::Unsupported(QuoteName(names[0]) + " is " +
                             std::string(other.what))
        .In(path_)
        .Advice(std::string(other.advice));
  }
  throw Error::NotFound("the folder holds no weights: there is no " +
                        std::string(kSafetensors))
      .In(path_)
      .Advice(
          "fetch model.safetensors, or model.safetensors.index.json and "
          "all files that it names");
}

}  // namespace fullstop
