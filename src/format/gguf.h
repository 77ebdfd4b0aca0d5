#ifndef FULLSTOP_FORMAT_GGUF_H_
#define FULLSTOP_FORMAT_GGUF_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/file.h"
#include "format/tensor_type.h"

namespace fullstop {

struct GgufValue;

// A typed array, as stored: strings are views into the mapping.
using GgufArray = std::variant<
    std::vector<uint8_t>, std::vector<int8_t>, std::vector<uint16_t>,
    std::vector<int16_t>, std::vector<uint32_t>, std::vector<int32_t>,
    std::vector<float>, std::vector<bool>, std::vector<std::string_view>,
    std::vector<GgufValue>, std::vector<uint64_t>, std::vector<int64_t>,
    std::vector<double>>;

struct GgufValue {
  std::variant<uint8_t, int8_t, uint16_t, int16_t, uint32_t, int32_t, float,
               bool, std::string_view, GgufArray, uint64_t, int64_t, double>
      value;
};

struct GgufEntry {
  std::string_view key;
  GgufValue value;
  uint64_t byte;  // where the entry begins in its file
};

struct GgufTensor {
  std::string name;
  TensorType type;
  // As GGUF stores it: shape[0] is the contiguous dimension (columns).
  std::vector<uint64_t> shape;
  std::span<const std::byte> data;
  size_t file;  // index into GgufFile::paths()
};

// A GGUF model: one file, or all the files of a split set named by its first.
// Opening maps and checks everything but the tensors' content; all views live
// as long as the object. Immutable; any number of threads may read.
class GgufFile {
 public:
  // Throws Error: kNotFound, kIo, kFormat (with file and byte), kUnsupported.
  static GgufFile Open(const std::string& path);
  // The same over bytes in memory, which must outlive the object; no splits.
  static GgufFile Parse(std::span<const std::byte> bytes, std::string name);

  const std::vector<std::string>& paths() const;
  uint32_t version() const;
  const std::vector<GgufEntry>& entries() const;
  const std::vector<GgufTensor>& tensors() const;

  // nullptr where the key or tensor is absent.
  const GgufValue* Find(std::string_view key) const;
  const GgufTensor* FindTensor(std::string_view name) const;

  // Typed access: nullopt where the key is absent, Error (kFormat, naming key
  // and both types) where it has another type. Any integer type that holds the
  // value serves for an integer, F32 and F64 for a float.
  std::optional<std::string_view> GetString(std::string_view key) const;
  std::optional<int64_t> GetInteger(std::string_view key) const;
  std::optional<double> GetFloat(std::string_view key) const;
  std::optional<bool> GetBool(std::string_view key) const;
  std::optional<std::vector<int64_t>> GetIntegers(std::string_view key) const;
  std::optional<std::vector<float>> GetFloats(std::string_view key) const;
  // Views into the mapping.
  std::optional<std::span<const std::string_view>> GetStrings(
      std::string_view key) const;
};

}  // namespace fullstop

#endif  // FULLSTOP_FORMAT_GGUF_H_
