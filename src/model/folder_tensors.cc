// A folder's tensors under GGUF's names.
#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "format/safetensors_values.h"
#include "model/folder_pattern.h"
#include "model/folder_reader.h"

namespace fullstop {
namespace {

constexpr std::string_view kFp8Scale = "_scale_inv";

// The tensor holds neither an F8 nor another packed type.
std::optional<TensorType> PlainType(SafetensorsType type) {
  if (!IsFloat(type)) return std::nullopt;
  return TensorTypeOf(type);
}

std::vector<uint64_t> GgufShape(std::vector<uint64_t> shape) {
  if (shape.empty()) shape = {1};
  std::ranges::reverse(shape);
  return shape;
}

bool IsFp8(SafetensorsType type) {
  return type == SafetensorsType::kF8E4M3 || type == SafetensorsType::kF8E5M2;
}

using Pieces = std::vector<std::span<const std::byte>>;

std::vector<std::byte> Joined(const Pieces& pieces) {
  std::vector<std::byte> bytes;
  for (const std::span<const std::byte> piece : pieces) {
    bytes.insert(bytes.end(), piece.begin(), piece.end());
  }
  return bytes;
}

std::vector<std::byte> Bytes(const std::vector<float>& numbers) {
  std::vector<std::byte> bytes(numbers.size() * sizeof(float));
  std::memcpy(bytes.data(), numbers.data(), bytes.size());
  return bytes;
}

// Makes TENSOR one of F32 that is computed of its pieces of TYPE, and changed.
void Compute(SafetensorsType type, const TensorChange& change,
             ModelTensor* tensor) {
  const std::vector<uint64_t> shape = tensor->shape;
  if (change) change(&tensor->shape, nullptr);
  tensor->make = [change, shape, type, pieces = std::move(tensor->pieces)] {
    const std::vector<std::byte> bytes = Joined(pieces);
    std::vector<float> values(bytes.size() /
                              SafetensorsBytes(type, {{1}}).value());
    SafetensorsToFloat(type, bytes.data(), values.data(), values.size());
    std::vector<uint64_t> final_shape = shape;
    if (change) change(&final_shape, &values);
    return Bytes(values);
  };
  tensor->pieces.clear();
  tensor->type = TensorType::kF32;
}

// Makes TENSOR a copy of its pieces in another order.
void Gather(const TensorGather& gather, ModelTensor* tensor) {
  const TensorStrides strides = gather(tensor->shape);
  const uint64_t width = Traits(tensor->type).block_bytes;
  tensor->shape = strides.shape;
  tensor->make = [strides, width, pieces = std::move(tensor->pieces)] {
    const std::vector<std::byte> from = Joined(pieces);
    std::vector<uint64_t> shape = strides.shape;
    shape.resize(3, 1);
    std::vector<std::byte> bytes(shape[0] * shape[1] * shape[2] * width);
    std::byte* out = bytes.data();
    for (uint64_t m = 0; m < shape[2]; ++m) {
      for (uint64_t r = 0; r < shape[1]; ++r) {
        const uint64_t first =
            strides.begin + m * strides.matrix + r * strides.row;
        for (uint64_t c = 0; c < shape[0]; ++c, out += width) {
          const uint64_t column =
              strides.columns.empty() ? c : strides.columns[c];
          std::memcpy(out,
                      from.data() + (first + column * strides.column) * width,
                      width);
        }
      }
    }
    return bytes;
  };
  tensor->pieces.clear();
}

}  // namespace

Error FolderReader::Fault(const SafetensorsTensor& tensor,
                          std::string what) const {
  return Error::Format(std::move(what))
      .In(weights_->paths()[tensor.file])
      .AtByte(tensor.byte);
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

std::vector<uint64_t> FolderReader::Shape(std::string_view folder) const {
  for (const SafetensorsTensor& tensor : weights_->tensors()) {
    const std::optional<std::string> name = TextName(tensor.name);
    if (name && PatternOf(*name).name == folder) return tensor.shape;
  }
  return {};
}

void FolderReader::Collect(const SafetensorsTensor& tensor,
                           std::map<std::string, Parts>* found) const {
  const std::optional<std::string> name = TextName(tensor.name);
  if (!name || name->ends_with(".rotary_emb.inv_freq") ||
      name->ends_with(kFp8Scale)) {
    return;
  }
  const FolderPattern pattern = PatternOf(*name);
  const std::vector<uint64_t>& numbers = pattern.numbers;
  // These, and layers past the last, predict further tokens.
  if (name->starts_with("mtp.")) return;
  if (pattern.name.starts_with("model.layers.{}") &&
      numbers[0] >= Count("num_hidden_layers")) {
    return;
  }
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

ModelTensor FolderReader::MakeViews(const std::string& name, const Parts& parts,
                                    TensorType type) const {
  const SafetensorsTensor& first = *parts.tensors.begin()->second;
  ModelTensor made{.name = name, .type = type, .shape = GgufShape(first.shape)};
  // The dimension that a range cuts: rows, of a vector its elements.
  const size_t cut = made.shape.size() > 1 ? 1 : 0;
  const uint64_t all = made.shape[cut];
  std::vector<RowRange> ranges = parts.rule->rows;
  if (ranges.empty()) ranges = {{0, all}};
  made.shape[cut] = 0;
  for (const RowRange& range : ranges) {
    if (range.begin > all || range.count > all - range.begin) {
      throw Fault(first,
                  fmt::format("tensor {} has {} rows, but the configuration "
                              "asks for {}",
                              first.name, all, range.begin + range.count));
    }
    made.shape[cut] += range.count;
  }
  const uint64_t matrices = made.shape.size() > 2 ? made.shape[2] : 1;
  for (const auto& [number, tensor] : parts.tensors) {
    if (tensor->type != first.type || tensor->shape != first.shape) {
      throw Fault(*tensor,
                  fmt::format("tensors {} and {} differ in type or shape",
                              first.name, tensor->name));
    }
    const uint64_t bytes =
        tensor->data.size() / std::max<uint64_t>(matrices, 1);
    const uint64_t row = bytes / std::max<uint64_t>(all, 1);
    for (uint64_t i = 0; i < matrices; ++i) {
      for (const RowRange& range : ranges) {
        made.pieces.push_back(tensor->data.subspan(
            i * bytes + row * range.begin, row * range.count));
      }
    }
  }
  if (parts.tensors.size() > 1) made.shape.push_back(parts.tensors.size());
  if (ranges.size() > 1) {
    // A matrix of several ranges of rows is no view.
    made.make = [pieces = std::move(made.pieces)] { return Joined(pieces); };
    made.pieces.clear();
  }
  return made;
}

void FolderReader::DequantizeFp8(const Parts& parts,
                                 ModelTensor* tensor) const {
  const auto& config = folder_.config()["quantization_config"];
  std::pair<uint64_t, uint64_t> block = {128, 128};
  if (const auto it = config.find("weight_block_size");
      it != config.end() && it->is_array() && it->size() == 2) {
    block = {it->at(0).get<uint64_t>(), it->at(1).get<uint64_t>()};
  }
  std::vector<Fp8Weight> weights;
  for (const auto& [number, each] : parts.tensors) {
    const SafetensorsTensor* scale =
        weights_->Find(each->name + std::string(kFp8Scale));
    if (scale == nullptr) {
      throw Fault(*each, fmt::format("tensor {} has no scales", each->name));
    }
    weights.push_back(MakeFp8Weight(*each, *scale, block));
  }
  std::vector<RowRange> ranges = parts.rule->rows;
  if (ranges.empty()) ranges = {{0, weights[0].rows}};
  tensor->make = [weights = std::move(weights), ranges] {
    std::vector<float> numbers;
    for (const Fp8Weight& weight : weights) {
      for (uint64_t m = 0; m < weight.matrices; ++m) {
        for (const RowRange& range : ranges) {
          const size_t old = numbers.size();
          const uint64_t begin = m * weight.rows + range.begin;
          numbers.resize(old + range.count * weight.columns);
          fullstop::DequantizeFp8(weight, begin, begin + range.count,
                                  numbers.data() + old);
        }
      }
    }
    return Bytes(numbers);
  };
  tensor->pieces.clear();
  tensor->type = TensorType::kF32;
}

ModelTensor FolderReader::MakeMxfp4(const std::string& name,
                                    const Parts& parts) const {
  const SafetensorsTensor& blocks = *parts.tensors.begin()->second;
  const std::string stem = blocks.name.substr(0, blocks.name.rfind('_'));
  const SafetensorsTensor* scales = weights_->Find(stem + "_scales");
  // [experts, rows, blocks, 16]
  const bool fits =
      scales != nullptr && blocks.type == SafetensorsType::kU8 &&
      scales->type == SafetensorsType::kU8 && blocks.shape.size() == 4 &&
      blocks.shape[3] == 16 &&
      std::ranges::equal(scales->shape, std::span(blocks.shape).first(3));
  if (!fits) {
    throw Fault(blocks, fmt::format("tensor {} is no MXFP4 with scales of the "
                                    "same shape beside it",
                                    blocks.name));
  }
  const uint64_t rows = blocks.shape[1];
  const uint64_t row_blocks = blocks.shape[2];
  const uint64_t first = parts.rule->first;
  const uint64_t step = parts.rule->step;
  const uint64_t kept = rows <= first ? 0 : (rows - first + step - 1) / step;
  ModelTensor made{.name = name,
                   .type = TensorType::kMXFP4,
                   .shape = {row_blocks * 32, kept, blocks.shape[0]}};
  made.make = [=, data = blocks.data, scale = scales->data,
               experts = blocks.shape[0]] {
    std::vector<std::byte> bytes(experts * kept * row_blocks *
                                 sizeof(BlockMXFP4));
    auto* out = reinterpret_cast<BlockMXFP4*>(bytes.data());
    for (uint64_t e = 0; e < experts; ++e) {
      for (uint64_t i = 0; i < kept; ++i, out += row_blocks) {
        const uint64_t at = (e * rows + first + i * step) * row_blocks;
        RepackMxfp4(data.subspan(at * 16, row_blocks * 16),
                    scale.subspan(at, row_blocks), out);
      }
    }
    return bytes;
  };
  return made;
}

ModelTensor FolderReader::Make(const std::string& name,
                               const Parts& parts) const {
  const SafetensorsTensor& first = *parts.tensors.begin()->second;
  const auto& [last, last_tensor] = *parts.tensors.rbegin();
  if (last + 1 != parts.tensors.size()) {
    throw Fault(*last_tensor,
                fmt::format("tensor {} is one of {}, but some are missing",
                            last_tensor->name, last + 1));
  }
  if (parts.rule->step > 0) return MakeMxfp4(name, parts);
  const std::optional<TensorType> type = PlainType(first.type);
  if (!type && !IsFp8(first.type)) {
    throw Error::Unsupported(fmt::format("tensor {} has type {}, which this "
                                         "program can't compute with",
                                         first.name,
                                         SafetensorsTypeName(first.type)))
        .In(weights_->paths()[first.file])
        .AtByte(first.byte);
  }
  ModelTensor made = MakeViews(name, parts, type.value_or(TensorType::kI8));
  if (!type) {
    DequantizeFp8(parts, &made);
  } else if (parts.rule->gather) {
    Gather(parts.rule->gather, &made);
  } else if (parts.rule->change || *type == TensorType::kF64) {
    Compute(first.type, parts.rule->change, &made);
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
