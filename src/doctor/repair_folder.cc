#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "doctor/bans.h"
#include "doctor/repair.h"
#include "format/json_file.h"
#include "format/json_member.h"

namespace fullstop {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr const char* kConfig = "config.json";
constexpr const char* kGeneration = "generation_config.json";
constexpr const char* kEnds = "eos_token_id";
constexpr const char* kSuppressed = "suppress_tokens";

// The files of a folder while they are changed.
class Patch {
 public:
  explicit Patch(const HfFolder& folder) {
    for (const char* name : {kConfig, kGeneration}) {
      const auto path = folder.Find(name);
      files_.push_back({name, path ? ReadFile(*path) : "", ""});
      files_.back().after = files_.back().before;
    }
  }

  void Apply(const Change& change) {
    switch (change.kind) {
      case ChangeKind::kDeclareEnd:
        return Declare(change.id);
      case ChangeKind::kWithdrawEnd:
        return Withdraw(kEnds, change.id);
      case ChangeKind::kPermit:
        return Permit(change.id);
      case ChangeKind::kDropSetting: {
        PatchedFile& file = File(kGeneration);
        file.after = RemoveJsonMember(file.after, change.setting);
        return;
      }
      case ChangeKind::kMarkControl:
      case ChangeKind::kTakeModel:
        return;  // of GGUF files alone
    }
  }

  std::vector<PatchedFile> Changed() {
    std::erase_if(files_, [](const PatchedFile& file) {
      return file.before == file.after;
    });
    return std::move(files_);
  }

 private:
  PatchedFile& File(const char* name) {
    return *std::ranges::find(files_, name, &PatchedFile::name);
  }

  static Json Value(const PatchedFile& file, const char* key) {
    if (file.after.empty()) return nullptr;
    const Json json = ParseJson(file.after, file.name);
    const auto found = json.find(key);
    return found == json.end() ? Json() : *found;
  }

  // A number, a list of them, or neither, as a list.
  static Json Numbers(const Json& value) {
    if (value.is_array()) return value;
    return value.is_number_integer() ? Json::array({value}) : Json::array();
  }

  // Where generation_config.json says nothing of ends, those of config.json
  // hold no longer once it does.
  void Declare(int64_t id) {
    PatchedFile& file = File(kGeneration);
    if (file.after.empty()) CopyGenerationFields();
    PatchedFile& config = File(kConfig);
    Json ends = Numbers(Value(file, kEnds));
    if (ends.empty()) ends = Numbers(Value(config, kEnds));
    DeclareIn(&file, std::move(ends), id);
    DeclareBeside(&config, id);
    InTextConfig([id](PatchedFile* inner) { DeclareBeside(inner, id); });
  }

  // Where FILE declares ends, ID is one of them.
  static void DeclareBeside(PatchedFile* file, int64_t id) {
    const Json ends = Numbers(Value(*file, kEnds));
    if (!ends.empty()) DeclareIn(file, ends, id);
  }

  // Lets USE change config.json's text_config as if that were a file.
  void InTextConfig(const std::function<void(PatchedFile*)>& use) {
    std::string& text = File(kConfig).after;
    if (text.empty()) return;
    const auto member = FindJsonMember(text, "text_config");
    if (!member || text[member->value_begin] != '{') return;
    const size_t size = member->end - member->value_begin;
    PatchedFile inner = {kConfig, "", text.substr(member->value_begin, size)};
    use(&inner);
    text.replace(member->value_begin, size, inner.after);
  }

  static void DeclareIn(PatchedFile* file, Json ends, int64_t id) {
    if (std::ranges::find(ends, Json(id)) != ends.end()) return;
    ends.push_back(id);
    file->after = SetJsonMember(file->after, kEnds, ends);
  }

  // What transformers takes from config.json where there is no
  // generation_config.json.
  void CopyGenerationFields() {
    PatchedFile& file = File(kGeneration);
    file.after = "{}";
    for (const char* key : {"bos_token_id", kEnds, "pad_token_id"}) {
      const Json value = Value(File(kConfig), key);
      if (value.is_null()) continue;
      file.after = SetJsonMember(file.after, key, value);
    }
  }

  // Takes ID out of the list, or the number, that KEY has.
  void Withdraw(const char* key, int64_t id) {
    for (PatchedFile& file : files_) WithdrawIn(&file, key, id);
    InTextConfig([=](PatchedFile* inner) { WithdrawIn(inner, key, id); });
  }

  static void WithdrawIn(PatchedFile* file, const char* key, int64_t id) {
    Json left = Numbers(Value(*file, key));
    const auto found = std::ranges::find(left, Json(id));
    if (found == left.end()) return;
    left.erase(found);
    Replace(file, key, left);
  }

  // VALUE for KEY, which goes where nothing is left of it.
  static void Replace(PatchedFile* file, const char* key, const Json& value) {
    file->after = value.empty() ? RemoveJsonMember(file->after, key)
                                : SetJsonMember(file->after, key, value);
  }

  void Permit(int64_t id) {
    Withdraw(kSuppressed, id);
    PatchedFile& file = File(kGeneration);
    for (const char* key : {kSequenceBias, kBadWords}) {
      const Json value = Value(file, key);
      const Json left = WithoutBan(value, id);
      if (left != value) Replace(&file, key, left);
    }
  }

  std::vector<PatchedFile> files_;
};

// A folder that goes away with the object.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = fs::temp_directory_path() / "fullstop-XXXXXX";
    if (mkdtemp(name.data()) == nullptr) {
      throw Error::System(
          "cannot make a folder in " + fs::temp_directory_path().string(),
          errno);
    }
    path_ = name;
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

}  // namespace

std::vector<PatchedFile> PatchFolder(const Target& target,
                                     std::span<const RepairStep> steps) {
  Patch patch(*target.vocabulary().folder());
  for (const RepairStep& step : steps) patch.Apply(step.change);
  return patch.Changed();
}

void WritePatchedFiles(const std::string& output,
                       std::span<const PatchedFile> files) {
  std::error_code error;
  fs::create_directories(output, error);
  if (error) {
    throw Error::System("cannot make the folder", error.value()).In(output);
  }
  for (const PatchedFile& file : files) {
    const fs::path path = fs::path(output) / file.name;
    if (fs::exists(path, error)) {
      throw Error::Usage("the file is there already")
          .In(path.string())
          .Advice(
              "name a folder that is new or empty; nothing is repaired in "
              "place");
    }
  }
  for (const PatchedFile& file : files) {
    WriteFileAtomically((fs::path(output) / file.name).string(), file.after);
  }
}

Report ExaminePatched(const Target& target, std::span<const PatchedFile> files,
                      const RuleChoice& choice) {
  const TemporaryFolder place;
  const fs::path folder = place.path() / "patched";
  fs::create_directories(folder);
  for (const PatchedFile& file : files) {
    WriteFileAtomically((folder / file.name).string(), file.after);
  }
  for (const auto& entry : fs::directory_iterator(target.path())) {
    const fs::path link = folder / entry.path().filename();
    if (fs::exists(link)) continue;
    fs::create_symlink(fs::absolute(entry.path()), link);
  }
  Report report =
      Examine(Target::Open(folder.string(), target.shared_base()), choice);
  report.path = target.path();
  return report;
}

}  // namespace fullstop
