#include "engine/model_store.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "base/error.h"

namespace fullstop {
namespace {

namespace fs = std::filesystem;

bool IsModelFolder(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path / "config.json", error);
}

std::vector<std::string> ModelNames(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end;
       it.increment(error)) {
    if (it->path().extension() == ".gguf" || IsModelFolder(it->path())) {
      names.push_back(it->path().filename().string());
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

std::string ModelsFolder() {
  const char* cache = std::getenv("XDG_CACHE_HOME");
  if (cache != nullptr && *cache != '\0') {
    return std::string(cache) + "/fullstop/models";
  }
  const char* home = std::getenv("HOME");
  if (home == nullptr || *home == '\0') {
    throw Error::Usage("neither XDG_CACHE_HOME nor HOME is set")
        .Advice("set one of them, or give the path of a model");
  }
  return std::string(home) + "/.cache/fullstop/models";
}

std::string ResolveModel(std::string_view model) {
  const std::string name(model);
  std::error_code error;
  if (!name.empty() && fs::exists(name, error)) return name;
  const std::string folder = ModelsFolder();
  const std::string wanted = name.empty() ? std::string(kDefaultModel) : name;
  const bool plain = wanted.find('/') == std::string::npos;
  for (const std::string& candidate : {wanted, wanted + ".gguf"}) {
    const std::string path = folder + "/" + candidate;
    if (plain && (fs::is_regular_file(path, error) || IsModelFolder(path))) {
      return path;
    }
  }
  if (name.empty()) {
    throw Error::NotFound("the default model is not in " + folder)
        .Advice(
            "fetch it with ./quickstart --build, or name a GGUF file as MODEL");
  }
  std::string known;
  for (const std::string& other : ModelNames(folder)) known += "\n    " + other;
  throw Error::NotFound("there is no file and no model named '" + name + "'")
      .Advice(known.empty() ? "no model is in " + folder
                            : "models in " + folder + ":" + known);
}

}  // namespace fullstop
