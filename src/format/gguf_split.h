// How the files of a split GGUF set are named.
#ifndef FULLSTOP_FORMAT_GGUF_SPLIT_H_
#define FULLSTOP_FORMAT_GGUF_SPLIT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fullstop {

class GgufFile;

// The parts of STEM-00001-of-00003.gguf.
struct GgufSplitName {
  std::string stem;  // with the folder
  uint64_t number;   // from 1
  uint64_t count;
};

// nullopt where PATH is not named as a file of a set.
std::optional<GgufSplitName> ParseGgufSplitName(std::string_view path);

// The path of file NUMBER (from 1) of COUNT, both below 100,000.
std::string MakeGgufSplitName(std::string_view stem, uint64_t number,
                              uint64_t count);

// The paths of the second to the last file of the set that FIRST begins; none
// where it is a whole model. Throws Error: kFormat where FIRST is not the first
// or is named otherwise, kNotFound naming all that are missing.
std::vector<std::string> OtherGgufSplits(const GgufFile& first);

// Throws Error (kFormat) unless PART says that it is file INDEX (from 0) of
// COUNT.
void CheckGgufSplit(const GgufFile& part, uint64_t index, uint64_t count);

// Throws Error (kFormat) unless WHOLE has as many tensors as it declares.
void CheckGgufSplitTensors(const GgufFile& whole);

}  // namespace fullstop

#endif  // FULLSTOP_FORMAT_GGUF_SPLIT_H_
