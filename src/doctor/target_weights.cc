#include "doctor/target_weights.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

namespace fullstop {
namespace {

using Json = nlohmann::ordered_json;

struct MatrixName {
  std::string_view module;
  TokenMatrix matrix;
};
constexpr std::array kMatrixNames = {
    MatrixName{"embed_tokens", TokenMatrix::kEmbedding},
    MatrixName{"tok_embeddings", TokenMatrix::kEmbedding},
    MatrixName{"word_embeddings", TokenMatrix::kEmbedding},
    MatrixName{"embed_in", TokenMatrix::kEmbedding},
    MatrixName{"wte", TokenMatrix::kEmbedding},
    MatrixName{"lm_head", TokenMatrix::kHead},
    MatrixName{"embed_out", TokenMatrix::kHead},
    MatrixName{"output_layer", TokenMatrix::kHead},
    MatrixName{"output", TokenMatrix::kHead},
};

constexpr size_t Index(TokenMatrix matrix) {
  return static_cast<size_t>(matrix);
}

// A field of OBJECT, or of what describes its text model.
Json Field(const Json& config, const char* name) {
  for (const char* part : {"text_config", "llm_config", ""}) {
    const Json* object = &config;
    if (*part != '\0') {
      const auto found = config.find(part);
      if (found == config.end() || !found->is_object()) continue;
      object = &*found;
    }
    const auto field = object->find(name);
    if (field != object->end()) return *field;
  }
  return {};
}

std::optional<uint64_t> Count(const Json& value) {
  if (!value.is_number_unsigned()) return std::nullopt;
  return value.get<uint64_t>();
}

ModelShape ShapeOfFolder(const Json& config) {
  ModelShape shape;
  if (!config.is_object()) return shape;
  for (const char* name : {"hidden_size", "n_embd", "d_model"}) {
    if (!shape.hidden) shape.hidden = Count(Field(config, name));
  }
  for (const char* name : {"num_hidden_layers", "n_layer", "n_layers"}) {
    if (!shape.layers) shape.layers = Count(Field(config, name));
  }
  shape.rows = Count(Field(config, "vocab_size"));
  const Json tied = Field(config, "tie_word_embeddings");
  if (tied.is_boolean()) shape.tied = tied.get<bool>();
  return shape;
}

ModelShape ShapeOfGguf(const GgufFile& file) {
  ModelShape shape;
  const std::string architecture(
      file.GetString("general.architecture").value_or(""));
  const auto count = [&](const char* key) -> std::optional<uint64_t> {
    const auto value = file.GetInteger(architecture + key);
    if (!value || *value < 0) return std::nullopt;
    return static_cast<uint64_t>(*value);
  };
  shape.hidden = count(".embedding_length");
  shape.layers = count(".block_count");
  const GgufTensor* embedding = file.FindTensor("token_embd.weight");
  if (embedding != nullptr && embedding->shape.size() == 2) {
    shape.rows = embedding->shape[1];
    shape.tied = file.FindTensor("output.weight") == nullptr;
  }
  return shape;
}

}  // namespace

std::optional<TokenMatrix> TokenMatrixOf(std::string_view module) {
  const size_t dot = module.rfind('.');
  if (dot != module.npos) module.remove_prefix(dot + 1);
  const auto found =
      std::ranges::find(kMatrixNames, module, &MatrixName::module);
  if (found == kMatrixNames.end()) return std::nullopt;
  return found->matrix;
}

std::string_view TokenMatrixName(TokenMatrix matrix) {
  return matrix == TokenMatrix::kEmbedding ? "the embedding"
                                           : "the output head";
}

ModelShape ShapeOf(const Target& target) {
  const Vocabulary& vocabulary = target.vocabulary();
  return vocabulary.gguf() != nullptr
             ? ShapeOfGguf(*vocabulary.gguf())
             : ShapeOfFolder(vocabulary.folder()->config());
}

std::string WhyClosed(const Error& error) {
  const bool is_absent = error.kind() == Error::Kind::kNotFound;
  return (is_absent ? "weights absent: " : "the weights can't be read: ") +
         error.message();
}

TargetWeights::TargetWeights(const Target& target) {
  if (target.adapter() != nullptr) {
    set_ = target.adapter()->OpenWeights();
    ReadAdapter();
  } else if (target.vocabulary().folder() != nullptr) {
    set_ = target.vocabulary().folder()->OpenWeights();
    ReadFolder();
  } else {
    const GgufFile& file = *target.vocabulary().gguf();
    if (const auto* tensor = file.FindTensor("token_embd.weight")) {
      whole_[Index(TokenMatrix::kEmbedding)] = TokenRows::Of(*tensor);
    }
    if (const auto* tensor = file.FindTensor("output.weight")) {
      whole_[Index(TokenMatrix::kHead)] = TokenRows::Of(*tensor);
    }
  }
}

void TargetWeights::ReadAdapter() {
  for (const SafetensorsTensor& tensor : set_->tensors()) {
    parts_.push_back({ParsePeftName(tensor.name), &tensor});
    const PeftName& name = parts_.back().name;
    const auto matrix = TokenMatrixOf(name.module);
    // A module of a layer is never the model's own.
    if (!matrix || LayerOfModule(name.module)) continue;
    switch (name.part) {
      case PeftPart::kWhole:
        whole_[Index(*matrix)] = TokenRows::Of(tensor);
        break;
      case PeftPart::kTokens:
        tokens_[Index(*matrix)] = TokenRows::Of(tensor);
        break;
      case PeftPart::kLoraB:
        low_rank_[Index(*matrix)] = true;
        if (*matrix == TokenMatrix::kHead) head_factor_ = TokenRows::Of(tensor);
        break;
      case PeftPart::kLoraA:
      case PeftPart::kEmbeddingA:
      case PeftPart::kEmbeddingB:
        low_rank_[Index(*matrix)] = true;
        break;
      case PeftPart::kCopy:
        copies_ += tensor.data.size();
        break;
      case PeftPart::kOther:
        break;
    }
  }
}

void TargetWeights::ReadFolder() {
  for (const SafetensorsTensor& tensor : set_->tensors()) {
    constexpr std::string_view kWeight = ".weight";
    if (!tensor.name.ends_with(kWeight)) continue;
    const std::string_view module =
        std::string_view(tensor.name)
            .substr(0, tensor.name.size() - kWeight.size());
    const auto matrix = TokenMatrixOf(module);
    if (!matrix || LayerOfModule(module)) continue;
    if (!whole_[Index(*matrix)]) whole_[Index(*matrix)] = TokenRows::Of(tensor);
  }
}

const TokenRows* TargetWeights::Find(TokenMatrix matrix) const {
  const auto& rows = whole_[Index(matrix)];
  return rows ? &*rows : nullptr;
}

const TokenRows* TargetWeights::FindTokens(TokenMatrix matrix) const {
  const auto& rows = tokens_[Index(matrix)];
  return rows ? &*rows : nullptr;
}

const TokenRows* TargetWeights::head_factor() const {
  return head_factor_ ? &*head_factor_ : nullptr;
}

bool TargetWeights::IsLowRank(TokenMatrix matrix) const {
  return low_rank_[Index(matrix)];
}

const TargetWeights& LazyWeights::Get(const Target& target) const {
  std::call_once(once_, [&] {
    try {
      weights_ = std::make_unique<const TargetWeights>(target);
    } catch (const Error& error) {
      error_ = error;
    }
  });
  if (error_) throw Error(*error_);
  return *weights_;
}

}  // namespace fullstop
