// Which tensor lies in which file of a model that is spread over several.
#ifndef FULLSTOP_FORMAT_SAFETENSORS_INDEX_H_
#define FULLSTOP_FORMAT_SAFETENSORS_INDEX_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fullstop {

// More is refused as absurd.
inline constexpr size_t kMaxSafetensorsFiles = 1 << 14;

struct SafetensorsIndex {
  struct Entry {
    std::string tensor;
    uint32_t file;  // index into files
  };
  // Names without a folder, ascending.
  std::vector<std::string> files;
  // Ascending by tensor, each named once.
  std::vector<Entry> entries;

  // nullptr where the index does not name the tensor.
  const Entry* Find(std::string_view tensor) const;
};

// Reads TEXT, the JSON of an index; NAME stands in the errors. The name of a
// file that leads out of the folder is refused. Throws Error (kFormat).
SafetensorsIndex ReadSafetensorsIndex(std::string_view text,
                                      const std::string& name);

}  // namespace fullstop

#endif  // FULLSTOP_FORMAT_SAFETENSORS_INDEX_H_
