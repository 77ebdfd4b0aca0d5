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

bool IsFp8(SafetensorsType type) {
  return type == SafetensorsType::kF8E4M3 || type == SafetensorsType::kF8E5M2;
}

// A folder's tensor as matrices.
struct FolderMatrices {
  MatrixSize size;
  uint64_t count;
  bool vector;
};

// A vector's elements are rows of one number. COUNT 0: the shape is none that
// PLACE can be of.
FolderMatrices MatricesOf(std::vector<uint64_t> shape,
                          const TensorPlace& place) {
  if (shape.empty()) shape = {1};
  if (place.extra == ExtraDimension::kChannel && shape.size() == 3 &&
      shape[1] == 1) {
    shape.erase(shape.begin() + 1);
  }
  if (place.extra == ExtraDimension::kRow && shape.size() == 2 &&
      shape[0] == 1) {
    shape.erase(shape.begin());
  }
  if (shape.size() == 1) return {{1, shape[0]}, 1, true};
  if (shape.size() > 3) return {{0, 0}, 0, false};
  const MatrixSize size{shape.back(), shape[shape.size() - 2]};
  if (shape.size() == 3) return {size, shape[0], false};
  if (place.stacked == 0) return {size, 1, false};
  if (size.rows % place.stacked != 0) return {{0, 0}, 0, false};
  return {{size.columns, size.rows / place.stacked}, place.stacked, false};
}

// What a matrix of GGUF's is computed of.
struct MatrixSource {
  TensorPlace place;
  MatrixSize size;
  SafetensorsType type;
  // Of each expert's tensor, or of one that holds all matrices.
  std::vector<const std::byte*> data;
  std::vector<Fp8Weight> fp8;

  bool IsCopy() const {
    return fp8.empty() && type != SafetensorsType::kF64 &&
           place.change == NumberChange::kNone;
  }

  std::vector<std::byte> Copy(uint64_t matrix, uint64_t width) const {
    const bool apart = data.size() > 1;
    const uint64_t bytes = size.rows * size.columns * width;
    return Placed(data[apart ? matrix : 0] + (apart ? 0 : matrix * bytes),
                  width);
  }

  std::vector<std::byte> Compute(uint64_t matrix) const {
    std::vector<float> numbers(size.rows * size.columns);
    const bool apart = data.size() > 1;
    const uint64_t index = apart ? matrix : 0;
    const uint64_t row = apart ? 0 : matrix * size.rows;
    if (!fp8.empty()) {
      DequantizeFp8(fp8[index], row, row + size.rows, numbers.data());
    } else {
      const uint64_t begin = row * size.columns;
      SafetensorsToFloat(
          type, data[index] + SafetensorsBytes(type, {{begin}}).value(),
          numbers.data(), numbers.size());
    }
    std::vector<std::byte> bytes =
        Placed(std::as_bytes(std::span(numbers)).data(), sizeof(float));
    if (place.change == NumberChange::kNone) return bytes;
    numbers.resize(bytes.size() / sizeof(float));
    std::memcpy(numbers.data(), bytes.data(), bytes.size());
    ChangeNumbers(place.change, TensorDirection::kToGguf, numbers);
    std::memcpy(bytes.data(), numbers.data(), bytes.size());
    return bytes;
  }

  std::vector<std::byte> Placed(const std::byte* from, uint64_t width) const {
    const MatrixSize made = PlacedSize(place, size);
    std::vector<std::byte> bytes(made.rows * made.columns * width);
    CopyPlaced(place, size, width, TensorDirection::kToGguf, from,
               bytes.data());
    return bytes;
  }
};

// Whether GGUF's matrices are parts of the folder's as they lie in the file.
bool IsView(const MatrixSource& source) {
  const TensorPlace& place = source.place;
  return source.IsCopy() && place.columns.empty() && !place.transposed &&
         place.rows.size() < 2 &&
         (place.rows.empty() || place.rows[0].step == 1);
}

// Of a file that IsView.
std::vector<std::span<const std::byte>> Views(const MatrixSource& source,
                                              uint64_t matrices,
                                              uint64_t width) {
  const std::vector<AxisRange>& rows = source.place.rows;
  const uint64_t begin = rows.empty() ? 0 : rows[0].begin;
  const uint64_t count = rows.empty() ? source.size.rows : rows[0].count;
  const uint64_t row = source.size.columns * width;
  std::vector<std::span<const std::byte>> views;
  for (const std::byte* data : source.data) {
    for (uint64_t i = 0; i < matrices; ++i) {
      views.emplace_back(data + (i * source.size.rows + begin) * row,
                         count * row);
    }
  }
  return views;
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

bool FolderReader::PredictsFurther(const std::string& name) const {
  const FolderPattern pattern = PatternOf(name);
  return name.starts_with("mtp.") ||
         (pattern.name.starts_with("model.layers.{}") &&
          pattern.numbers[0] >= Count("num_hidden_layers"));
}

void FolderReader::Collect(const SafetensorsTensor& tensor,
                           std::map<std::string, Parts>* found) const {
  const std::optional<std::string> name = TextName(tensor.name);
  if (!name || name->ends_with(".rotary_emb.inv_freq") ||
      name->ends_with(kFp8Scale)) {
    return;
  }
  if (PredictsFurther(*name)) return;
  const FolderPattern pattern = PatternOf(*name);
  const std::vector<uint64_t>& numbers = pattern.numbers;
  std::string_view stem = pattern.name;
  std::string_view suffix;
  std::vector<const FolderRule*> rules = RulesOf(stem);
  if (rules.empty()) {
    const size_t dot = std::min(stem.rfind('.'), stem.size());
    suffix = stem.substr(dot);
    stem = stem.substr(0, dot);
    if (suffix == ".weight" || suffix == ".bias") rules = RulesOf(stem);
  }
  if (rules.empty()) {
    throw Error::Unsupported(
        fmt::format("tensor {} is none that models of the architecture \"{}\" "
                    "are known to have",
                    tensor.name, architecture_))
        .In(weights_->paths()[tensor.file])
        .AtByte(tensor.byte);
  }
  for (const FolderRule* rule : rules) {
    if (rule->gguf.empty()) continue;
    std::string gguf(rule->gguf);
    if (const size_t place = gguf.find("{}");
        place != std::string::npos && !numbers.empty()) {
      gguf.replace(place, 2, std::to_string(numbers[0]));
    }
    Parts& parts = (*found)[gguf.append(suffix)];
    parts.rule = rule;
    parts.experts = numbers.size() > 1;
    parts.tensors[parts.experts ? numbers[1] : 0] = &tensor;
  }
}

std::vector<const FolderRule*> FolderReader::RulesOf(
    std::string_view folder) const {
  std::vector<const FolderRule*> rules;
  for (const FolderRule& rule : rules_) {
    if (rule.folder == folder) rules.push_back(&rule);
  }
  return rules;
}

void FolderReader::CheckRanges(const TensorPlace& place, MatrixSize size,
                               const SafetensorsTensor& tensor) const {
  for (const auto& [ranges, all, what] :
       {std::tuple(&place.rows, size.rows, "rows"),
        std::tuple(&place.columns, size.columns, "columns")}) {
    for (const AxisRange& range : *ranges) {
      // Their sum may be past what a number holds.
      if (range.count == 0 ||
          (range.begin < all &&
           range.count - 1 <= (all - 1 - range.begin) / range.step)) {
        continue;
      }
      throw Fault(tensor, fmt::format("tensor {} has {} {}, but the "
                                      "configuration asks for {} from {} on",
                                      tensor.name, all, what, range.count,
                                      range.begin));
    }
  }
}

std::vector<Fp8Weight> FolderReader::Fp8Weights(const Parts& parts) const {
  std::pair<uint64_t, uint64_t> block = {128, 128};
  const auto config = folder_.config().find("quantization_config");
  if (config != folder_.config().end() && config->is_object()) {
    const auto size = config->find("weight_block_size");
    if (size != config->end() && size->is_array() && size->size() == 2 &&
        size->at(0).is_number_unsigned() && size->at(1).is_number_unsigned()) {
      block = {size->at(0).get<uint64_t>(), size->at(1).get<uint64_t>()};
    }
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
  return weights;
}

ModelTensor FolderReader::MakePlaced(const std::string& name,
                                     const Parts& parts) const {
  const SafetensorsTensor& first = *parts.tensors.begin()->second;
  const TensorPlace& place = parts.rule->place;
  const FolderMatrices found = MatricesOf(first.shape, place);
  if (found.count == 0 || (parts.experts && found.count != 1)) {
    throw Fault(first, fmt::format("tensor {} has a shape that is none of "
                                   "this architecture's",
                                   first.name));
  }
  CheckRanges(place, found.size, first);
  MatrixSource source{place, found.size, first.type, {}, {}};
  for (const auto& [number, tensor] : parts.tensors) {
    if (tensor->type != first.type || tensor->shape != first.shape) {
      throw Fault(*tensor,
                  fmt::format("tensors {} and {} differ in type or shape",
                              first.name, tensor->name));
    }
    source.data.push_back(tensor->data.data());
  }
  if (IsFp8(first.type)) source.fp8 = Fp8Weights(parts);
  const MatrixSize size = PlacedSize(place, found.size);
  ModelTensor made{.name = name,
                   .type = TensorTypeOf(first.type).value_or(TensorType::kF32),
                   .shape = {size.columns, size.rows}};
  if (found.vector) made.shape = {size.rows};
  if (parts.experts) made.shape.push_back(parts.tensors.size());
  // Its rank tells, not the count: there are mixtures of one expert.
  if (place.stacked > 0 || (!found.vector && first.shape.size() == 3 &&
                            place.extra == ExtraDimension::kNone)) {
    made.shape.push_back(found.count);
  }
  if (found.vector && parts.experts && !IsView(source)) {
    throw Fault(first, fmt::format("tensor {} is of a type that a vector of "
                                   "each expert can't have",
                                   first.name));
  }
  if (IsView(source)) {
    made.pieces = Views(source, found.count, Traits(made.type).block_bytes);
  } else if (source.IsCopy()) {
    made.make = [source = std::move(source),
                 width = Traits(made.type).block_bytes](uint64_t matrix) {
      return source.Copy(matrix, width);
    };
  } else {
    if (!source.fp8.empty()) made.narrow = TensorType::kBF16;
    made.type = TensorType::kF32;
    made.make = [source = std::move(source)](uint64_t matrix) {
      return source.Compute(matrix);
    };
  }
  return made;
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
  const TensorPlace& place = parts.rule->place;
  const MatrixSize size{blocks.shape[2], blocks.shape[1]};
  CheckRanges(place, size, blocks);
  const MatrixSize kept = PlacedSize(place, size);
  ModelTensor made{.name = name,
                   .type = TensorType::kMXFP4,
                   .shape = {kept.columns * 32, kept.rows, blocks.shape[0]}};
  made.make = [place, size, kept, data = blocks.data,
               scale = scales->data](uint64_t expert) {
    const uint64_t begin = expert * size.rows * size.columns;
    const uint64_t count = kept.rows * kept.columns;
    std::vector<std::byte> halves(count * 16);
    std::vector<std::byte> exponents(count);
    CopyPlaced(place, size, 16, TensorDirection::kToGguf,
               data.data() + begin * 16, halves.data());
    CopyPlaced(place, size, 1, TensorDirection::kToGguf, scale.data() + begin,
               exponents.data());
    std::vector<std::byte> bytes(count * sizeof(BlockMXFP4));
    RepackMxfp4(halves, exponents, reinterpret_cast<BlockMXFP4*>(bytes.data()));
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
  if (parts.rule->packed) return MakeMxfp4(name, parts);
  if (!PlainType(first.type) && !IsFp8(first.type)) {
    throw Error::Unsupported(fmt::format("tensor {} has type {}, which this "
                                         "program can't compute with",
                                         first.name,
                                         SafetensorsTypeName(first.type)))
        .In(weights_->paths()[first.file])
        .AtByte(first.byte);
  }
  return MakePlaced(name, parts);
}

ModelFile FolderReader::Take() {
  std::map<std::string, Parts> found;
  std::vector<std::string> left_out;
  for (const SafetensorsTensor& tensor : weights_->tensors()) {
    Collect(tensor, &found);
    const std::optional<std::string> name = TextName(tensor.name);
    if (name && PredictsFurther(*name)) left_out.push_back(tensor.name);
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
                   std::move(tensors), RotaryOrder::kHalves, owner,
                   std::move(left_out));
}

}  // namespace fullstop
