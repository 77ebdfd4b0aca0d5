#include "model/architectures.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>

#include "base/error.h"
#include "model/folder_reader.h"

namespace fullstop {

// Each is defined in its own file. A new one is a line here.
#define FULLSTOP_ARCHITECTURES(X) \
  X(kApertus)                     \
  X(kCommandR)                    \
  X(kCohere2)                     \
  X(kDeepSeek2)                   \
  X(kDots1)                       \
  X(kErnie45)                     \
  X(kErnie45Moe)                  \
  X(kExaone4)                     \
  X(kGemma)                       \
  X(kGemma2)                      \
  X(kGemma3)                      \
  X(kGemma4)                      \
  X(kGlm4)                        \
  X(kGlm4Moe)                     \
  X(kGptOss)                      \
  X(kGranite)                     \
  X(kGraniteMoe)                  \
  X(kHunyuanDense)                \
  X(kHunyuanMoe)                  \
  X(kInternLm2)                   \
  X(kLfm2)                        \
  X(kLfm2Moe)                     \
  X(kLlama)                       \
  X(kLlama4)                      \
  X(kMiniMaxM2)                   \
  X(kMinistral3)                  \
  X(kNemotron)                    \
  X(kOlmo2)                       \
  X(kOlmoe)                       \
  X(kPhi3)                        \
  X(kQwen2)                       \
  X(kQwen2Moe)                    \
  X(kQwen3)                       \
  X(kQwen35)                      \
  X(kQwen35Moe)                   \
  X(kQwen3Moe)                    \
  X(kQwen3Next)                   \
  X(kSeedOss)                     \
  X(kSmolLm3)                     \
  X(kStableLm)

#define FULLSTOP_DECLARE(architecture) extern const Architecture architecture;
FULLSTOP_ARCHITECTURES(FULLSTOP_DECLARE)
#undef FULLSTOP_DECLARE

namespace {

#define FULLSTOP_ROW(architecture) &(architecture),
constexpr const Architecture* kArchitectures[] = {
    FULLSTOP_ARCHITECTURES(FULLSTOP_ROW)};
#undef FULLSTOP_ROW

std::string KnownNames() {
  std::string names;
  for (const Architecture* known : kArchitectures) {
    if (!names.empty()) names += ", ";
    names += known->name;
  }
  return names;
}

std::string KnownModelTypes() {
  std::string names;
  for (const Architecture* known : kArchitectures) {
    for (const std::string_view type : known->model_types) {
      if (!names.empty() && !type.empty()) names += ", ";
      names += type;
    }
  }
  return names;
}

// `model_type` of the text model where there are several modalities.
std::string ModelType(const HfFolder& folder) {
  const nlohmann::ordered_json& config = folder.config();
  std::string type;
  if (config.is_object()) type = config.value("model_type", "");
  const auto text = config.find("text_config");
  if (text != config.end() && text->is_object()) {
    type = text->value("model_type", type);
  }
  return type;
}

const Architecture& ArchitectureOf(const ModelFile& file) {
  const std::string& path = file.path();
  const std::optional<std::string_view> name =
      file.keys().GetString("general.architecture");
  if (!name) {
    throw Error::Format("key general.architecture is missing").In(path);
  }
  const auto* known = std::ranges::find(
      kArchitectures, *name, [](const Architecture* a) { return a->name; });
  if (known == std::end(kArchitectures)) {
    throw Error::Unsupported(
        fmt::format("models of the architecture \"{}\" are not supported",
                    *name))
        .In(path)
        .Advice("supported: " + KnownNames());
  }
  if (file.tensors().empty()) {
    throw Error::Usage("the file holds a vocabulary, but no weights")
        .In(path)
        .Advice(
            "take the whole model's file; this one serves tokenize, "
            "render and show");
  }
  return **known;
}

}  // namespace

std::span<const Architecture* const> Architectures() { return kArchitectures; }

Graph DescribeModel(const ModelFile& file) {
  return ArchitectureOf(file).describe(file);
}

ModelFile CompleteModel(const ModelFile& file) {
  const Architecture& architecture = ArchitectureOf(file);
  if (architecture.complete == nullptr) return file;
  return file.With(architecture.complete(file));
}

ModelFile ReadModelFolder(const HfFolder& folder) {
  const std::string type = ModelType(folder);
  const auto* known =
      std::ranges::find_if(kArchitectures, [&type](const Architecture* a) {
        return !type.empty() &&
               std::ranges::find(a->model_types, type) != a->model_types.end();
      });
  if (known == std::end(kArchitectures)) {
    throw Error::Unsupported(
        fmt::format("models of the type \"{}\" are not supported", type))
        .In(folder.path() + "/config.json")
        .Advice("supported: " + KnownModelTypes());
  }
  FolderReader reader(
      folder, std::make_shared<const SafetensorsSet>(folder.OpenWeights()),
      (*known)->name);
  (*known)->read_folder(reader);
  return reader.Take();
}

}  // namespace fullstop
