#include "format/json_file.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"

namespace fullstop {
namespace {

std::string LineAndColumn(std::string_view text, size_t byte) {
  const std::string_view before = text.substr(0, byte);
  const auto line = std::ranges::count(before, '\n') + 1;
  const size_t column = byte - (before.rfind('\n') + 1) + 1;
  return "line " + std::to_string(line) + ", column " + std::to_string(column);
}

constexpr std::array<std::string_view, 3> kPythonNumbers = {"-Infinity",
                                                            "Infinity", "NaN"};

// TEXT as the parser takes it: Python's numbers as null. Throws where it nests
// too deep.
std::string Prepare(std::string_view text, const std::string& name) {
  std::string prepared;
  size_t copied = 0;
  size_t depth = 0;
  bool in_text = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_text) {
      if (c == '\\') ++i;
      if (c == '"') in_text = false;
    } else if (c == '"') {
      in_text = true;
    } else if (c == '{' || c == '[') {
      if (++depth > kMaxJsonDepth) {
        throw Error::Format("the JSON nests deeper than " +
                            std::to_string(kMaxJsonDepth) + " levels")
            .In(name)
            .AtByte(i);
      }
    } else if ((c == '}' || c == ']') && depth > 0) {
      --depth;
    } else if (c == '-' || c == 'I' || c == 'N') {
      for (const std::string_view number : kPythonNumbers) {
        if (!text.substr(i).starts_with(number)) continue;
        prepared.append(text.substr(copied, i - copied)).append("null");
        copied = i + number.size();
        i = copied - 1;
        break;
      }
    }
  }
  return prepared.append(text.substr(copied));
}

}  // namespace

nlohmann::ordered_json ParseJson(std::string_view text,
                                 const std::string& name) {
  try {
    return nlohmann::ordered_json::parse(Prepare(text, name));
  } catch (const nlohmann::json::exception& error) {
    const auto* place =
        dynamic_cast<const nlohmann::json::parse_error*>(&error);
    const size_t byte = place == nullptr || place->byte == 0
                            ? 0
                            : std::min<size_t>(place->byte - 1, text.size());
    throw Error::Format("not valid JSON at " + LineAndColumn(text, byte))
        .In(name)
        .AtByte(byte)
        .Advice(
            "the file is damaged or was edited by hand: repair that place, "
            "or fetch the file again");
  }
}

nlohmann::ordered_json ReadJsonFile(const std::string& path, uint64_t limit) {
  return ParseJson(ReadFile(path, limit), path);
}

}  // namespace fullstop
