#include "engine/loaded_model.h"

#include "engine/model_store.h"
#include "protocol/sources.h"

namespace fullstop {

LoadedModel::LoadedModel(const std::string& model,
                         const ResolveOptions& resolve,
                         const ModelOptions& compute)
    : file_(GgufFile::Open(ResolveModel(model))),
      tokenizer_(Tokenizer::FromGguf(file_)),
      protocol_(
          TurnProtocol::Resolve(SourcesFromGguf(file_, tokenizer_), resolve)),
      compute_(compute) {}

ForwardModel& LoadedModel::forward() {
  if (forward_ == nullptr) forward_ = LoadModel(file_, compute_);
  return *forward_;
}

}  // namespace fullstop
