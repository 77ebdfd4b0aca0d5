#include "format/safetensors.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <limits>
#include <utility>

#include "base/error.h"
#include "format/name_index.h"
#include "format/quote.h"
#include "format/safetensors_index.h"
#include "format/safetensors_part.h"

namespace fullstop {
namespace {

struct TypeTraits {
  std::string_view name;
  uint32_t bits;
};

// Indexed by SafetensorsType.
constexpr std::array kTypes = {
    TypeTraits{"BOOL", 8},        TypeTraits{"F4", 4},
    TypeTraits{"F6_E2M3", 6},     TypeTraits{"F6_E3M2", 6},
    TypeTraits{"U8", 8},          TypeTraits{"I8", 8},
    TypeTraits{"F8_E5M2", 8},     TypeTraits{"F8_E4M3", 8},
    TypeTraits{"F8_E8M0", 8},     TypeTraits{"F8_E4M3FNUZ", 8},
    TypeTraits{"F8_E5M2FNUZ", 8}, TypeTraits{"I16", 16},
    TypeTraits{"U16", 16},        TypeTraits{"F16", 16},
    TypeTraits{"BF16", 16},       TypeTraits{"I32", 32},
    TypeTraits{"U32", 32},        TypeTraits{"F32", 32},
    TypeTraits{"C64", 64},        TypeTraits{"F64", 64},
    TypeTraits{"I64", 64},        TypeTraits{"U64", 64},
};
static_assert(kTypes.size() == static_cast<size_t>(SafetensorsType::kU64) + 1);

constexpr uint64_t kMostBytes = uint64_t{1} << 60;

std::string Named(const SafetensorsTensor& tensor) {
  return "tensor " + QuoteName(tensor.name);
}

// Throws naming all files that are not there.
void CheckPresent(const std::vector<std::string>& paths,
                  const std::string& index) {
  std::string missing;
  size_t count = 0;
  for (const std::string& path : paths) {
    if (std::filesystem::exists(path)) continue;
    if (++count <= 8) {
      missing += (count == 1 ? "" : ", ") +
                 QuoteName(std::filesystem::path(path).filename().string());
    }
  }
  if (count == 0) return;
  if (count > 8) missing += " and " + std::to_string(count - 8) + " more";
  throw Error::NotFound("of " + std::to_string(paths.size()) +
                        " files that the index names, " +
                        std::to_string(count) + " are missing: " + missing)
      .In(index)
      .Advice("fetch them into the same folder");
}

}  // namespace

std::string_view SafetensorsTypeName(SafetensorsType type) {
  return kTypes[static_cast<size_t>(type)].name;
}

std::optional<SafetensorsType> ParseSafetensorsType(std::string_view name) {
  const auto found = std::ranges::find(kTypes, name, &TypeTraits::name);
  if (found == kTypes.end()) return std::nullopt;
  return static_cast<SafetensorsType>(found - kTypes.begin());
}

std::optional<uint64_t> SafetensorsBytes(SafetensorsType type,
                                         std::span<const uint64_t> shape) {
  uint64_t bits = kTypes[static_cast<size_t>(type)].bits;
  bool empty = false;
  for (const uint64_t dimension : shape) {
    empty = empty || dimension == 0;
    const uint64_t counted = std::max<uint64_t>(dimension, 1);
    if (counted > 8 * kMostBytes / bits) return std::nullopt;
    bits *= counted;
  }
  if (empty) return 0;
  return bits % 8 == 0 ? std::optional(bits / 8) : std::nullopt;
}

SafetensorsSet SafetensorsSet::Open(const std::string& path) {
  if (path.ends_with(".json")) return OpenIndex(path);
  MappedFile mapping = MappedFile::Open(path);
  SafetensorsSet set = Parse(mapping.bytes(), path);
  set.mappings_.push_back(std::move(mapping));
  return set;
}

SafetensorsSet SafetensorsSet::Parse(std::span<const std::byte> bytes,
                                     std::string name) {
  SafetensorsSet set;
  SafetensorsPart part = ReadSafetensorsPart(bytes, name);
  set.paths_.push_back(std::move(name));
  set.tensors_ = std::move(part.tensors);
  set.metadata_ = std::move(part.metadata);
  set.IndexTensors();
  return set;
}

SafetensorsSet SafetensorsSet::OpenIndex(const std::string& path) {
  const MappedFile text = MappedFile::Open(path);
  const std::span<const std::byte> bytes = text.bytes();
  const SafetensorsIndex index = ReadSafetensorsIndex(
      {reinterpret_cast<const char*>(bytes.data()), bytes.size()}, path);
  SafetensorsSet set;
  const std::filesystem::path folder =
      std::filesystem::path(path).parent_path();
  for (const std::string& file : index.files) {
    set.paths_.push_back(folder / file);
  }
  CheckPresent(set.paths_, path);
  for (size_t i = 0; i < set.paths_.size(); ++i) {
    set.mappings_.push_back(MappedFile::Open(set.paths_[i]));
    SafetensorsPart part =
        ReadSafetensorsPart(set.mappings_[i].bytes(), set.paths_[i]);
    for (SafetensorsTensor& tensor : part.tensors) {
      const SafetensorsIndex::Entry* entry = index.Find(tensor.name);
      if (entry != nullptr && entry->file != i) continue;
      tensor.file = i;
      set.tensors_.push_back(std::move(tensor));
    }
    if (i == 0) set.metadata_ = std::move(part.metadata);
  }
  set.IndexTensors();
  for (const SafetensorsIndex::Entry& entry : index.entries) {
    if (set.Find(entry.tensor) == nullptr) {
      throw Error::Format("tensor " + QuoteName(entry.tensor) +
                          " is not in the file where the index places it, " +
                          QuoteName(index.files[entry.file]))
          .In(path)
          .Advice(
              "the index and the files are of different models or "
              "revisions: fetch both again");
    }
  }
  return set;
}

void SafetensorsSet::IndexTensors() {
  order_ = SortedIndices(tensors_, &SafetensorsTensor::name);
  const SafetensorsTensor* twice =
      FindDuplicate(tensors_, order_, &SafetensorsTensor::name);
  if (twice != nullptr) {
    throw Error::Format(Named(*twice) + " stands twice")
        .In(paths_[twice->file])
        .AtByte(twice->byte);
  }
}

const SafetensorsTensor* SafetensorsSet::Find(std::string_view name) const {
  return FindByName(tensors_, order_, &SafetensorsTensor::name, name);
}

}  // namespace fullstop
