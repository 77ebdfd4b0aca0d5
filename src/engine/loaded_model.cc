#include "engine/loaded_model.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "engine/model_store.h"
#include "protocol/sources.h"

namespace fullstop {

LoadedModel::LoadedModel(const std::string& model,
                         const ResolveOptions& resolve,
                         const ModelOptions& compute)
    : file_(GgufFile::Open(ResolveModel(model))),
      tokenizer_(Tokenizer::FromGguf(file_)),
      compute_(compute) {
  const ProtocolSources sources = SourcesFromGguf(file_, tokenizer_);
  protocol_ = TurnProtocol::Resolve(sources, resolve);
  for (const int64_t id : sources.suppressed) {
    if (id < 0 || id >= static_cast<int64_t>(tokenizer_->size())) continue;
    suppressed_.push_back(static_cast<TokenId>(id));
  }
}

bool LoadedModel::Holds(const std::string& path) const {
  std::error_code error;
  return std::ranges::any_of(file_.paths(), [&](const std::string& part) {
    return std::filesystem::equivalent(path, part, error);
  });
}

ForwardModel& LoadedModel::forward() {
  if (forward_ == nullptr) forward_ = LoadModel(file_, compute_);
  return *forward_;
}

}  // namespace fullstop
