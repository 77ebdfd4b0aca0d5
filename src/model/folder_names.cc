// What a folder's tensors are called in GGUF.
#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "format/safetensors_values.h"
#include "model/folder_pattern.h"
#include "model/folder_reader.h"

namespace fullstop {
namespace {

// In a model of several modalities.
std::string NestedName(std::string_view name) {
  constexpr std::string_view kModel = "model.";
  if (!name.starts_with(kModel)) return std::string(name);
  return "model.language_model." + std::string(name.substr(kModel.size()));
}

}  // namespace

FolderPattern PatternOf(std::string_view name) {
  FolderPattern pattern;
  while (!name.empty()) {
    const size_t end = std::min(name.find('.'), name.size());
    const std::string_view part = name.substr(0, end);
    const bool number =
        part.size() < 10 && !part.empty() &&
        part.find_first_not_of("0123456789") == std::string_view::npos;
    if (!pattern.name.empty()) pattern.name += '.';
    pattern.name += number ? "{}" : part;
    if (number) pattern.numbers.push_back(std::stoull(std::string(part)));
    name.remove_prefix(std::min(end + 1, name.size()));
  }
  return pattern;
}

void FolderReader::Erase(std::string_view folder) {
  std::erase_if(rules_, [folder](const FolderRule& rule) {
    return rule.folder == folder;
  });
}

void FolderReader::AddNames(std::span<const TensorName> names,
                            std::string_view prefix) {
  for (const TensorName& name : names) {
    std::string folder = fmt::format("{}{}", prefix, name.folder);
    Erase(folder);
    rules_.push_back(
        {.folder = std::move(folder), .gguf = std::string(name.gguf)});
  }
}

void FolderReader::AddAliases(std::span<const TensorName> names,
                              std::string_view prefix) {
  AddNames(names, prefix);
  for (size_t i = rules_.size() - names.size(); i < rules_.size(); ++i) {
    rules_[i].alias = true;
  }
}

void FolderReader::AddPlaced(TensorName name, TensorPlace place) {
  rules_.push_back({.folder = std::string(name.folder),
                    .gguf = std::string(name.gguf),
                    .place = std::move(place)});
}

void FolderReader::AddPlacedAlias(TensorName name, TensorPlace place) {
  AddPlaced(name, std::move(place));
  rules_.back().alias = true;
}

void FolderReader::AddMxfp4(TensorName name, TensorPlace place) {
  AddPlaced(name, std::move(place));
  rules_.back().folder += kMxfp4Blocks;
  rules_.back().packed = true;
  Ignore(fmt::format("{}{}", name.folder, kMxfp4Scales));
}

void FolderReader::AddOneToNorms(std::span<const TensorName> names) {
  for (const TensorName& name : names) {
    if (name.gguf.find("norm") == std::string_view::npos) continue;
    const std::string folder = fmt::format("{}.weight", name.folder);
    Erase(name.folder);
    Erase(folder);
    AddPlaced({folder, fmt::format("{}.weight", name.gguf)},
              {.change = NumberChange::kPlusOne});
    AddNames(std::span(&name, 1));
  }
}

void FolderReader::Ignore(std::string_view folder) {
  Erase(folder);
  rules_.push_back({.folder = std::string(folder), .gguf = ""});
}

void FolderReader::AddMixture(const MixtureNames& names) {
  const TensorName router[] = {{names.router, "blk.{}.ffn_gate_inp"},
                               {names.bias, "blk.{}.exp_probs_b.bias"}};
  const auto own = std::span(router).first(names.bias.empty() ? 1 : 2);
  if (names.saved_prefix != names.prefix) {
    AddAliases(own, names.saved_prefix);
    AddAliases(names.shared, names.saved_prefix);
  }
  AddNames(own, names.prefix);
  AddNames(names.experts, names.prefix);
  AddNames(names.shared, names.prefix);
  if (!names.shared_gate.empty()) {
    AddPlaced({fmt::format("{}{}", names.prefix, names.shared_gate),
               "blk.{}.ffn_gate_inp_shexp"},
              {.extra = ExtraDimension::kRow});
  }
  const uint64_t width =
      Count("moe_intermediate_size", Count("intermediate_size"));
  AddStackedExperts(fmt::format("{}experts.", names.saved_prefix), width);
}

void FolderReader::AddStackedExperts(const std::string& prefix,
                                     uint64_t width) {
  const std::string fused = prefix + "gate_up_proj";
  AddPlacedAlias({fused, "blk.{}.ffn_gate_exps.weight"},
                 {.rows = {{0, width}}});
  AddPlacedAlias({fused, "blk.{}.ffn_up_exps.weight"},
                 {.rows = {{width, width}}});
  AddPlacedAlias({prefix + "down_proj", "blk.{}.ffn_down_exps.weight"}, {});
}

std::vector<FolderRule> FolderReader::WrittenRules() const {
  std::vector<FolderRule> written;
  for (const FolderRule& rule : rules_) {
    if (rule.gguf.empty() || rule.alias) continue;
    std::erase_if(written, [&rule](const FolderRule& earlier) {
      return earlier.gguf == rule.gguf && earlier.packed == rule.packed;
    });
    written.push_back(rule);
    if (nested_) written.back().folder = NestedName(rule.folder);
  }
  return written;
}

void FolderReader::AddTensor(std::string_view gguf, std::vector<float> values) {
  own_.push_back({.name = std::string(gguf),
                  .type = TensorType::kF32,
                  .shape = {values.size()},
                  .make = [values = std::move(values)](uint64_t) {
                    std::vector<std::byte> bytes(values.size() * sizeof(float));
                    std::memcpy(bytes.data(), values.data(), bytes.size());
                    return bytes;
                  }});
}

void FolderReader::SetLayerNumbers(std::string_view key,
                                   std::string_view folder, float fallback,
                                   bool scalar) {
  layer_numbers_.push_back({std::string(key), std::string(folder), scalar});
  std::vector<float> numbers(Count("num_hidden_layers"), fallback);
  for (const SafetensorsTensor& tensor : weights_->tensors()) {
    const FolderPattern pattern = PatternOf(tensor.name);
    if (pattern.name != folder || pattern.numbers[0] >= numbers.size() ||
        !IsFloat(tensor.type) || tensor.data.empty()) {
      continue;
    }
    SafetensorsToFloat(tensor.type, tensor.data.data(),
                       &numbers[pattern.numbers[0]], 1);
  }
  Ignore(folder);
  keys_.insert_or_assign(std::string(key), GgufValue{GgufArray(numbers)});
}

void FolderReader::SetExpertKeys(uint64_t shared_number) {
  const auto first = [this](std::initializer_list<std::string_view> fields) {
    uint64_t value = 0;
    for (const std::string_view field : fields) {
      if (value == 0) value = Count(field, 0);
    }
    return value;
  };
  SetCount("expert_count", first({"num_local_experts", "num_experts",
                                  "n_routed_experts", "moe_num_experts"}));
  SetCount("expert_used_count",
           first({"num_experts_per_tok", "moe_topk", "moe_k"}));
  const uint64_t width =
      Count("moe_intermediate_size", Count("intermediate_size"));
  SetCount("expert_feed_forward_length", width);
  const uint64_t shared =
      std::max(first({"n_shared_experts", "num_shared_experts",
                      "moe_num_shared_experts", "num_shared_expert"}),
               shared_number);
  if (shared > 0) SetCount("expert_shared_count", shared);
  if (!Field("shared_expert_intermediate_size").is_null()) {
    SetCount("expert_shared_feed_forward_length",
             Count("shared_expert_intermediate_size"));
  }
  uint64_t dense = first({"first_k_dense_replace", "moe_layer_start_index"});
  if (const auto& types = Field("mlp_layer_types"); types.is_array()) {
    const auto sparse = std::ranges::find_if(
        types, [](const auto& type) { return type != "dense"; });
    dense = static_cast<uint64_t>(sparse - types.begin());
  }
  if (dense > 0) SetCount("leading_dense_block_count", dense);
  if (first({"n_group"}) > 1) {
    SetCount("expert_group_count", first({"n_group"}));
    SetCount("expert_group_used_count", first({"topk_group"}));
  }
  if (!Field("norm_topk_prob").is_null()) {
    SetFlag("expert_weights_norm", Flag("norm_topk_prob", false));
  }
  if (const auto scale = FindNumber("routed_scaling_factor")) {
    SetNumber("expert_weights_scale", *scale);
  }
}

}  // namespace fullstop
