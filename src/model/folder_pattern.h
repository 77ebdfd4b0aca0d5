// The name of a folder's tensor, its numbers taken out.
#ifndef FULLSTOP_MODEL_FOLDER_PATTERN_H_
#define FULLSTOP_MODEL_FOLDER_PATTERN_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fullstop {

// "model.layers.{}.mlp.experts.{}.up_proj.weight" and the numbers.
struct FolderPattern {
  std::string name;
  std::vector<uint64_t> numbers;
};

FolderPattern PatternOf(std::string_view name);

}  // namespace fullstop

#endif  // FULLSTOP_MODEL_FOLDER_PATTERN_H_
