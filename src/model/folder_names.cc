// What a folder's tensors are called in GGUF.
#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "format/safetensors_values.h"
#include "model/folder_pattern.h"
#include "model/folder_reader.h"

namespace fullstop {

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

void FolderReader::AddNames(std::span<const TensorName> names) {
  for (const TensorName& name : names) {
    rules_.erase(std::string(name.folder));
    rules_.emplace(name.folder, Rule{.gguf = std::string(name.gguf)});
  }
}

void FolderReader::AddRows(TensorName name, std::vector<RowRange> rows) {
  rules_.emplace(name.folder,
                 Rule{.gguf = std::string(name.gguf), .rows = std::move(rows)});
}

void FolderReader::AddGathered(TensorName name, TensorGather gather) {
  rules_.emplace(name.folder, Rule{.gguf = std::string(name.gguf),
                                   .gather = std::move(gather)});
}

void FolderReader::AddMxfp4(TensorName name, uint64_t first, uint64_t step) {
  rules_.emplace(
      std::string(name.folder) + "_blocks",
      Rule{.gguf = std::string(name.gguf), .first = first, .step = step});
  Ignore(std::string(name.folder) + "_scales");
}

void FolderReader::AddChanged(TensorName name, TensorChange change) {
  rules_.erase(std::string(name.folder));
  rules_.emplace(name.folder, Rule{.gguf = std::string(name.gguf),
                                   .change = std::move(change)});
}

void FolderReader::AddOneToNorms(std::span<const TensorName> names) {
  for (const TensorName& name : names) {
    if (name.gguf.find("norm") == std::string_view::npos) continue;
    AddChanged(name, [](std::vector<uint64_t>*, std::vector<float>* values) {
      if (values == nullptr) return;
      for (float& value : *values) value += 1;
    });
  }
}

void FolderReader::Ignore(std::string_view folder) {
  rules_.erase(std::string(folder));
  rules_.emplace(folder, Rule{});
}

void FolderReader::AddTensor(std::string_view gguf, std::vector<float> values) {
  own_.push_back({.name = std::string(gguf),
                  .type = TensorType::kF32,
                  .shape = {values.size()},
                  .make = [values = std::move(values)] {
                    std::vector<std::byte> bytes(values.size() * sizeof(float));
                    std::memcpy(bytes.data(), values.data(), bytes.size());
                    return bytes;
                  }});
}

void FolderReader::SetLayerNumbers(std::string_view key,
                                   std::string_view folder, float fallback) {
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

void FolderReader::AddExpertNames(std::string_view prefix) {
  std::deque<std::string> whole;
  const auto name = [&](std::string_view folder) -> std::string_view {
    return whole.emplace_back(fmt::format("{}.{}", prefix, folder));
  };
  const TensorName names[] = {
      {name("gate"), "blk.{}.ffn_gate_inp"},
      {name("gate.e_score_correction_bias"), "blk.{}.exp_probs_b.bias"},
      {name("e_score_correction_bias"), "blk.{}.exp_probs_b.bias"},
      {name("experts.{}.gate_proj"), "blk.{}.ffn_gate_exps"},
      {name("experts.{}.up_proj"), "blk.{}.ffn_up_exps"},
      {name("experts.{}.down_proj"), "blk.{}.ffn_down_exps"},
      {name("experts.{}.w1"), "blk.{}.ffn_gate_exps"},
      {name("experts.{}.w3"), "blk.{}.ffn_up_exps"},
      {name("experts.{}.w2"), "blk.{}.ffn_down_exps"},
      {name("experts.down_proj"), "blk.{}.ffn_down_exps.weight"},
      {name("shared_experts.gate_proj"), "blk.{}.ffn_gate_shexp"},
      {name("shared_experts.up_proj"), "blk.{}.ffn_up_shexp"},
      {name("shared_experts.down_proj"), "blk.{}.ffn_down_shexp"},
      {name("shared_expert.gate_proj"), "blk.{}.ffn_gate_shexp"},
      {name("shared_expert.up_proj"), "blk.{}.ffn_up_shexp"},
      {name("shared_expert.down_proj"), "blk.{}.ffn_down_shexp"},
      {name("shared_expert_gate"), "blk.{}.ffn_gate_inp_shexp"},
  };
  AddNames(names);
  const uint64_t width =
      Count("moe_intermediate_size", Count("intermediate_size"));
  const std::string_view fused = name("experts.gate_up_proj");
  AddRows({fused, "blk.{}.ffn_gate_exps.weight"}, {{0, width}});
  AddRows({fused, "blk.{}.ffn_up_exps.weight"}, {{width, width}});
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
  const uint64_t dense =
      first({"first_k_dense_replace", "moe_layer_start_index"});
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
