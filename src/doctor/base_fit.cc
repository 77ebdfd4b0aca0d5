#include "doctor/base_fit.h"

#include <algorithm>
#include <array>
#include <span>
#include <vector>

#include "doctor/token_rows.h"

namespace fullstop {
namespace {

bool EndsWithOne(std::string_view module,
                 std::span<const std::string_view> names) {
  return std::ranges::any_of(names, [module](std::string_view name) {
    return module.ends_with(name);
  });
}

}  // namespace

BaseFit::BaseFit(const PeftConfig& config, const Target& base,
                 const SafetensorsSet* tensors)
    : config_(config), shape_(ShapeOf(base)), tensors_(tensors) {}

bool BaseFit::KnowsAnything() const {
  return tensors_ != nullptr || shape_.hidden || shape_.layers;
}

std::string BaseFit::Misfit(const AdapterTensor& part) const {
  const auto layer = LayerOfModule(part.name.module);
  if (layer && shape_.layers && *layer >= *shape_.layers) {
    return "the base has " + std::to_string(*shape_.layers) + " layers";
  }
  const std::vector<uint64_t>& shape = part.tensor->shape;
  const auto wanted = WantedOf(part.name);
  if (!wanted || shape.size() != 2 || part.tensor->data.empty() ||
      shape[wanted->first] == wanted->second) {
    return "";
  }
  return "the base has " + std::to_string(wanted->second) + " there";
}

std::optional<BaseFit::Wanted> BaseFit::WantedOf(const PeftName& name) const {
  const auto fit = [](size_t dimension, std::optional<uint64_t> length) {
    return length ? std::optional<Wanted>({dimension, *length}) : std::nullopt;
  };
  switch (name.part) {
    case PeftPart::kLoraA:
      return fit(1, InputOf(name.module));
    case PeftPart::kLoraB:
      return fit(0, OutputOf(name.module));
    case PeftPart::kEmbeddingB:
      return fit(0, shape_.hidden);
    case PeftPart::kTokens:
      return fit(1, shape_.hidden);
    case PeftPart::kWhole:
      if (!TokenMatrixOf(name.module)) return std::nullopt;
      return fit(1, shape_.hidden);
    case PeftPart::kEmbeddingA:
    case PeftPart::kCopy:
    case PeftPart::kOther:
      break;
  }
  return std::nullopt;
}

std::optional<uint64_t> BaseFit::InputOf(std::string_view module) const {
  if (const SafetensorsTensor* tensor = Find(module)) {
    return tensor->shape[config_.fan_in_fan_out ? 0 : 1];
  }
  static constexpr std::array<std::string_view, 8> kFromHidden = {
      ".q_proj",    ".k_proj",  ".v_proj",       ".qkv_proj",
      ".gate_proj", ".up_proj", ".gate_up_proj", "lm_head"};
  return EndsWithOne(module, kFromHidden) ? shape_.hidden : std::nullopt;
}

std::optional<uint64_t> BaseFit::OutputOf(std::string_view module) const {
  // How many rows of tokens there are is for a rule of its own.
  if (TokenMatrixOf(module)) return std::nullopt;
  if (const SafetensorsTensor* tensor = Find(module)) {
    return tensor->shape[config_.fan_in_fan_out ? 1 : 0];
  }
  static constexpr std::array<std::string_view, 2> kToHidden = {".o_proj",
                                                                ".down_proj"};
  return EndsWithOne(module, kToHidden) ? shape_.hidden : std::nullopt;
}

// The base's matrix of MODULE, which other releases of transformers call by
// another path.
const SafetensorsTensor* BaseFit::Find(std::string_view module) const {
  if (tensors_ == nullptr) return nullptr;
  const size_t layers = module.find("layers.");
  const std::string_view inner =
      layers == module.npos ? std::string_view() : module.substr(layers);
  for (const char* prefix :
       {"", "model.", "model.language_model.", "language_model.model."}) {
    const std::string_view name = *prefix == '\0' ? module : inner;
    if (name.empty()) continue;
    const auto* tensor =
        tensors_->Find(std::string(prefix) + std::string(name) + ".weight");
    // A packed one has another shape.
    if (tensor != nullptr && TokenRows::Of(*tensor)) return tensor;
  }
  return nullptr;
}

}  // namespace fullstop
