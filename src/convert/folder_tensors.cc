#include "convert/folder_tensors.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "convert/gguf_tensors.h"
#include "convert/tensor_stream.h"
#include "format/dequantize.h"
#include "format/quantize.h"
#include "format/quote.h"

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

// TEXT with the first "{}" replaced by NUMBER.
std::string Fill(std::string text, uint64_t number) {
  const size_t place = text.find("{}");
  if (place != text.npos) text.replace(place, 2, std::to_string(number));
  return text;
}

class FolderTensors {
 public:
  FolderTensors(const ModelFile& model, const Architecture& architecture,
                std::span<const FolderName> names, ProgressMeter* meter,
                SafetensorsWriter* writer)
      : model_(model),
        reordered_(architecture.reordered),
        names_(names),
        meter_(*meter),
        writer_(*writer),
        main_(
            MainTensorType(model, OutType::kAuto).value_or(TensorType::kF32)) {}

  uint64_t Add() {
    for (const ModelTensor& tensor : model_.tensors()) {
      if (std::ranges::find(kComputed, tensor.name) != kComputed.end()) {
        continue;
      }
      if (!CanQuantize(tensor.type) || Traits(tensor.type).block_length > 1) {
        throw Error::Unsupported(
            "tensor " + QuoteName(tensor.name) + " is of type " +
            std::string(TensorTypeName(tensor.type)) +
            ": only a file that is not quantised can become a folder")
            .In(model_.path())
            .Advice("take a F32, F16 or BF16 file of this model");
      }
      AddTensor(tensor);
    }
    return total_;
  }

 private:
  // The rule for a tensor, the number of its layer, and ".weight" or ".bias"
  // where the rule is without it.
  struct Match {
    const FolderName* name;
    uint64_t layer;
    std::string suffix;
  };

  std::optional<Match> Find(const std::string& tensor) const {
    const size_t dot = std::min(tensor.rfind('.'), tensor.size());
    uint64_t layer = 0;
    std::string pattern = tensor;
    if (tensor.starts_with("blk.")) {
      const size_t end = tensor.find('.', 4);
      const std::string number = tensor.substr(4, end - 4);
      if (number.empty() || number.size() > 9 ||
          number.find_first_not_of("0123456789") != number.npos) {
        return std::nullopt;
      }
      layer = std::stoull(number);
      pattern.replace(4, number.size(), "{}");
    }
    const std::string suffix = tensor.substr(dot);
    const std::string stem = pattern.substr(0, pattern.size() - suffix.size());
    for (const FolderName& name : names_) {
      if (name.gguf == pattern) return Match{&name, layer, ""};
      if (name.gguf == stem) return Match{&name, layer, suffix};
    }
    return std::nullopt;
  }

  void AddTensor(const ModelTensor& tensor) {
    const std::optional<Match> match = Find(tensor.name);
    // Folders hold experts in several ways, and a GGUF file does not say which
    // one its model's makers took.
    if (!match || tensor.shape.size() > 2) {
      throw Error::Unsupported("tensor " + QuoteName(tensor.name) +
                               " has no name in a folder of this architecture")
          .In(model_.path());
    }
    const std::string name =
        Fill(match->name->folder, match->layer) + match->suffix;
    // Norms and the like, which became F32 on the way to GGUF.
    const bool widened =
        tensor.type == TensorType::kF32 && main_ != TensorType::kF32;
    if (tensor.shape.size() < 2 || (widened && tensor.shape.size() == 2)) {
      return AddSmall(name, *match, tensor);
    }
    const uint64_t heads =
        reordered_ ? RotaryHeads(model_.keys(), tensor.name) : 0;
    const TensorLayout layout = {tensor.type, heads, true};
    AddMatrix(name, tensor, layout);
  }

  void AddMatrix(const std::string& name, const ModelTensor& tensor,
                 const TensorLayout& layout) {
    Write(name, layout.type, tensor.shape,
          [&tensor, layout, meter = &meter_](const ByteSink& sink) {
            StreamTensor(tensor, layout, meter->Through(sink));
          });
  }

  void AddSmall(const std::string& name, const Match& match,
                const ModelTensor& tensor) {
    const std::span<const std::byte> data = tensor.pieces[0];
    const uint64_t count = data.size() / RowBytes(tensor.type, 1).value();
    std::vector<float> values(count);
    Dequantize(tensor.type, data.data(), values.data(), count);
    for (float& value : values) value -= match.name->added;
    if (reordered_ && tensor.shape.size() == 1)
      Unorder(RotaryHeads(model_.keys(), tensor.name), &values);
    // One that was computed may have lost bits that the narrow type never had.
    const TensorType type = match.name->added != 0 || Holds(main_, values)
                                ? main_
                                : TensorType::kF32;
    std::vector<std::byte> bytes(RowBytes(type, count).value());
    Quantize(type, values.data(), bytes.data(), count);
    Write(name, type, tensor.shape,
          [bytes = std::move(bytes), meter = &meter_](const ByteSink& sink) {
            meter->Through(sink)(bytes);
          });
  }

  static void Unorder(uint64_t heads, std::vector<float>* values) {
    if (heads == 0 || values->size() % (2 * heads) != 0) return;
    const uint64_t length = values->size() / heads;
    const std::vector<float> from = *values;
    for (uint64_t i = 0; i < values->size(); ++i) {
      (*values)[i] = from[ReorderedRow(i, length, true)];
    }
  }

  static bool Holds(TensorType type, const std::vector<float>& values) {
    std::vector<std::byte> bytes(RowBytes(type, values.size()).value());
    std::vector<float> back(values.size());
    Quantize(type, values.data(), bytes.data(), values.size());
    Dequantize(type, bytes.data(), back.data(), values.size());
    return std::memcmp(back.data(), values.data(),
                       values.size() * sizeof(float)) == 0;
  }

  void Write(const std::string& name, TensorType type,
             const std::vector<uint64_t>& shape,
             SafetensorsWriter::Source source) {
    const std::vector<uint64_t> outermost_first(shape.rbegin(), shape.rend());
    writer_.AddTensor(name, TypeOf(type), outermost_first, std::move(source));
    total_ += TensorBytes(type, shape).value();
  }

  const ModelFile& model_;
  bool reordered_;
  std::span<const FolderName> names_;
  ProgressMeter& meter_;
  SafetensorsWriter& writer_;
  TensorType main_;
  uint64_t total_ = 0;
};

}  // namespace

uint64_t AddFolderTensors(const ModelFile& model,
                          const Architecture& architecture,
                          std::span<const FolderName> names,
                          ProgressMeter* meter, SafetensorsWriter* writer) {
  return FolderTensors(model, architecture, names, meter, writer).Add();
}

}  // namespace fullstop
