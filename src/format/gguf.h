// GGUF, the file of a model: typed keys, then tensors.
//
// All numbers are little-endian. A `string` is a uint64 length and that many
// bytes, without a terminator; `bool` is one byte, 0 or 1.
//
//   header      byte[4]  "GGUF"
//               uint32   version: 2 or 3, the same layout (3 also allows
//                        big-endian files, which are refused here)
//               uint64   number of tensors
//               uint64   number of entries
//   entry       string   key, unique in the file
//   (each)      uint32   value type: 0 uint8, 1 int8, 2 uint16, 3 int16,
//                        4 uint32, 5 int32, 6 float32, 7 bool, 8 string,
//                        9 array, 10 uint64, 11 int64, 12 float64
//               value    of that type; an array is a uint32 element type, a
//                        uint64 count and the elements, without padding
//   tensor      string   name, unique in the file
//   (each)      uint32   number of dimensions, 0 to 4
//               uint64[] dimensions, the contiguous one (columns) first
//               uint32   type (tensor_type.h)
//               uint64   offset of the data from the start of the data
//   padding              up to a multiple of the alignment: the uint32 entry
//                        `general.alignment`, a power of two, 32 if absent
//   data                 each tensor at its offset, a multiple of the alignment
//
// A model may be split into files NAME-00001-of-0000N.gguf, each a GGUF file
// with the entries `split.no` (from 0), `split.count` and
// `split.tensors.count` (of the whole set). The first holds all other entries.
#ifndef FULLSTOP_FORMAT_GGUF_H_
#define FULLSTOP_FORMAT_GGUF_H_

#include <cstddef>
#include <cstdint>
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

// A typed array, as stored: strings are views into the mapping. The index of
// the alternative is GGUF's number of the element type.
using GgufArray = std::variant<
    std::vector<uint8_t>, std::vector<int8_t>, std::vector<uint16_t>,
    std::vector<int16_t>, std::vector<uint32_t>, std::vector<int32_t>,
    std::vector<float>, std::vector<bool>, std::vector<std::string_view>,
    std::vector<GgufValue>, std::vector<uint64_t>, std::vector<int64_t>,
    std::vector<double>>;

// The index of the alternative is GGUF's number of the value type. An array of
// arrays holds GgufArray values; deeper nesting is refused.
struct GgufValue {
  std::variant<uint8_t, int8_t, uint16_t, int16_t, uint32_t, int32_t, float,
               bool, std::string_view, GgufArray, uint64_t, int64_t, double>
      value;
};

// "uint32", "string", "array of float32": the type of VALUE, for messages.
std::string GgufTypeName(const GgufValue& value);

struct GgufEntry {
  std::string_view key;
  GgufValue value;
  uint64_t byte;  // where the entry begins in its file
};

struct GgufTensor {
  std::string name;
  TensorType type;
  // As GGUF stores it: shape[0] is the contiguous dimension (columns). At most
  // 4 dimensions, none for a single number; the product of those that are not
  // 0 is below 2^63.
  std::vector<uint64_t> shape;
  // All rows, RowBytes(type, shape[0]) each, without padding between them; the
  // first byte is aligned as the file's `general.alignment` says (which may be
  // as little as 1).
  std::span<const std::byte> data;
  size_t file;    // index into GgufFile::paths()
  uint64_t byte;  // where its description begins in that file
};

// A GGUF model: one file, or all the files of a split set named by its first.
// Opening maps and checks everything but the tensors' content, in time and
// memory that the size of keys and descriptions bounds (below 8 times the file
// and 64 MiB); all views live as long as the object, which can be moved.
// Immutable; any number of threads may read. The files must not be shortened
// while they are open: reading what is gone ends the process (SIGBUS).
class GgufFile {
 public:
  // Throws Error: kNotFound, kIo, kFormat (with file and byte), kUnsupported
  // (big-endian, version 1, a version or type from after this program).
  static GgufFile Open(const std::string& path);
  // The same over bytes in memory, which must outlive the object; no splits.
  static GgufFile Parse(std::span<const std::byte> bytes, std::string name);

  GgufFile(GgufFile&&) noexcept = default;
  GgufFile& operator=(GgufFile&&) noexcept = default;

  // The files in order; for Parse the name given.
  const std::vector<std::string>& paths() const { return paths_; }
  // Of the first file.
  uint32_t version() const { return version_; }
  // Of the first file, in its order.
  const std::vector<GgufEntry>& entries() const { return entries_; }
  // Of all files, in their order.
  const std::vector<GgufTensor>& tensors() const { return tensors_; }

  // nullptr where the key or tensor is absent. Logarithmic.
  const GgufValue* Find(std::string_view key) const;
  const GgufTensor* FindTensor(std::string_view name) const;

  // Typed access: nullopt where the key is absent, Error (kFormat, naming key
  // and both types) where it has another type. Any integer type that holds the
  // value serves for an integer, F32 and F64 for a float.
  std::optional<std::string_view> GetString(std::string_view key) const;
  std::optional<int64_t> GetInteger(std::string_view key) const;
  std::optional<double> GetFloat(std::string_view key) const;
  std::optional<bool> GetBool(std::string_view key) const;
  // These two copy the array.
  std::optional<std::vector<int64_t>> GetIntegers(std::string_view key) const;
  std::optional<std::vector<float>> GetFloats(std::string_view key) const;
  // Views into the mapping.
  std::optional<std::span<const std::string_view>> GetStrings(
      std::string_view key) const;

 private:
  // One file, its tensors not yet indexed.
  GgufFile(std::span<const std::byte> bytes, std::string path);
  static GgufFile Map(const std::string& path);
  // Takes over the mapping and the tensors of PART.
  void Append(GgufFile part);
  void IndexTensors();
  const GgufEntry* FindEntry(std::string_view key) const;
  template <typename T, typename Convert>
  std::optional<T> Get(std::string_view key, std::string_view expected,
                       Convert convert) const;

  std::vector<MappedFile> mappings_;
  std::vector<std::string> paths_;
  uint32_t version_ = 0;
  std::vector<GgufEntry> entries_;
  std::vector<GgufTensor> tensors_;
  // Indices, ascending by key and by name.
  std::vector<uint32_t> entry_order_;
  std::vector<uint32_t> tensor_order_;
};

}  // namespace fullstop

#endif  // FULLSTOP_FORMAT_GGUF_H_
