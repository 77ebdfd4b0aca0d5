#include "data/trainer_settings.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <map>
#include <optional>
#include <sstream>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "data/trainer_template.h"

namespace fullstop {
namespace {

constexpr uint64_t kMostBytes = 1 << 20;
constexpr size_t kMostLevels = 64;
constexpr size_t kMostAliases = 256;

std::string At(const YAML::Mark& mark) {
  if (mark.is_null()) return "";
  return "line " + std::to_string(mark.line + 1) + ", column " +
         std::to_string(mark.column + 1) + ": ";
}

// Of a value that is no list and no mapping; other values have no text.
struct Scalar {
  YAML::Mark mark;
  std::optional<std::string> text;
  bool null = false;
};

// Keeps the single values of the outermost mapping. No tree is built, so that
// neither its depth nor what aliases would make of it costs anything.
class Settings : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark& /*mark*/) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Take({.mark = mark, .text = {}, .null = true}, anchor);
  }
  void OnScalar(const YAML::Mark& mark, const std::string& /*tag*/,
                YAML::anchor_t anchor, const std::string& value) override {
    Take({.mark = mark, .text = value}, anchor);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    if (++aliases_ > kMostAliases) {
      throw Error::Limit(At(mark) + "there are more than " +
                         std::to_string(kMostAliases) + " aliases");
    }
    const auto found = anchors_.find(anchor);
    Scalar value = found == anchors_.end() ? Scalar{} : found->second;
    value.mark = mark;
    Take(std::move(value), YAML::NullAnchor);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& /*tag*/,
                       YAML::anchor_t /*anchor*/,
                       YAML::EmitterStyle::value /*style*/) override {
    Open(mark);
  }
  void OnSequenceEnd() override { --level_; }
  void OnMapStart(const YAML::Mark& mark, const std::string& /*tag*/,
                  YAML::anchor_t /*anchor*/,
                  YAML::EmitterStyle::value /*style*/) override {
    is_map_ |= level_ == 0;
    Open(mark);
  }
  void OnMapEnd() override { --level_; }

  bool is_map() const { return is_map_; }

  // Null where there is none.
  const Scalar* Find(const std::string& key) const {
    const auto found = values_.find(key);
    return found == values_.end() ? nullptr : &found->second;
  }

 private:
  void Open(const YAML::Mark& mark) {
    if (level_ == 1) Place({.mark = mark, .text = {}});
    if (++level_ <= kMostLevels) return;
    throw Error::Limit(At(mark) + "it is nested deeper than " +
                       std::to_string(kMostLevels) + " levels");
  }

  void Take(Scalar value, YAML::anchor_t anchor) {
    if (anchor != YAML::NullAnchor) anchors_[anchor] = value;
    if (level_ == 1) Place(std::move(value));
  }

  // A key of the outermost mapping, or the value of the last one.
  void Place(Scalar value) {
    if (!key_) {
      key_ = std::move(value);
      return;
    }
    if (key_->text &&
        !values_.try_emplace(*key_->text, std::move(value)).second) {
      throw Error::Format(At(key_->mark) + *key_->text + " stands there twice");
    }
    key_.reset();
  }

  size_t level_ = 0;
  size_t aliases_ = 0;
  bool is_map_ = false;
  std::optional<Scalar> key_;
  std::map<std::string, Scalar> values_;
  std::map<YAML::anchor_t, Scalar> anchors_;
};

// Sets INTO where SETTINGS have KEY, which is to be WHAT.
template <typename Value>
void Take(const Settings& settings, const char* key, std::string_view what,
          Value* into) {
  const Scalar* value = settings.Find(key);
  if (value == nullptr || value->null) return;
  if (value->text &&
      YAML::convert<Value>::decode(YAML::Node(*value->text), *into)) {
    return;
  }
  throw Error::Format(At(value->mark) + key + " is to be " + std::string(what));
}

Settings SettingsOf(const std::string& text) {
  Settings settings;
  try {
    std::istringstream in(text);
    YAML::Parser(in).HandleNextDocument(settings);
  } catch (const YAML::Exception& error) {
    throw Error::Format(At(error.mark) + "it is no YAML: " + error.msg);
  }
  if (!settings.is_map()) {
    throw Error::Format("it is no recipe: settings have names");
  }
  return settings;
}

TrainerSettings Understand(const Settings& recipe) {
  TrainerSettings settings;
  Take(recipe, "stage", "a name", &settings.stage);
  Take(recipe, "template", "a name", &settings.template_name);
  Take(recipe, "cutoff_len", "a number of ids", &settings.cutoff);
  Take(recipe, "mask_history", "true or false", &settings.mask_history);
  Take(recipe, "train_on_prompt", "true or false", &settings.train_on_prompt);
  Take(recipe, "packing", "true or false", &settings.packing);
  Take(recipe, "neat_packing", "true or false", &settings.neat_packing);
  Take(recipe, "tokenized_path", "a path", &settings.tokenized_path);
  if (settings.stage != "sft") {
    throw Error::Unsupported("stage " + settings.stage +
                             " is not predicted: only sft is");
  }
  if (settings.mask_history && settings.train_on_prompt) {
    throw Error::Format(
        "mask_history and train_on_prompt contradict each other: the trainer "
        "refuses them");
  }
  const TrainerTemplate* own = FindTrainerTemplate(settings.template_name);
  if (settings.train_on_prompt && own != nullptr && own->efficient_eos) {
    throw Error::Format("template " + settings.template_name +
                        " has no train_on_prompt: the trainer refuses it");
  }
  // The trainer turns packing on for those who ask for the better kind, and
  // keeps an id of each packed row for padding.
  settings.packing |= settings.neat_packing;
  if (settings.packing && settings.cutoff > 0) --settings.cutoff;
  if (settings.cutoff == 0) {
    throw Error::Format("cutoff_len is to be a number of ids");
  }
  return settings;
}

}  // namespace

TrainerSettings TrainerSettings::Read(const std::string& path) {
  const std::string text = ReadFile(path, kMostBytes);
  try {
    return Understand(SettingsOf(text));
  } catch (const Error& error) {
    throw Error(error).In(path);
  }
}

}  // namespace fullstop
