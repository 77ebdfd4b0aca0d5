#include "convert/gguf_tensors.h"

#include <algorithm>
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

std::string ArchitectureName(const ModelFile& model) {
  return std::string(
      model.keys().GetString("general.architecture").value_or(""));
}

// Which tensors of a model change the order of their rows.
class Reordering {
 public:
  explicit Reordering(const ModelFile& model)
      : keys_(model.keys()), prefix_(ArchitectureName(model) + ".attention.") {
    const auto architectures = Architectures();
    const auto known =
        std::ranges::find(architectures, ArchitectureName(model),
                          [](const Architecture* a) { return a->name; });
    active_ = model.rotary_order() == RotaryOrder::kHalves &&
              known != architectures.end() && (*known)->reordered;
  }

  // The heads of the tensor called NAME; 0 where its rows stay.
  uint64_t Heads(std::string_view name) const {
    constexpr std::string_view kBlock = "blk.";
    if (!active_ || !name.starts_with(kBlock)) return 0;
    name.remove_prefix(kBlock.size());
    const size_t dot = name.find('.');
    const std::string layer(name.substr(0, dot));
    name.remove_prefix(std::min(name.size(), layer.size() + 1));
    const std::string_view stem = name.substr(0, name.rfind('.'));
    if (stem == "attn_q") return Count("head_count", std::stoull(layer));
    if (stem != "attn_k") return 0;
    const uint64_t heads = Count("head_count_kv", std::stoull(layer));
    return heads != 0 ? heads : Count("head_count", std::stoull(layer));
  }

 private:
  uint64_t Count(std::string_view key, size_t layer) const {
    const std::string name = prefix_ + std::string(key);
    const GgufValue* value = keys_.Find(name);
    if (value == nullptr) return 0;
    if (!std::holds_alternative<GgufArray>(value->value)) {
      return static_cast<uint64_t>(keys_.GetInteger(name).value_or(0));
    }
    const std::vector<int64_t> each = keys_.GetIntegers(name).value();
    return layer < each.size() ? static_cast<uint64_t>(each[layer]) : 0;
  }

  const GgufFile& keys_;
  std::string prefix_;
  bool active_;
};

// The type that most bytes of matrices have.
std::optional<TensorType> MainType(const ModelFile& model, OutType out) {
  std::map<TensorType, uint64_t> bytes;
  for (const ModelTensor& tensor : model.tensors()) {
    if (tensor.shape.size() < 2) continue;
    const TensorType type = WrittenType(tensor, out);
    bytes[type] += TensorBytes(type, tensor.shape).value_or(0);
  }
  const auto most = std::ranges::max_element(
      bytes, {}, [](const auto& entry) { return entry.second; });
  if (most == bytes.end()) return std::nullopt;
  return most->first;
}

}  // namespace

void AddModelKeys(const ModelFile& model, OutType type, GgufWriter* writer) {
  for (const GgufEntry& entry : model.keys().entries()) {
    writer->Add(entry.key, NarrowGgufValue(entry.value));
  }
  writer->Add("general.type", {std::string_view("model")});
  const std::optional<TensorType> main = MainType(model, type);
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
  const Reordering reordering(model);
  uint64_t total = 0;
  for (const ModelTensor& tensor : model.tensors()) {
    const TensorLayout layout = {WrittenType(tensor, type),
                                 reordering.Heads(tensor.name)};
    writer->AddTensor(tensor.name, layout.type, tensor.shape,
                      [&tensor, layout, meter](const GgufTensorSink& sink) {
                        StreamTensor(tensor, layout, meter->Through(sink));
                      });
    total += TensorBytes(layout.type, tensor.shape).value_or(0);
  }
  meter->SetTotal(total);
  return total;
}

}  // namespace fullstop
