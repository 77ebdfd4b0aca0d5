#include "engine/loaded_model.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "model/architectures.h"

namespace fullstop {

LoadedModel::LoadedModel(const std::string& model,
                         const ResolveOptions& resolve,
                         const ModelOptions& compute)
    : vocabulary_(model), compute_(compute) {
  const ProtocolSources sources = vocabulary_.Sources();
  protocol_ = TurnProtocol::Resolve(sources, resolve);
  for (const int64_t id : sources.suppressed) {
    if (id < 0 || id >= static_cast<int64_t>(vocabulary_->size())) continue;
    suppressed_.push_back(static_cast<TokenId>(id));
  }
}

const ModelFile& LoadedModel::file() {
  if (!file_) {
    file_ = vocabulary_.folder() != nullptr
                ? ReadModelFolder(*vocabulary_.folder())
                : ModelFile(*vocabulary_.gguf());
  }
  return *file_;
}

bool LoadedModel::Holds(const std::string& path) const {
  namespace fs = std::filesystem;
  std::error_code error;
  if (vocabulary_.folder() != nullptr) {
    const fs::path target = fs::weakly_canonical(path, error).parent_path();
    return fs::equivalent(target, vocabulary_.path(), error);
  }
  return std::ranges::any_of(vocabulary_.gguf()->paths(),
                             [&](const std::string& part) {
                               return fs::equivalent(path, part, error);
                             });
}

ForwardModel& LoadedModel::forward() {
  if (forward_ == nullptr) {
    ModelOptions options = compute_;
    options.vocabulary = static_cast<int32_t>(tokenizer().size());
    forward_ = LoadModel(file(), options);
  }
  return *forward_;
}

}  // namespace fullstop
