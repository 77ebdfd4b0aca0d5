#include "convert/gguf_tensors.h"

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "convert/model_keys.h"
#include "model/architectures.h"

namespace fullstop {
namespace {

constexpr uint32_t kQuantizationVersion = 2;

std::string ArchitectureName(const GgufFile& keys) {
  return std::string(keys.GetString("general.architecture").value_or(""));
}

// Whether the rows of the model's rotary tensors change places.
bool IsReordered(const ModelFile& model) {
  const auto architectures = Architectures();
  const auto known =
      std::ranges::find(architectures, ArchitectureName(model.keys()),
                        [](const Architecture* a) { return a->name; });
  return model.rotary_order() == RotaryOrder::kHalves &&
         known != architectures.end() && (*known)->reordered;
}

// Of those that TYPE gives to matrices; nullopt leaves one out.
std::optional<TensorType> MostBytes(
    const ModelFile& model,
    const std::function<std::optional<TensorType>(const ModelTensor&)>& type) {
  std::map<TensorType, uint64_t> bytes;
  for (const ModelTensor& tensor : model.tensors()) {
    if (tensor.shape.size() < 2) continue;
    const std::optional<TensorType> each = type(tensor);
    if (each) bytes[*each] += TensorBytes(*each, tensor.shape).value_or(0);
  }
  const auto most = std::ranges::max_element(
      bytes, {}, [](const auto& entry) { return entry.second; });
  if (most == bytes.end()) return std::nullopt;
  return most->first;
}

}  // namespace

uint64_t RotaryHeads(const GgufFile& keys, std::string_view name) {
  constexpr std::string_view kBlock = "blk.";
  if (!name.starts_with(kBlock)) return 0;
  name.remove_prefix(kBlock.size());
  const std::string layer(name.substr(0, name.find('.')));
  name.remove_prefix(std::min(name.size(), layer.size() + 1));
  const std::string_view stem = name.substr(0, name.rfind('.'));
  const bool is_q = stem == "attn_q";
  if (!is_q && stem != "attn_k") return 0;
  const auto count = [&](std::string_view key) -> uint64_t {
    const std::string full =
        ArchitectureName(keys) + ".attention." + std::string(key);
    const GgufValue* value = keys.Find(full);
    if (value == nullptr) return 0;
    if (!std::holds_alternative<GgufArray>(value->value)) {
      return static_cast<uint64_t>(keys.GetInteger(full).value_or(0));
    }
    const std::vector<int64_t> each = keys.GetIntegers(full).value();
    const size_t index = std::stoull(layer);
    return index < each.size() ? static_cast<uint64_t>(each[index]) : 0;
  };
  const uint64_t heads = is_q ? 0 : count("head_count_kv");
  return heads != 0 ? heads : count("head_count");
}

std::optional<TensorType> MainTensorType(const ModelFile& model, OutType out) {
  return MostBytes(model, [out](const ModelTensor& tensor) {
    return WrittenType(tensor, out);
  });
}

std::optional<TensorType> MainFloatType(const ModelFile& model) {
  return MostBytes(model,
                   [](const ModelTensor& tensor) -> std::optional<TensorType> {
                     if (Traits(tensor.type).block_length > 1) return {};
                     return tensor.type;
                   });
}

void AddModelKeys(const ModelFile& model, OutType type, GgufWriter* writer) {
  for (const GgufEntry& entry : model.keys().entries()) {
    writer->Add(entry.key, NarrowGgufValue(entry.value));
  }
  writer->Add("general.type", {std::string_view("model")});
  const std::optional<TensorType> main = MainTensorType(model, type);
  if (!main) return;
  if (const auto number = GgufFileType(*main)) {
    writer->Add("general.file_type", {*number});
  }
  if (Traits(*main).block_length > 1) {
    writer->Add("general.quantization_version", {kQuantizationVersion});
  }
}

uint64_t AddModelTensors(const ModelFile& model, OutType type,
                         ProgressMeter* meter, GgufWriter* writer) {
  const bool reordered = IsReordered(model);
  uint64_t total = 0;
  for (const ModelTensor& tensor : model.tensors()) {
    const TensorLayout layout = {
        WrittenType(tensor, type),
        reordered ? RotaryHeads(model.keys(), tensor.name) : 0};
    writer->AddTensor(tensor.name, layout.type, tensor.shape,
                      [&tensor, layout, meter](const ByteSink& sink) {
                        StreamTensor(tensor, layout, meter->Through(sink));
                      });
    total += TensorBytes(layout.type, tensor.shape).value_or(0);
  }
  meter->SetTotal(total);
  return total;
}

}  // namespace fullstop
