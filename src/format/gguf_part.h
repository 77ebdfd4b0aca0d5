// Reads one GGUF file; GgufFile (gguf.h) puts the files of a set together.
#ifndef FULLSTOP_FORMAT_GGUF_PART_H_
#define FULLSTOP_FORMAT_GGUF_PART_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "format/gguf.h"

namespace fullstop {

// More is refused as absurd: it bounds the memory that a hostile file costs.
inline constexpr uint64_t kMaxGgufEntries = 1 << 16;
inline constexpr uint64_t kMaxGgufTensors = 1 << 18;

struct GgufPart {
  uint32_t version;
  std::vector<GgufEntry> entries;
  // All with file index 0.
  std::vector<GgufTensor> tensors;
};

// Checks everything that can be told from one file, but whether keys and names
// are unique. NAME stands in the errors. Throws Error (kFormat, kUnsupported).
GgufPart ReadGgufPart(std::span<const std::byte> bytes,
                      const std::string& name);

}  // namespace fullstop

#endif  // FULLSTOP_FORMAT_GGUF_PART_H_
