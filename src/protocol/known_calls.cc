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

// Behind one token stands a call of a built-in tool, written as Python, an
// object, or the code itself; the last that fits counts.
std::vector<CallFormat> BehindPythonTag(const CallFormat& usual) {
  const CallStep tag = {Kind::kText, "<|python_tag|>"};
  CallFormat code = Known(CallKind::kNamed);
  code.head = {tag};
  code.arguments = ArgumentSyntax::kCode;
  code.tool = "python";
  code.code_key = "code";
  CallFormat object = Known(CallKind::kJson);
  object.head = {tag};
  const bool is_json = usual.kind == CallKind::kJson;
  object.name_key = is_json ? usual.name_key : "name";
  object.arguments_key = is_json ? usual.arguments_key : "parameters";
  CallFormat builtin = Pythonic("", "");
  builtin.head = {tag, {Kind::kName, ""}, {Kind::kText, ".call("}};
  return {code, object, builtin};
}

}  // namespace

std::vector<CallFormat> KnownOtherFormats(
    const CallFormat& usual,
    const std::function<bool(std::string_view)>& writes) {
  std::vector<CallFormat> others;
  if (writes("<|python_tag|>")) others = BehindPythonTag(usual);
  if (writes("<|python_start|>") && writes("<|python_end|>")) {
    others.push_back(Pythonic("<|python_start|>", "<|python_end|>"));
    others.push_back(Pythonic("[", "]"));
  }
  std::erase_if(others, [&usual](CallFormat other) {
    other.derived = usual.derived;
    return other == usual;
  });
  return others;
}

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
