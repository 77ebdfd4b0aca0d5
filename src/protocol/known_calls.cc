#include <array>

#include "protocol/derive_calls.h"

namespace fullstop {
namespace {

using Kind = CallStep::Kind;

CallFormat Known(CallKind kind) {
  CallFormat format;
  format.kind = kind;
  format.derived = false;
  return format;
}

CallFormat ObjectsInTags() {
  CallFormat format = Known(CallKind::kJson);
  format.head = {{Kind::kText, "<tool_call>"}};
  format.close = "</tool_call>";
  format.name_key = "name";
  format.arguments_key = "arguments";
  return format;
}

CallFormat ListBehindMarker() {
  CallFormat format = Known(CallKind::kJson);
  format.head = {{Kind::kText, "[TOOL_CALLS]"}};
  format.name_key = "name";
  format.arguments_key = "arguments";
  return format;
}

CallFormat NamesBehindMarker() {
  CallFormat format = Known(CallKind::kNamed);
  format.head = {{Kind::kText, "[TOOL_CALLS]"},
                 {Kind::kName, ""},
                 {Kind::kText, "[ARGS]"}};
  return format;
}

CallFormat IdsInSections() {
  CallFormat format = Known(CallKind::kNamed);
  format.section_open = "<|tool_calls_section_begin|>";
  format.section_close = "<|tool_calls_section_end|>";
  format.head = {{Kind::kText, "<|tool_call_begin|>"},
                 {Kind::kId, ""},
                 {Kind::kText, "<|tool_call_argument_begin|>"}};
  format.close = "<|tool_call_end|>";
  return format;
}

CallFormat Pythonic(const char* open, const char* close) {
  CallFormat format = Known(CallKind::kNamed);
  format.section_open = open;
  format.section_close = close;
  format.head = {{Kind::kName, ""}, {Kind::kText, "("}};
  format.arguments = ArgumentSyntax::kLiteral;
  format.assign = "=";
  format.end = ")";
  return format;
}

}  // namespace

std::optional<CallFormat> KnownCallFormat(
    const std::function<bool(std::string_view)>& writes) {
  if (writes("<|tool_calls_section_begin|>") &&
      writes("<|tool_call_argument_begin|>")) {
    return IdsInSections();
  }
  if (writes("[TOOL_CALLS]")) {
    return writes("[ARGS]") ? NamesBehindMarker() : ListBehindMarker();
  }
  constexpr std::array<std::array<const char*, 2>, 2> kPythonic = {
      {{"<|tool_call_start|>", "<|tool_call_end|>"},
       {"<|python_start|>", "<|python_end|>"}}};
  for (const auto& [open, close] : kPythonic) {
    if (writes(open) && writes(close)) return Pythonic(open, close);
  }
  if (writes("<tool_call>") && writes("</tool_call>")) return ObjectsInTags();
  return std::nullopt;
}

}  // namespace fullstop
