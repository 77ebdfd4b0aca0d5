#include "model/architectures.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>

#include "base/error.h"
#include "model/llama.h"

namespace fullstop {
namespace {

constexpr Architecture kArchitectures[] = {
    {"llama", DescribeLlama},
};

std::string KnownNames() {
  std::string names;
  for (const Architecture& known : kArchitectures) {
    if (!names.empty()) names += ", ";
    names += known.name;
  }
  return names;
}

}  // namespace

std::span<const Architecture> Architectures() { return kArchitectures; }

Graph DescribeModel(const ModelFile& file) {
  const std::string& path = file.path();
  const std::optional<std::string_view> name =
      file.keys().GetString("general.architecture");
  if (!name) {
    throw Error::Format("key general.architecture is missing").In(path);
  }
  const auto* known =
      std::find_if(std::begin(kArchitectures), std::end(kArchitectures),
                   [&](const Architecture& a) { return a.name == *name; });
  if (known == std::end(kArchitectures)) {
    throw Error::Unsupported(
        fmt::format("models of the architecture \"{}\" are not supported",
                    *name))
        .In(path)
        .Advice("supported: " + KnownNames());
  }
  if (file.tensors().empty()) {
    throw Error::Usage("the file holds a vocabulary, but no weights")
        .In(path)
        .Advice(
            "take the whole model's file; this one serves tokenize, "
            "render and show");
  }
  return known->describe(file);
}

}  // namespace fullstop
