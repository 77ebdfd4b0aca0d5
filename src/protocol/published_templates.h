// For tests: the published templates in the folder named by FULLSTOP_DATA, each
// with a made-up vocabulary of its markers. The folder is not part of the tree;
// tests that need it are skipped where it is absent.
#ifndef FULLSTOP_PROTOCOL_PUBLISHED_TEMPLATES_H_
#define FULLSTOP_PROTOCOL_PUBLISHED_TEMPLATES_H_

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/file.h"
#include "protocol/byte_model.h"

namespace fullstop {

inline std::filesystem::path PublishedTemplates() {
  const char* data = std::getenv("FULLSTOP_DATA");
  return (data != nullptr ? std::filesystem::path(data)
                          : std::filesystem::path(FULLSTOP_SOURCE_DIR) / ".." /
                                "shared" / "data") /
         "templates";
}

// The markers in SOURCE that their shape gives away: <|…|>, <｜…｜>, <seed:…>,
// in order of appearance, and the usual bracketed ones.
inline std::vector<std::string> MarkersIn(std::string_view source) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 4>
      kShapes = {
          {{"<|", "|>"}, {"<｜", "｜>"}, {"<seed:", ">"}, {"</seed:", ">"}}};
  constexpr std::array<std::string_view, 24> kOthers = {
      "[INST]",          "[/INST]",
      "[TOOL_CALLS]",    "[TOOL_RESULTS]",
      "[/TOOL_RESULTS]", "[AVAILABLE_TOOLS]",
      "[SYSTEM_PROMPT]", "[/SYSTEM_PROMPT]",
      "[ARGS]",          "[gMASK]",
      "<sop>",           "<start_of_turn>",
      "<end_of_turn>",   "[/AVAILABLE_TOOLS]",
      "<think>",         "</think>",
      "<tool_call>",     "</tool_call>",
      "<tool_response>", "</tool_response>",
      "<arg_key>",       "</arg_key>",
      "<arg_value>",     "</arg_value>"};
  std::vector<std::string> markers;
  const auto add = [&](std::string_view marker) {
    if (std::find(markers.begin(), markers.end(), marker) == markers.end()) {
      markers.emplace_back(marker);
    }
  };
  for (const auto& [open, close] : kShapes) {
    for (size_t at = source.find(open); at != std::string_view::npos;
         at = source.find(open, at + 1)) {
      const size_t end = source.find(close, at + open.size());
      if (end == std::string_view::npos || end - at > 64) continue;
      const std::string_view marker =
          source.substr(at, end + close.size() - at);
      const bool whole =
          marker.find_first_of(" \n'\"{}<", 1) == std::string_view::npos;
      if (whole && marker.size() > open.size() + close.size()) add(marker);
    }
  }
  for (const std::string_view other : kOthers) {
    if (source.find(other) != std::string_view::npos) add(other);
  }
  return markers;
}

// A model with the template of that NAME; markers that are tags are added
// tokens and not special, as most makers have them. "<s>" and "</s>" stand for
// bos_token and eos_token and are declared as such.
inline ByteModel PublishedModel(const std::filesystem::path& file) {
  const std::string source = ReadFile(file.string());
  std::vector<std::string> control;
  std::vector<std::string> tags;
  for (std::string& marker : MarkersIn(source)) {
    const bool is_tag = marker[0] == '<' && marker[1] != '|' &&
                        marker.find("｜") == std::string::npos &&
                        marker.find("turn") == std::string::npos &&
                        marker.find("seed") == std::string::npos &&
                        marker != "<sop>";
    (is_tag ? tags : control).push_back(std::move(marker));
  }
  control.insert(control.end(), {"<s>", "</s>"});
  ByteModel model(std::move(control), std::move(tags));
  model.Template(source).Declare("bos", "<s>");
  const bool reads_eos = source.find("eos_token") != std::string::npos &&
                         source.find("set eos_token") == std::string::npos;
  if (reads_eos) model.Declare("eos", "</s>");
  return model;
}

}  // namespace fullstop

#endif  // FULLSTOP_PROTOCOL_PUBLISHED_TEMPLATES_H_
