#include "convert/to_folder.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "convert/folder_config.h"
#include "convert/folder_protocol.h"
#include "convert/folder_tensors.h"
#include "convert/model_keys.h"
#include "convert/protocol_keys.h"
#include "convert/tokenizer_json.h"
#include "format/hf_folder.h"
#include "format/quote.h"
#include "model/architectures.h"
#include "protocol/sources.h"
#include "protocol/turn_protocol.h"
#include "tokenizer/gguf_spec.h"

namespace fullstop {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

// llama.cpp's name for a setting, and generation_config.json's.
constexpr std::array<std::pair<std::string_view, const char*>, 6> kSampling = {
    {{"temp", "temperature"},
     {"top_k", "top_k"},
     {"top_p", "top_p"},
     {"min_p", "min_p"},
     {"typical", "typical_p"},
     {"penalty_repeat", "repetition_penalty"}}};

// A folder in the making, which goes away unless it is kept.
class NewFolder {
 public:
  explicit NewFolder(const std::string& path)
      : target_(fs::absolute(path).lexically_normal()) {
    if (target_.filename().empty()) target_ = target_.parent_path();
    std::error_code error;
    if (fs::exists(target_, error) && !fs::is_empty(target_, error)) {
      throw Error::Usage("'" + path + "' is there already, and not empty")
          .Advice("name a folder that is not there yet");
    }
    staging_ = target_.string() + "." + std::to_string(::getpid()) + ".new";
    fs::create_directories(staging_, error);
    if (error) Fail(error);
  }
  NewFolder(const NewFolder&) = delete;
  NewFolder& operator=(const NewFolder&) = delete;
  ~NewFolder() {
    std::error_code ignored;
    if (!staging_.empty()) fs::remove_all(staging_, ignored);
  }

  std::string File(const std::string& name) const { return staging_ / name; }
  std::string path() const { return staging_; }

  void Write(const std::string& name, const std::string& text) const {
    std::error_code error;
    fs::create_directories((staging_ / name).parent_path(), error);
    if (error) Fail(error);
    WriteFileAtomically(File(name), text);
  }
  void Write(const std::string& name, const Json& json) const {
    Write(name,
          json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
  }

  void Keep() {
    std::error_code error;
    fs::rename(staging_, target_, error);
    if (error) Fail(error);
    staging_.clear();
  }

 private:
  [[noreturn]] void Fail(std::error_code error) const {
    throw Error::System("can't write '" + target_.string() + "'",
                        error.value());
  }

  fs::path target_;
  fs::path staging_;
};

const Architecture& FindArchitecture(const GgufFile& file) {
  const std::string name(
      file.GetString("general.architecture").value_or("none"));
  const auto architectures = Architectures();
  const auto known = std::ranges::find(
      architectures, name, [](const Architecture* a) { return a->name; });
  if (known == architectures.end()) {
    throw Error::Unsupported("models of the architecture " + QuoteName(name) +
                             " can't be written as a folder")
        .In(file.paths().front());
  }
  return **known;
}

class FolderWriter {
 public:
  FolderWriter(const GgufFile& file, NewFolder* folder, ConvertResult* result)
      : file_(file),
        architecture_(FindArchitecture(file)),
        model_(file),
        spec_(TokenizerSpecFromGguf(file)),
        folder_(*folder),
        result_(*result) {
    tokenizer_ = MakeTokenizer(spec_);
    sources_ = SourcesFromGguf(file, tokenizer_);
    protocol_ = TurnProtocol::Resolve(sources_);
    result_.source_hash = protocol_->hash();
  }

  void WriteSmallFiles() {
    folder_.Write("config.json",
                  FolderConfig(model_, architecture_.model_types[0]));
    if (const auto kept = file_.GetString(kTokenizerJsonKey)) {
      folder_.Write("tokenizer.json", std::string(*kept));
    } else {
      folder_.Write("tokenizer.json", TokenizerJson(spec_));
    }
    folder_.Write("tokenizer_config.json", TokenizerConfig());
    folder_.Write("generation_config.json", GenerationConfig());
    WriteTemplates();
    if (const auto license = file_.GetString("general.license")) {
      folder_.Write("README.md",
                    "---\nlicense: " + std::string(*license) + "\n---\n");
    }
  }

  void WriteWeights(uint64_t most_shard, const ConvertProgress& progress) {
    const HfFolder folder = HfFolder::Open(folder_.path());
    const std::string none = SafetensorsWriter().ToString();
    FolderReader reader(
        folder,
        std::make_shared<const SafetensorsSet>(
            SafetensorsSet::Parse(std::as_bytes(std::span(none)), "none")),
        architecture_.name);
    architecture_.read_folder(reader);
    ProgressMeter meter(progress, 0);
    SafetensorsShards shards(most_shard);
    result_.bytes =
        AddFolderTensors(model_, architecture_, reader, &meter, &shards);
    meter.SetTotal(result_.bytes);
    CheckFreeSpace(folder_.path(), result_.bytes);
    shards.WriteInto(folder_.path());
    result_.tensors = model_.tensors().size();
  }

  // Reads the folder as any reader does, and compares.
  void ReadBack() {
    const HfFolder folder = HfFolder::Open(folder_.path());
    const ModelFile back = ReadModelFolder(folder);
    CompareKeys(back.keys());
    for (const ModelTensor& tensor : model_.tensors()) {
      const ModelTensor* same = back.FindTensor(tensor.name);
      if (same == nullptr || same->shape != tensor.shape) {
        result_.complete = false;
        Remark("tensor " + QuoteName(tensor.name) + " could not be carried");
      }
    }
    const FolderProtocol read = ReadFolderProtocol(folder);
    result_.written_hash = read.protocol->hash();
    if (result_.written_hash != result_.source_hash) {
      Remark(
          "the turn protocol of the folder is another than the file's: "
          "`show` prints both");
    }
  }

 private:
  void Remark(std::string text) { result_.remarks.push_back(std::move(text)); }

  // A key counts where a reader of the folder gets it otherwise.
  void CompareKeys(const GgufFile& back) {
    for (const GgufEntry& entry : file_.entries()) {
      const std::string_view key = entry.key;
      if (key.starts_with("general.") || key.starts_with("split.") ||
          key.starts_with("quantize.") || key.starts_with("fullstop.") ||
          key.ends_with(".vocab_size") || IsProtocolKey(key)) {
        continue;
      }
      const GgufValue* other = back.Find(entry.key);
      if (other != nullptr && Same(entry.value, *other)) continue;
      result_.complete = false;
      Remark("the key " + QuoteName(entry.key) +
             (other == nullptr ? " could not be carried"
                               : " has another value in the folder"));
    }
  }

  static bool Same(const GgufValue& a, const GgufValue& b) {
    const auto one = [](const GgufValue& value) {
      GgufWriter writer;
      writer.Add("v", NarrowGgufValue(value));
      return writer.ToString();
    };
    return one(a) == one(b);
  }

  bool IsSpecial(TokenId id) const {
    const TokenKind kind = tokenizer_->info(id).kind;
    return kind == TokenKind::kControl || kind == TokenKind::kUnknown;
  }

  Json TokenizerConfig() const {
    Json config = {{"tokenizer_class", "PreTrainedTokenizerFast"}};
    for (const char* name :
         {"bos", "eos", "unk", "sep", "pad", "cls", "mask"}) {
      const NamedToken* named = protocol_->facts().FindNamed(name);
      // What stands here becomes a special token for those who read it.
      if (named == nullptr || !IsSpecial(named->id)) continue;
      config[std::string(name) + "_token"] = named->text;
    }
    for (const auto& [role, field] :
         {std::pair(StopRole::kTurnEnd, "eot_token"),
          std::pair(StopRole::kToolCall, "eom_token")}) {
      for (const Stop& stop : protocol_->stops().stops) {
        if (stop.role != role || config.contains(field) ||
            !IsSpecial(stop.id)) {
          continue;
        }
        config[field] = stop.text;
      }
    }
    if (sources_.add_bos) config["add_bos_token"] = *sources_.add_bos;
    const std::string length =
        std::string(architecture_.name) + ".context_length";
    if (const auto context = file_.GetInteger(length)) {
      config["model_max_length"] = *context;
    }
    return config;
  }

  Json GenerationConfig() const {
    Json config = Json::object();
    for (const char* name : {"bos", "pad"}) {
      const NamedToken* named = protocol_->facts().FindNamed(name);
      if (named != nullptr) config[std::string(name) + "_token_id"] = named->id;
    }
    Json ends = Json::array();
    for (const DeclaredStop& stop : sources_.stops) {
      if (std::ranges::find(ends, Json(stop.id)) == ends.end()) {
        ends.push_back(stop.id);
      }
    }
    if (!ends.empty()) config["eos_token_id"] = std::move(ends);
    if (!sources_.suppressed.empty()) {
      config["suppress_tokens"] = sources_.suppressed;
    }
    for (const SamplingDefault& setting : sources_.sampling) {
      for (const auto& [name, field] : kSampling) {
        if (setting.name != name) continue;
        config[field] = setting.value;
        config["do_sample"] = true;
      }
    }
    return config;
  }

  void WriteTemplates() {
    for (const TemplateFact& fact : sources_.templates) {
      if (fact.name == "default") {
        folder_.Write("chat_template.jinja", fact.source);
        continue;
      }
      const auto plain = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               (c >= '0' && c <= '9') || c == '_' || c == '-';
      };
      if (fact.name.empty() || !std::ranges::all_of(fact.name, plain)) {
        Remark("the template " + QuoteName(fact.name) +
               " has no name for a file: it was left out");
        continue;
      }
      folder_.Write("additional_chat_templates/" + fact.name + ".jinja",
                    fact.source);
    }
  }

  const GgufFile& file_;
  const Architecture& architecture_;
  ModelFile model_;
  TokenizerSpec spec_;
  std::shared_ptr<const Tokenizer> tokenizer_;
  ProtocolSources sources_;
  std::shared_ptr<const TurnProtocol> protocol_;
  NewFolder& folder_;
  ConvertResult& result_;
};

}  // namespace

ConvertResult GgufToFolder(const GgufFile& file, const std::string& path,
                           const ConvertProgress& progress,
                           uint64_t most_shard) {
  ConvertResult result;
  NewFolder folder(path);
  FolderWriter writer(file, &folder, &result);
  writer.WriteSmallFiles();
  try {
    writer.WriteWeights(most_shard, progress);
  } catch (const ConversionStopped&) {
    result.stopped = true;
    return result;
  }
  writer.ReadBack();
  folder.Keep();
  return result;
}

}  // namespace fullstop
