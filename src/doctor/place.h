// Places in a target's files, for those who show them beside the text.
#ifndef FULLSTOP_DOCTOR_PLACE_H_
#define FULLSTOP_DOCTOR_PLACE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fullstop {

class Target;

// A line of a text, or bytes of a GGUF file; neither where the whole file is
// meant.
struct Place {
  std::string file;
  std::optional<size_t> line = {};  // from 1
  std::optional<uint64_t> byte = {};
};

// WHERE as rules write it: "generation_config.json: eos_token_id" in a folder,
// a key in a GGUF file. nullopt where it names no file of TARGET.
std::optional<Place> FindPlace(const Target& target, std::string_view where);

// The file that stands for TARGET: the GGUF file, a folder's config.json.
Place MainPlace(const Target& target);

}  // namespace fullstop

#endif  // FULLSTOP_DOCTOR_PLACE_H_
