// Writes safetensors (safetensors.h has the layout).
#ifndef FULLSTOP_FORMAT_SAFETENSORS_WRITER_H_
#define FULLSTOP_FORMAT_SAFETENSORS_WRITER_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/byte_sink.h"
#include "format/safetensors.h"

namespace fullstop {

// Collects tensors, then writes them in the order of the calls. Holds the
// descriptions in memory, never the data. One thread.
class SafetensorsWriter {
 public:
  // An entry of `__metadata__`; of one key the last value counts.
  void AddMetadata(std::string_view key, std::string_view value);

  // SHAPE is outermost first. SOURCE may be called until the object goes away.
  // Throws Error (kUsage) for a name given twice or a shape of no whole bytes.
  void AddTensor(std::string_view name, SafetensorsType type,
                 std::span<const uint64_t> shape, ByteSource source);

  // Writes beside PATH and renames over it. Throws Error: kIo, kUsage where a
  // source gives another number of bytes than its tensor has or the header
  // grows past the format's bound, and what a source throws; then the old file
  // stands.
  void WriteFile(const std::string& path) const;
  // The whole file in memory, for small ones.
  std::string ToString() const;

 private:
  struct Tensor {
    std::string name;
    SafetensorsType type;
    std::vector<uint64_t> shape;
    uint64_t size;
    ByteSource source;
  };

  std::string Header() const;
  void WriteTo(const ByteSink& sink) const;

  SafetensorsMetadata metadata_;
  std::vector<Tensor> tensors_;
  std::unordered_set<std::string> names_;
};

}  // namespace fullstop

#endif  // FULLSTOP_FORMAT_SAFETENSORS_WRITER_H_
