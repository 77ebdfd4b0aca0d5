// Writes GGUF (gguf.h has the layout), version 3, little-endian.
#ifndef FULLSTOP_FORMAT_GGUF_WRITER_H_
#define FULLSTOP_FORMAT_GGUF_WRITER_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/byte_sink.h"
#include "format/gguf.h"

namespace fullstop {

// Collects entries and tensors, then writes them in the order of the calls.
// Holds the keys and descriptions in memory, never the data. One thread.
class GgufWriter {
 public:
  // The value is copied. `general.alignment` (a uint32, a power of two) sets
  // the alignment of the data. Throws Error (kUsage) for an empty key, a key
  // given twice, an alignment that is none, or an array nested deeper than the
  // reader takes.
  void Add(std::string_view key, const GgufValue& value);

  // SHAPE has the contiguous dimension first, as in GgufTensor. SOURCE may be
  // called until the object goes away. Throws Error (kUsage) for a name given
  // twice or a shape that TYPE can't have.
  void AddTensor(std::string_view name, TensorType type,
                 std::span<const uint64_t> shape, ByteSource source);
  // The same with the bytes given: a view that must live as long.
  void AddTensor(std::string_view name, TensorType type,
                 std::span<const uint64_t> shape,
                 std::span<const std::byte> data);

  // Writes beside PATH and renames over it: a file that a reader has mapped
  // stays what it was. Throws Error: kIo, kUsage where a source gives another
  // number of bytes than its tensor has, and what a source throws; then the old
  // file stands.
  void WriteFile(const std::string& path) const;

  // The whole file in memory, for small ones.
  std::string ToString() const;

 private:
  struct Tensor {
    std::string name;
    uint64_t size;
    ByteSource source;
  };

  void WriteTo(const ByteSink& sink) const;
  std::string Header() const;

  uint32_t alignment_ = 32;
  uint64_t entry_count_ = 0;
  // As they will stand in the file; a description up to its offset.
  std::string entries_;
  std::vector<std::string> descriptions_;
  std::vector<Tensor> tensors_;
  std::unordered_set<std::string> keys_;
  std::unordered_set<std::string> names_;
};

}  // namespace fullstop

#endif  // FULLSTOP_FORMAT_GGUF_WRITER_H_
