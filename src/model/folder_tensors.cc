// A folder's tensors under GGUF's names.
#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "format/dequantize.h"
#include "model/folder_reader.h"

namespace fullstop {
namespace {

// A tensor's name, its numbers taken out: "model.layers.{}.mlp.experts.{}".
struct Pattern {
  std::string name;
  std::vector<uint64_t> numbers;
};

Pattern PatternOf(std::string_view name) {
  Pattern pattern;
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

std::optional<TensorType> TypeOf(SafetensorsType type) {
  switch (type) {
    case SafetensorsType::kF32:
      return TensorType::kF32;
    case SafetensorsType::kF16:
      return TensorType::kF16;
    case SafetensorsType::kBF16:
      return TensorType::kBF16;
    case SafetensorsType::kF64:
      return TensorType::kF64;
    default:
      return std::nullopt;
  }
}

std::vector<uint64_t> GgufShape(std::vector<uint64_t> shape) {
  std::ranges::reverse(shape);
  return shape;
}

// As F32, whatever the type.
std::vector<float> Numbers(TensorType type, std::span<const std::byte> data) {
  const TensorTraits& traits = Traits(type);
  std::vector<float> numbers(data.size() / traits.block_bytes *
                             traits.block_length);
  Dequantize(type, data.data(), numbers.data(), numbers.size());
  return numbers;
}

std::vector<std::byte> Bytes(const std::vector<float>& numbers) {
  std::vector<std::byte> bytes(numbers.size() * sizeof(float));
  std::memcpy(bytes.data(), numbers.data(), bytes.size());
  return bytes;
}

// A matrix of several ranges of rows is no view.
void PutTogether(ModelTensor* tensor) {
  tensor->make = [pieces = std::move(tensor->pieces)] {
    std::vector<std::byte> bytes;
    for (const std::span<const std::byte> piece : pieces) {
      bytes.insert(bytes.end(), piece.begin(), piece.end());
    }
    return bytes;
  };
  tensor->pieces.clear();
}

// Makes TENSOR one of F32 that is computed of its pieces, and changed.
void Compute(const TensorChange& change, ModelTensor* tensor) {
  const std::vector<uint64_t> shape = tensor->shape;
  if (change) change(&tensor->shape, nullptr);
  tensor->make = [change, shape, type = tensor->type,
                  pieces = std::move(tensor->pieces)] {
    std::vector<float> values;
    for (const std::span<const std::byte> piece : pieces) {
      const std::vector<float> part = Numbers(type, piece);
      values.insert(values.end(), part.begin(), part.end());
    }
    std::vector<uint64_t> final_shape = shape;
    if (change) change(&final_shape, &values);
    return Bytes(values);
  };
  tensor->pieces.clear();
  tensor->type = TensorType::kF32;
}

}  // namespace

void FolderReader::AddNames(std::span<const TensorName> names) {
  for (const TensorName& name : names) {
    rules_.erase(std::string(name.folder));
    rules_.emplace(name.folder, Rule{name.gguf, {}, nullptr});
  }
}

void FolderReader::AddRows(TensorName name, std::vector<RowRange> rows) {
  rules_.emplace(name.folder, Rule{name.gguf, std::move(rows), nullptr});
}

void FolderReader::AddChanged(TensorName name, TensorChange change) {
  rules_.erase(std::string(name.folder));
  rules_.emplace(name.folder, Rule{name.gguf, {}, std::move(change)});
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

void FolderReader::SetLayerNumbers(std::string_view key,
                                   std::string_view folder, float fallback) {
  std::vector<float> numbers(Count("num_hidden_layers"), fallback);
  for (const SafetensorsTensor& tensor : weights_->tensors()) {
    const Pattern pattern = PatternOf(tensor.name);
    if (pattern.name != folder || pattern.numbers[0] >= numbers.size()) {
      continue;
    }
    const std::optional<TensorType> type = TypeOf(tensor.type);
    if (type && !tensor.data.empty()) {
      numbers[pattern.numbers[0]] = Numbers(*type, tensor.data)[0];
    }
  }
  Ignore(folder);
  keys_.insert_or_assign(std::string(key), GgufValue{GgufArray(numbers)});
}

void FolderReader::Ignore(std::string_view folder) {
  rules_.emplace(folder, Rule{});
}

void FolderReader::AddTensor(std::string_view gguf, std::vector<float> values) {
  own_.push_back(
      {.name = std::string(gguf),
       .type = TensorType::kF32,
       .shape = {values.size()},
       .make = [values = std::move(values)] { return Bytes(values); }});
}

std::optional<std::string> FolderReader::TextName(
    const std::string& name) const {
  if (!nested_) return name;
  for (const auto& [prefix, plain] :
       {std::pair("language_model.model.", "model."),
        std::pair("model.language_model.", "model."),
        std::pair("language_model.lm_head.", "lm_head."),
        std::pair("lm_head.", "lm_head.")}) {
    if (name.starts_with(prefix)) {
      return plain + name.substr(std::string_view(prefix).size());
    }
  }
  return std::nullopt;
}

bool FolderReader::HasTensor(std::string_view folder) const {
  return std::ranges::any_of(
      weights_->tensors(), [&](const SafetensorsTensor& tensor) {
        const std::optional<std::string> name = TextName(tensor.name);
        return name && (*name == folder || PatternOf(*name).name == folder);
      });
}

void FolderReader::Collect(const SafetensorsTensor& tensor,
                           std::map<std::string, Parts>* found) const {
  const std::optional<std::string> name = TextName(tensor.name);
  if (!name || name->ends_with(".rotary_emb.inv_freq")) return;
  const Pattern pattern = PatternOf(*name);
  std::string_view stem = pattern.name;
  std::string_view suffix;
  auto [rule, end] = rules_.equal_range(stem);
  if (rule == end) {
    const size_t dot = std::min(stem.rfind('.'), stem.size());
    suffix = stem.substr(dot);
    stem = stem.substr(0, dot);
    if (suffix == ".weight" || suffix == ".bias") {
      std::tie(rule, end) = rules_.equal_range(stem);
    }
  }
  if (rule == end) {
    throw Error::Unsupported(
        fmt::format("tensor {} is none that models of the architecture \"{}\" "
                    "are known to have",
                    tensor.name, architecture_))
        .In(weights_->paths()[tensor.file])
        .AtByte(tensor.byte);
  }
  for (; rule != end; ++rule) {
    if (rule->second.gguf.empty()) continue;
    const std::vector<uint64_t>& numbers = pattern.numbers;
    std::string gguf(rule->second.gguf);
    if (const size_t place = gguf.find("{}");
        place != std::string::npos && !numbers.empty()) {
      gguf.replace(place, 2, std::to_string(numbers[0]));
    }
    Parts& parts = (*found)[gguf.append(suffix)];
    parts.rule = &rule->second;
    parts.tensors[numbers.size() > 1 ? numbers[1] : 0] = &tensor;
  }
}

ModelTensor FolderReader::Make(const std::string& name,
                               const Parts& parts) const {
  const SafetensorsTensor& first = *parts.tensors.begin()->second;
  const auto refuse = [&](std::string what) -> Error {
    return Error::Format(std::move(what))
        .In(weights_->paths()[first.file])
        .AtByte(first.byte);
  };
  const std::optional<TensorType> type = TypeOf(first.type);
  if (!type) {
    throw Error::Unsupported(fmt::format("tensor {} has type {}, which this "
                                         "program can't compute with",
                                         first.name,
                                         SafetensorsTypeName(first.type)))
        .In(weights_->paths()[first.file])
        .AtByte(first.byte);
  }
  ModelTensor made{
      .name = name, .type = *type, .shape = GgufShape(first.shape)};
  if (made.shape.empty()) made.shape = {1};
  // The dimension that a range cuts: rows, of a vector its elements.
  const size_t cut = made.shape.size() > 1 ? 1 : 0;
  const uint64_t all = made.shape[cut];
  std::vector<RowRange> ranges = parts.rule->rows;
  if (ranges.empty()) ranges = {{0, all}};
  made.shape[cut] = 0;
  for (const RowRange& range : ranges) {
    if (range.begin > all || range.count > all - range.begin) {
      throw refuse(
          fmt::format("tensor {} has {} rows, but the configuration "
                      "asks for {}",
                      first.name, all, range.begin + range.count));
    }
    made.shape[cut] += range.count;
  }
  const uint64_t matrices = made.shape.size() > 2 ? made.shape[2] : 1;
  for (const auto& [number, tensor] : parts.tensors) {
    if (tensor->type != first.type || tensor->shape != first.shape) {
      throw refuse(fmt::format("tensors {} and {} differ in type or shape",
                               first.name, tensor->name));
    }
    const uint64_t bytes = tensor->data.size() / matrices;
    for (uint64_t i = 0; i < matrices; ++i) {
      for (const RowRange& range : ranges) {
        made.pieces.push_back(tensor->data.subspan(
            i * bytes + bytes / all * range.begin, bytes / all * range.count));
      }
    }
  }
  const uint64_t stacked = parts.tensors.size();
  if (parts.tensors.rbegin()->first + 1 != stacked) {
    throw refuse(
        fmt::format("tensor {} is the last of {}, some of which are "
                    "missing",
                    parts.tensors.rbegin()->second->name, stacked));
  }
  if (stacked > 1) made.shape.push_back(stacked);
  if (parts.rule->change || *type == TensorType::kF64) {
    Compute(parts.rule->change, &made);
  } else if (ranges.size() > 1) {
    PutTogether(&made);
  }
  return made;
}

ModelFile FolderReader::Take() {
  std::map<std::string, Parts> found;
  for (const SafetensorsTensor& tensor : weights_->tensors()) {
    Collect(tensor, &found);
  }
  std::vector<ModelTensor> tensors = std::move(own_);
  for (const auto& [name, parts] : found) {
    tensors.push_back(Make(name, parts));
  }
  GgufWriter writer;
  writer.Add("general.architecture", {std::string_view(architecture_)});
  for (const auto& [key, value] : keys_) writer.Add(key, value);

  struct Owner {
    std::string bytes;
    std::optional<GgufFile> keys;
    std::shared_ptr<const SafetensorsSet> weights;
  };
  const auto owner = std::make_shared<Owner>();
  owner->bytes = writer.ToString();
  owner->keys =
      GgufFile::Parse(std::as_bytes(std::span(owner->bytes)), folder_.path());
  owner->weights = weights_;
  return ModelFile(std::shared_ptr<const GgufFile>(owner, &*owner->keys),
                   std::move(tensors), RotaryOrder::kHalves, owner);
}

}  // namespace fullstop
