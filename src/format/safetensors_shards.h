// The weights of a folder, in one file or several.
#ifndef FULLSTOP_FORMAT_SAFETENSORS_SHARDS_H_
#define FULLSTOP_FORMAT_SAFETENSORS_SHARDS_H_

#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "format/safetensors_writer.h"

namespace fullstop {

// Collects tensors, then writes them in the order of the calls: as
// model.safetensors where all fit into one file, else as
// model-00001-of-0000N.safetensors and so on, with
// model.safetensors.index.json. Holds no data. One thread.
class SafetensorsShards {
 public:
  // A file takes tensors up to MOST bytes in all, or one that is larger.
  explicit SafetensorsShards(uint64_t most);

  // As SafetensorsWriter::AddTensor; of all files together a name is given
  // once.
  void AddTensor(std::string_view name, SafetensorsType type,
                 std::span<const uint64_t> shape, ByteSource source);

  // Writes the files into FOLDER, the index last. Throws as
  // SafetensorsWriter::WriteFile; files that were complete then stay there.
  void WriteInto(const std::string& folder) const;

 private:
  struct Shard {
    SafetensorsWriter writer;
    std::vector<std::string> names;
    uint64_t size = 0;
  };

  void WriteIndex(const std::string& folder) const;
  std::string FileName(size_t shard) const;

  uint64_t most_;
  std::deque<Shard> shards_;
  std::unordered_set<std::string> names_;
};

}  // namespace fullstop

#endif  // FULLSTOP_FORMAT_SAFETENSORS_SHARDS_H_
