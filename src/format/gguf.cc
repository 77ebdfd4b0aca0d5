#include "format/gguf.h"

#include <algorithm>
#include <array>
#include <type_traits>
#include <utility>

#include "base/error.h"
#include "format/gguf_part.h"
#include "format/gguf_split.h"
#include "format/name_index.h"
#include "format/quote.h"

namespace fullstop {
namespace {

constexpr std::array<std::string_view, 13> kTypeNames = {
    "uint8", "int8",   "uint16", "int16",  "uint32", "int32",  "float32",
    "bool",  "string", "array",  "uint64", "int64",  "float64"};

template <typename T>
constexpr bool kIsInteger = std::is_integral_v<T> && !std::is_same_v<T, bool>;

// nullopt where VALUE is no integer or above 2^63 - 1.
std::optional<int64_t> ToInteger(const GgufValue& value) {
  return std::visit(
      []<typename T>(const T& number) -> std::optional<int64_t> {
        if constexpr (kIsInteger<T>) {
          if (std::in_range<int64_t>(number)) {
            return static_cast<int64_t>(number);
          }
        }
        return std::nullopt;
      },
      value.value);
}

std::optional<std::vector<int64_t>> ToIntegers(const GgufArray& array) {
  return std::visit(
      []<typename T>(
          const std::vector<T>& values) -> std::optional<std::vector<int64_t>> {
        if constexpr (kIsInteger<T>) {
          if (std::ranges::all_of(
                  values, [](T x) { return std::in_range<int64_t>(x); })) {
            return std::vector<int64_t>(values.begin(), values.end());
          }
        }
        return std::nullopt;
      },
      array);
}

std::optional<std::vector<float>> ToFloats(const GgufArray& array) {
  return std::visit(
      []<typename T>(
          const std::vector<T>& values) -> std::optional<std::vector<float>> {
        if constexpr (std::is_floating_point_v<T>) {
          return std::vector<float>(values.begin(), values.end());
        }
        return std::nullopt;
      },
      array);
}

}  // namespace

std::string GgufTypeName(const GgufValue& value) {
  if (const auto* array = std::get_if<GgufArray>(&value.value)) {
    return "array of " + std::string(kTypeNames[array->index()]);
  }
  return std::string(kTypeNames[value.value.index()]);
}

GgufFile GgufFile::Open(const std::string& path) {
  GgufFile file = Map(path);
  const std::vector<std::string> others = OtherGgufSplits(file);
  for (const std::string& other : others) {
    GgufFile part = Map(other);
    CheckGgufSplit(part, file.paths_.size(), others.size() + 1);
    file.Append(std::move(part));
  }
  if (!others.empty()) CheckGgufSplitTensors(file);
  file.IndexTensors();
  return file;
}

GgufFile GgufFile::Parse(std::span<const std::byte> bytes, std::string name) {
  GgufFile file(bytes, std::move(name));
  file.IndexTensors();
  return file;
}

GgufFile GgufFile::Map(const std::string& path) {
  MappedFile mapping = MappedFile::Open(path);
  GgufFile file(mapping.bytes(), path);
  file.mappings_.push_back(std::move(mapping));
  return file;
}

GgufFile::GgufFile(std::span<const std::byte> bytes, std::string path)
    : paths_{std::move(path)} {
  GgufPart part = ReadGgufPart(bytes, paths_[0]);
  version_ = part.version;
  entries_ = std::move(part.entries);
  tensors_ = std::move(part.tensors);
  entry_order_ = SortedIndices(entries_, &GgufEntry::key);
  const GgufEntry* twice =
      FindDuplicate(entries_, entry_order_, &GgufEntry::key);
  if (twice != nullptr) {
    throw Error::Format("key " + QuoteName(twice->key) + " stands twice")
        .In(paths_[0])
        .AtByte(twice->byte);
  }
}

void GgufFile::Append(GgufFile part) {
  if (tensors_.size() + part.tensors_.size() > kMaxGgufTensors) {
    throw Error::Format("the files of the set hold more than " +
                        std::to_string(kMaxGgufTensors) + " tensors")
        .In(part.paths_[0]);
  }
  for (GgufTensor& tensor : part.tensors_) {
    tensor.file = paths_.size();
    tensors_.push_back(std::move(tensor));
  }
  paths_.push_back(std::move(part.paths_[0]));
  mappings_.push_back(std::move(part.mappings_[0]));
}

void GgufFile::IndexTensors() {
  tensor_order_ = SortedIndices(tensors_, &GgufTensor::name);
  const GgufTensor* twice =
      FindDuplicate(tensors_, tensor_order_, &GgufTensor::name);
  if (twice != nullptr) {
    throw Error::Format("tensor " + QuoteName(twice->name) + " stands twice")
        .In(paths_[twice->file])
        .AtByte(twice->byte);
  }
}

const GgufEntry* GgufFile::FindEntry(std::string_view key) const {
  return FindByName(entries_, entry_order_, &GgufEntry::key, key);
}

const GgufValue* GgufFile::Find(std::string_view key) const {
  const GgufEntry* entry = FindEntry(key);
  return entry == nullptr ? nullptr : &entry->value;
}

const GgufTensor* GgufFile::FindTensor(std::string_view name) const {
  return FindByName(tensors_, tensor_order_, &GgufTensor::name, name);
}

// CONVERT gives nullopt where a value has another type than EXPECTED.
template <typename T, typename Convert>
std::optional<T> GgufFile::Get(std::string_view key, std::string_view expected,
                               Convert convert) const {
  const GgufEntry* entry = FindEntry(key);
  if (entry == nullptr) return std::nullopt;
  std::optional<T> value = convert(entry->value);
  if (value) return value;
  throw Error::Format("key " + QuoteName(key) + " is of type " +
                      GgufTypeName(entry->value) + ", not " +
                      std::string(expected))
      .In(paths_[0])
      .AtByte(entry->byte);
}

std::optional<std::string_view> GgufFile::GetString(
    std::string_view key) const {
  return Get<std::string_view>(key, "string", [](const GgufValue& value) {
    const auto* text = std::get_if<std::string_view>(&value.value);
    return text == nullptr ? std::nullopt : std::optional(*text);
  });
}

std::optional<int64_t> GgufFile::GetInteger(std::string_view key) const {
  return Get<int64_t>(key, "an integer below 2^63", ToInteger);
}

std::optional<double> GgufFile::GetFloat(std::string_view key) const {
  return Get<double>(key, "float32 or float64",
                     [](const GgufValue& value) -> std::optional<double> {
                       if (const auto* x = std::get_if<float>(&value.value))
                         return *x;
                       if (const auto* x = std::get_if<double>(&value.value))
                         return *x;
                       return std::nullopt;
                     });
}

std::optional<bool> GgufFile::GetBool(std::string_view key) const {
  return Get<bool>(key, "bool", [](const GgufValue& value) {
    const bool* x = std::get_if<bool>(&value.value);
    return x == nullptr ? std::nullopt : std::optional(*x);
  });
}

std::optional<std::vector<int64_t>> GgufFile::GetIntegers(
    std::string_view key) const {
  using Result = std::vector<int64_t>;
  return Get<Result>(key, "an array of integers below 2^63",
                     [](const GgufValue& value) -> std::optional<Result> {
                       const auto* array = std::get_if<GgufArray>(&value.value);
                       if (array == nullptr) return std::nullopt;
                       return ToIntegers(*array);
                     });
}

std::optional<std::vector<float>> GgufFile::GetFloats(
    std::string_view key) const {
  using Result = std::vector<float>;
  return Get<Result>(key, "an array of float32 or float64",
                     [](const GgufValue& value) -> std::optional<Result> {
                       const auto* array = std::get_if<GgufArray>(&value.value);
                       if (array == nullptr) return std::nullopt;
                       return ToFloats(*array);
                     });
}

std::optional<std::span<const std::string_view>> GgufFile::GetStrings(
    std::string_view key) const {
  using Result = std::span<const std::string_view>;
  return Get<Result>(key, "an array of strings",
                     [](const GgufValue& value) -> std::optional<Result> {
                       const auto* array = std::get_if<GgufArray>(&value.value);
                       if (array == nullptr) return std::nullopt;
                       const auto* strings =
                           std::get_if<std::vector<std::string_view>>(array);
                       if (strings == nullptr) return std::nullopt;
                       return Result(*strings);
                     });
}

}  // namespace fullstop
