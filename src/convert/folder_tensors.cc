#include "convert/folder_tensors.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/error.h"
#include "convert/gguf_tensors.h"
#include "convert/placed_tensor.h"
#include "convert/tensor_stream.h"
#include "format/dequantize.h"
#include "format/quantize.h"
#include "format/quote.h"
#include "format/safetensors_values.h"

namespace fullstop {
namespace {

// Made from the configuration when a folder is read.
constexpr std::array<std::string_view, 3> kComputed = {
    "rope_freqs.weight", "rope_factors_long.weight",
    "rope_factors_short.weight"};

SafetensorsType TypeOf(TensorType type) {
  if (type == TensorType::kF16) return SafetensorsType::kF16;
  if (type == TensorType::kBF16) return SafetensorsType::kBF16;
  return SafetensorsType::kF32;
}

std::vector<std::byte> Encode(TensorType type,
                              const std::vector<float>& values) {
  std::vector<std::byte> bytes(RowBytes(type, values.size()).value());
  Quantize(type, values.data(), bytes.data(), values.size());
  return bytes;
}

bool Holds(TensorType type, const std::vector<float>& values) {
  const std::vector<std::byte> bytes = Encode(type, values);
  std::vector<float> back(values.size());
  Dequantize(type, bytes.data(), back.data(), values.size());
  return std::memcmp(back.data(), values.data(),
                     values.size() * sizeof(float)) == 0;
}

// A name of GGUF's with "{}" for the number of its layer, in two parts, of
// which a rule has the first or both.
struct NamePattern {
  std::string stem;
  std::string suffix;
  uint64_t layer = 0;
};

NamePattern PatternOfGguf(const std::string& tensor) {
  NamePattern pattern;
  std::string name = tensor;
  if (name.starts_with("blk.")) {
    const std::string number = name.substr(4, name.find('.', 4) - 4);
    if (!number.empty() && number.size() < 10 &&
        number.find_first_not_of("0123456789") == number.npos) {
      pattern.layer = std::stoull(number);
      name.replace(4, number.size(), "{}");
    }
  }
  const size_t dot = std::min(name.rfind('.'), name.size());
  pattern.stem = name.substr(0, dot);
  pattern.suffix = name.substr(dot);
  return pattern;
}

// TEXT with the first "{}" replaced by NUMBER.
std::string Fill(std::string text, uint64_t number) {
  const size_t place = text.find("{}");
  if (place != text.npos) text.replace(place, 2, std::to_string(number));
  return text;
}

class FolderTensors {
 public:
  FolderTensors(const ModelFile& model, const Architecture& architecture,
                const FolderReader& reader, ProgressMeter* meter,
                SafetensorsShards* shards)
      : model_(model),
        reordered_(architecture.reordered),
        rules_(reader.WrittenRules()),
        numbers_(reader.layer_numbers()),
        meter_(*meter),
        shards_(*shards),
        main_(MainFloatType(model).value_or(TensorType::kF32)) {}

  uint64_t Add() {
    for (const ModelTensor& tensor : model_.tensors()) {
      if (std::ranges::find(kComputed, tensor.name) == kComputed.end()) {
        Plan(tensor);
      }
    }
    for (const auto& placed : placed_) AddPlaced(placed);
    for (const LayerNumberRule& rule : numbers_) AddNumbers(rule);
    return total_;
  }

 private:
  void Plan(const ModelTensor& tensor) {
    const bool packed = Traits(tensor.type).block_length > 1;
    const NamePattern pattern = PatternOfGguf(tensor.name);
    const bool has_stem =
        pattern.suffix == ".weight" || pattern.suffix == ".bias";
    const auto rule = std::ranges::find_if(rules_, [&](const FolderRule& r) {
      return r.packed == packed && ((has_stem && r.gguf == pattern.stem) ||
                                    r.gguf == pattern.stem + pattern.suffix);
    });
    if (rule == rules_.end() || !CanWrite(tensor.type)) Refuse(tensor);
    std::string name = Fill(rule->folder, pattern.layer);
    if (rule->gguf == pattern.stem) name += pattern.suffix;
    PlacedPart part{&tensor, rule->place};
    if (reordered_) part.heads = RotaryHeads(model_.keys(), tensor.name);
    if (name.find("{}") == name.npos) return PlanPart(name, part);
    for (uint64_t i = 0; i < tensor.shape.back(); ++i) {
      part.expert = i;
      PlanPart(Fill(name, i), part);
    }
  }

  static bool CanWrite(TensorType type) {
    return type == TensorType::kMXFP4 ||
           (CanQuantize(type) && Traits(type).block_length == 1);
  }

  [[noreturn]] void Refuse(const ModelTensor& tensor) const {
    const std::string name = "tensor " + QuoteName(tensor.name);
    if (CanWrite(tensor.type) && tensor.type != TensorType::kMXFP4) {
      throw Error::Unsupported(name +
                               " has no name in a folder of this architecture")
          .In(model_.path());
    }
    throw Error::Unsupported(
        name + " is of type " + std::string(TensorTypeName(tensor.type)) +
        ": only a file that is not quantised can become a folder")
        .In(model_.path())
        .Advice("take a F32, F16 or BF16 file of this model");
  }

  void PlanPart(const std::string& name, const PlacedPart& part) {
    const auto [it, is_new] = index_.emplace(name, placed_.size());
    if (is_new) {
      placed_.push_back(std::make_shared<PlacedTensor>(name, model_.path()));
    }
    placed_[it->second]->Add(part);
  }

  void AddPlaced(const std::shared_ptr<PlacedTensor>& placed) {
    placed->Check();
    if (placed->type() == TensorType::kMXFP4) return AddPacked(placed);
    if (placed->IsSmall()) {
      std::vector<float> values = placed->Values();
      // One that was computed may have lost bits that the narrow type never
      // had.
      const bool computed = placed->change() != NumberChange::kNone;
      ChangeNumbers(placed->change(), TensorDirection::kToFolder, values);
      const TensorType type =
          computed || Holds(main_, values) ? main_ : TensorType::kF32;
      return AddBytes(placed->name(), type, placed->shape(),
                      Encode(type, values));
    }
    const TensorType type = placed->type();
    Write(placed->name(), TypeOf(type), placed->shape(),
          [placed, type, meter = &meter_](const ByteSink& sink) {
            placed->Stream(type, meter->Through(sink));
          });
  }

  // Two tensors of one.
  void AddPacked(const std::shared_ptr<PlacedTensor>& placed) {
    constexpr uint64_t kHalves = 16;
    for (const bool blocks : {true, false}) {
      std::string name = placed->name();
      std::vector<uint64_t> shape = placed->shape();
      if (blocks) {
        shape.push_back(kHalves);
      } else {
        name.replace(name.size() - kMxfp4Blocks.size(), name.npos,
                     kMxfp4Scales);
      }
      const auto source = [placed, blocks,
                           meter = &meter_](const ByteSink& sink) {
        for (uint64_t i = 0; i < placed->matrices(); ++i) {
          const std::vector<std::byte> matrix =
              placed->Matrix(TensorType::kMXFP4, i);
          const uint64_t count = matrix.size() / sizeof(BlockMXFP4);
          std::vector<std::byte> halves(count * kHalves);
          std::vector<std::byte> scales(count);
          UnpackMxfp4(
              {reinterpret_cast<const BlockMXFP4*>(matrix.data()), count},
              halves.data(), scales.data());
          meter->Through(sink)(blocks ? halves : scales);
        }
      };
      Write(name, SafetensorsType::kU8, shape, source);
    }
  }

  void AddNumbers(const LayerNumberRule& rule) {
    const auto numbers = model_.keys().GetFloats(rule.key);
    if (!numbers) return;
    for (size_t layer = 0; layer < numbers->size(); ++layer) {
      const std::vector<float> value = {static_cast<float>((*numbers)[layer])};
      const TensorType type = Holds(main_, value) ? main_ : TensorType::kF32;
      AddBytes(Fill(rule.folder, layer), type,
               rule.scalar ? std::vector<uint64_t>() : std::vector<uint64_t>{1},
               Encode(type, value));
    }
  }

  void AddBytes(const std::string& name, TensorType type,
                const std::vector<uint64_t>& shape,
                std::vector<std::byte> bytes) {
    Write(name, TypeOf(type), shape,
          [bytes = std::move(bytes), meter = &meter_](const ByteSink& sink) {
            meter->Through(sink)(bytes);
          });
  }

  void Write(const std::string& name, SafetensorsType type,
             const std::vector<uint64_t>& shape, ByteSource source) {
    shards_.AddTensor(name, type, shape, std::move(source));
    total_ += SafetensorsBytes(type, shape).value_or(0);
  }

  const ModelFile& model_;
  bool reordered_;
  const std::vector<FolderRule> rules_;
  const std::vector<LayerNumberRule>& numbers_;
  ProgressMeter& meter_;
  SafetensorsShards& shards_;
  TensorType main_;
  // In the order of the file; where each is by its name.
  std::vector<std::shared_ptr<PlacedTensor>> placed_;
  std::unordered_map<std::string, size_t> index_;
  uint64_t total_ = 0;
};

}  // namespace

uint64_t AddFolderTensors(const ModelFile& model,
                          const Architecture& architecture,
                          const FolderReader& reader, ProgressMeter* meter,
                          SafetensorsShards* shards) {
  return FolderTensors(model, architecture, reader, meter, shards).Add();
}

}  // namespace fullstop
