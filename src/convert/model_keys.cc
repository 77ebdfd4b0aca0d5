#include "convert/model_keys.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

#include "base/error.h"
#include "base/file.h"

namespace fullstop {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMostReadme = 4 << 20;

template <typename To, typename From>
bool AllFit(const std::vector<From>& numbers) {
  for (const From number : numbers) {
    if (!std::in_range<To>(number)) return false;
  }
  return true;
}

template <typename To, typename From>
GgufArray Cast(const std::vector<From>& numbers) {
  std::vector<To> cast;
  cast.reserve(numbers.size());
  for (const From number : numbers) cast.push_back(static_cast<To>(number));
  return cast;
}

GgufArray NarrowArray(const GgufArray& array) {
  return std::visit(
      [&array]<typename T>(const std::vector<T>& numbers) -> GgufArray {
        if constexpr (std::is_same_v<T, uint64_t> ||
                      std::is_same_v<T, int64_t>) {
          if (AllFit<int32_t>(numbers)) return Cast<int32_t>(numbers);
        }
        if constexpr (std::is_same_v<T, double>) return Cast<float>(numbers);
        return array;
      },
      array);
}

// The text behind "KEY:" in a line, without quotes; nullopt where LINE is of
// another key.
std::optional<std::string> YamlText(std::string_view line,
                                    std::string_view key) {
  if (!line.starts_with(key) || line.substr(key.size(), 1) != ":") {
    return std::nullopt;
  }
  line.remove_prefix(key.size() + 1);
  const std::string_view blank = " \t\r\"'";
  const size_t begin = line.find_first_not_of(blank);
  if (begin == line.npos) return std::nullopt;
  return std::string(
      line.substr(begin, line.find_last_not_of(blank) + 1 - begin));
}

}  // namespace

GgufValue NarrowGgufValue(const GgufValue& value) {
  return std::visit(
      [&value]<typename T>(const T& held) -> GgufValue {
        if constexpr (std::is_same_v<T, uint64_t>) {
          if (std::in_range<uint32_t>(held)) {
            return {static_cast<uint32_t>(held)};
          }
        } else if constexpr (std::is_same_v<T, int64_t>) {
          if (std::in_range<int32_t>(held)) return {static_cast<int32_t>(held)};
        } else if constexpr (std::is_same_v<T, double>) {
          return {static_cast<float>(held)};
        } else if constexpr (std::is_same_v<T, GgufArray>) {
          return {NarrowArray(held)};
        }
        return value;
      },
      value.value);
}

std::string ModelName(const HfFolder& folder) {
  std::error_code error;
  fs::path path = fs::absolute(folder.path(), error).lexically_normal();
  if (path.filename().empty()) path = path.parent_path();
  if (path.parent_path().filename() != "snapshots") {
    return path.filename().string();
  }
  // models--ORG--NAME/snapshots/REVISION
  std::string name = path.parent_path().parent_path().filename().string();
  constexpr std::string_view kPrefix = "models--";
  if (!name.starts_with(kPrefix)) return path.filename().string();
  name.erase(0, kPrefix.size());
  if (const size_t dashes = name.find("--"); dashes != name.npos) {
    name.replace(dashes, 2, "/");
  }
  return name;
}

ModelLicense ReadLicense(const HfFolder& folder) {
  ModelLicense license;
  const std::optional<std::string> path = folder.Find("README.md");
  if (!path) return license;
  const std::string text = ReadFile(*path, kMostReadme);
  std::string_view rest = text;
  const auto next = [&rest] {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    return line;
  };
  // The front matter is between two lines of dashes.
  if (!next().starts_with("---")) return license;
  while (!rest.empty()) {
    const std::string_view line = next();
    if (line.starts_with("---")) break;
    if (auto id = YamlText(line, "license")) license.id = *id;
    if (auto name = YamlText(line, "license_name")) license.name = *name;
    if (auto link = YamlText(line, "license_link")) license.link = *link;
  }
  return license;
}

void AddDescription(const HfFolder& folder, GgufWriter* writer) {
  const auto add = [writer](std::string_view key, const std::string& text) {
    if (!text.empty()) writer->Add(key, {std::string_view(text)});
  };
  add("general.name", ModelName(folder));
  const ModelLicense license = ReadLicense(folder);
  add("general.license", license.id);
  add("general.license.name", license.name);
  add("general.license.link", license.link);
}

std::optional<uint32_t> GgufFileType(TensorType type) {
  switch (type) {
    case TensorType::kF32:
      return 0;
    case TensorType::kF16:
      return 1;
    case TensorType::kQ8_0:
      return 7;
    case TensorType::kBF16:
      return 32;
    case TensorType::kMXFP4:
      return 38;
    default:
      return std::nullopt;
  }
}

}  // namespace fullstop
