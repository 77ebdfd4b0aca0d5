#include "data/trainer_settings.h"

#include <yaml-cpp/yaml.h>

#include <string_view>

#include "base/error.h"
#include "base/file.h"

namespace fullstop {
namespace {

constexpr uint64_t kMostBytes = 1 << 20;

std::string At(const YAML::Mark& mark) {
  if (mark.is_null()) return "";
  return "line " + std::to_string(mark.line + 1) + ", column " +
         std::to_string(mark.column + 1) + ": ";
}

class Reader {
 public:
  Reader(const std::string& path, const YAML::Node& recipe)
      : path_(path), recipe_(recipe) {}

  // Sets INTO where the recipe has KEY, which is to be WHAT.
  template <typename Value>
  void Take(const char* key, std::string_view what, Value* into) const {
    const YAML::Node value = recipe_[key];
    if (!value || value.IsNull()) return;
    try {
      *into = value.as<Value>();
    } catch (const YAML::Exception&) {
      throw Error::Format(At(value.Mark()) + key + " is to be " +
                          std::string(what))
          .In(path_);
    }
  }

 private:
  const std::string& path_;
  YAML::Node recipe_;
};

}  // namespace

TrainerSettings TrainerSettings::Read(const std::string& path) {
  const std::string text = ReadFile(path, kMostBytes);
  YAML::Node recipe;
  try {
    recipe = YAML::Load(text);
  } catch (const YAML::Exception& error) {
    throw Error::Format(At(error.mark) + "it is no YAML: " + error.msg)
        .In(path);
  }
  if (!recipe.IsMap()) {
    throw Error::Format("it is no recipe: settings have names").In(path);
  }
  TrainerSettings settings;
  const Reader reader(path, recipe);
  reader.Take("stage", "a name", &settings.stage);
  reader.Take("template", "a name", &settings.template_name);
  reader.Take("cutoff_len", "a number of ids", &settings.cutoff);
  reader.Take("mask_history", "true or false", &settings.mask_history);
  reader.Take("train_on_prompt", "true or false", &settings.train_on_prompt);
  reader.Take("packing", "true or false", &settings.packing);
  reader.Take("neat_packing", "true or false", &settings.neat_packing);
  reader.Take("tokenized_path", "a path", &settings.tokenized_path);
  if (settings.stage != "sft") {
    throw Error::Unsupported("stage " + settings.stage +
                             " is not predicted: only sft is")
        .In(path);
  }
  if (settings.cutoff == 0) {
    throw Error::Format("cutoff_len is to be a number of ids").In(path);
  }
  if (settings.mask_history && settings.train_on_prompt) {
    throw Error::Format(
        "mask_history and train_on_prompt contradict each other: the trainer "
        "refuses them")
        .In(path);
  }
  // The trainer turns packing on for those who ask for the better kind.
  settings.packing |= settings.neat_packing;
  return settings;
}

}  // namespace fullstop
