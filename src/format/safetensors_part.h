// Reads one safetensors file; SafetensorsSet (safetensors.h) puts the files of
// an index together.
#ifndef FULLSTOP_FORMAT_SAFETENSORS_PART_H_
#define FULLSTOP_FORMAT_SAFETENSORS_PART_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "format/safetensors.h"

namespace fullstop {

// The bound of the format.
inline constexpr uint64_t kMaxSafetensorsHeader = 100'000'000;
// More is refused as absurd: they bound the memory that a hostile file costs.
inline constexpr size_t kMaxSafetensorsDimensions = 16;
inline constexpr size_t kMaxSafetensorsMetadata = 1 << 14;

struct SafetensorsPart {
  // As they lie in the file, all with file index 0.
  std::vector<SafetensorsTensor> tensors;
  SafetensorsMetadata metadata;
};

// Checks everything that can be told from one file. NAME stands in the errors.
// Throws Error (kFormat).
SafetensorsPart ReadSafetensorsPart(std::span<const std::byte> bytes,
                                    const std::string& name);

}  // namespace fullstop

#endif  // FULLSTOP_FORMAT_SAFETENSORS_PART_H_
