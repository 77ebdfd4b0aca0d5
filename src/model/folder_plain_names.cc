// The names of a folder's tensors, for the way from GGUF to a folder.
#include <string>
#include <vector>

#include "model/folder_reader.h"

namespace fullstop {
namespace {

// In a model of several modalities.
std::string NestedName(std::string_view name) {
  constexpr std::string_view kModel = "model.";
  if (!name.starts_with(kModel)) return std::string(name);
  return "model.language_model." + std::string(name.substr(kModel.size()));
}

}  // namespace

std::vector<FolderName> FolderReader::PlainNames() const {
  std::vector<FolderName> names;
  for (const auto& [folder, rule] : rules_) {
    if (rule.gguf.empty() || !rule.rows.empty() || rule.gather ||
        rule.step != 0) {
      continue;
    }
    FolderName name = {nested_ ? NestedName(folder) : folder, rule.gguf, 0};
    if (rule.change) {
      // Of norms alone the change is known to go number by number.
      if (rule.gguf.find("norm") == std::string::npos) continue;
      std::vector<uint64_t> shape = {2};
      std::vector<float> values = {0, 1};
      rule.change(&shape, &values);
      if (values.size() != 2 || values[1] - values[0] != 1) continue;
      name.added = values[0];
    }
    names.push_back(std::move(name));
  }
  return names;
}

}  // namespace fullstop
