// safetensors, the file of a Hugging Face model's weights.
//
//   uint64   length of the header, little-endian, at most 100,000,000
//   header   a JSON object, spaces behind it allowed: for each tensor its name
//            and {"dtype": "BF16", "shape": [rows, columns],
//            "data_offsets": [begin, end]}, offsets from the start of the data;
//            "__metadata__" is an object of strings
//   data     the tensors back to back, without gaps, to the end of the file;
//            row-major, the last dimension contiguous
//
// A model may be spread over several such files; then
// model.safetensors.index.json says which tensor lies in which:
//   {"metadata": {...}, "weight_map": {"NAME":
//   "model-00001-of-00002.safetensors"}}
#ifndef FULLSTOP_FORMAT_SAFETENSORS_H_
#define FULLSTOP_FORMAT_SAFETENSORS_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"

namespace fullstop {

enum class SafetensorsType : uint8_t {
  kBool,
  kF4,      // E2M1, two to a byte
  kF6E2M3,  // packed without gaps
  kF6E3M2,
  kU8,
  kI8,
  kF8E5M2,
  kF8E4M3,
  kF8E8M0,
  kF8E4M3Fnuz,
  kF8E5M2Fnuz,
  kI16,
  kU16,
  kF16,
  kBF16,
  kI32,
  kU32,
  kF32,
  kC64,
  kF64,
  kI64,
  kU64,
};

// As it stands in a file: "BF16", "F8_E4M3".
std::string_view SafetensorsTypeName(SafetensorsType type);
// nullopt where the format has no such type.
std::optional<SafetensorsType> ParseSafetensorsType(std::string_view name);

// The bytes of a tensor; nullopt where that is no whole number, or, a dimension
// of 0 counted as 1, above 2^60.
std::optional<uint64_t> SafetensorsBytes(SafetensorsType type,
                                         std::span<const uint64_t> shape);

struct SafetensorsTensor {
  std::string name;
  SafetensorsType type;
  // Outermost first; the last dimension is contiguous. None for a single
  // number.
  std::vector<uint64_t> shape;
  std::span<const std::byte> data;  // no alignment
  size_t file;                      // index into SafetensorsSet::paths()
  uint64_t byte;                    // where its description begins in that file
};

using SafetensorsMetadata = std::map<std::string, std::string, std::less<>>;

// The weights of a model: one file, or all the files that an index names.
// Opening maps the files and checks everything but the tensors' content, in
// memory below 8 times the headers and 16 MiB. All views live as long as the
// object, which can be moved. Immutable; any number of threads may read. The
// files must not be shortened while they are open: reading what is gone ends
// the process (SIGBUS).
class SafetensorsSet {
 public:
  // PATH is a .safetensors file, or an index (its name ends with ".json"),
  // whose files lie beside it. A tensor that the index places in one file
  // counts there alone; one that it does not name counts where it lies. Throws
  // Error: kNotFound (naming all files of the index that are missing), kIo,
  // kFormat (with file and byte).
  static SafetensorsSet Open(const std::string& path);
  // One file over bytes in memory, which must outlive the object.
  static SafetensorsSet Parse(std::span<const std::byte> bytes,
                              std::string name);

  // The files in order of their names.
  const std::vector<std::string>& paths() const { return paths_; }
  // Of all files, in their order, then as they lie in the file.
  const std::vector<SafetensorsTensor>& tensors() const { return tensors_; }
  // nullptr where it is absent. Logarithmic.
  const SafetensorsTensor* Find(std::string_view name) const;
  // `__metadata__` of the first file.
  const SafetensorsMetadata& metadata() const { return metadata_; }

 private:
  SafetensorsSet() = default;
  static SafetensorsSet OpenIndex(const std::string& path);
  void IndexTensors();

  std::vector<MappedFile> mappings_;
  std::vector<std::string> paths_;
  std::vector<SafetensorsTensor> tensors_;
  SafetensorsMetadata metadata_;
  // Indices, ascending by name.
  std::vector<uint32_t> order_;
};

}  // namespace fullstop

#endif  // FULLSTOP_FORMAT_SAFETENSORS_H_
