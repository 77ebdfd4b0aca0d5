#include "protocol/call_format.h"

namespace fullstop {

std::string_view CallKindName(CallKind kind) {
  switch (kind) {
    case CallKind::kNone:
      return "none";
    case CallKind::kJson:
      return "json";
    case CallKind::kNamed:
      return "named";
    case CallKind::kChannel:
      return "channel";
  }
  return "none";
}

std::string_view ArgumentSyntaxName(ArgumentSyntax syntax) {
  switch (syntax) {
    case ArgumentSyntax::kJson:
      return "json";
    case ArgumentSyntax::kPairs:
      return "pairs";
    case ArgumentSyntax::kLiteral:
      return "literal";
    case ArgumentSyntax::kCode:
      return "code";
  }
  return "json";
}

std::string Describe(const CallFormat& format) {
  std::string line(CallKindName(format.kind));
  if (format.kind == CallKind::kNone) return line;
  if (format.kind == CallKind::kChannel) {
    return line + " to=" + format.name_prefix + "{name}";
  }
  line += format.derived ? ": " : " (known): ";
  if (!format.section_open.empty()) line += format.section_open + " … ";
  for (const CallStep& step : format.head) {
    line += step.kind == CallStep::Kind::kText   ? step.text
            : step.kind == CallStep::Kind::kName ? "{name}"
                                                 : "{id}";
  }
  if (format.kind == CallKind::kJson) {
    line += "{\"" + format.name_key + "\", \"" + format.arguments_key + "\"}";
  } else if (format.arguments == ArgumentSyntax::kJson) {
    line += "{json}";
  } else if (format.arguments == ArgumentSyntax::kPairs) {
    line += "(" + format.key_open + "{key}" + format.value_open;
    if (!format.other_open.empty()) line += "|" + format.other_open;
    line += "{value}" + format.value_close;
    if (!format.key_close.empty()) line += "{key}" + format.key_close;
    line += ")";
  } else if (format.arguments == ArgumentSyntax::kCode) {
    line += format.tool + "({" + format.code_key + "})";
  } else {
    line += "{key}" + format.assign + format.quote + "{value}" + format.quote +
            format.end;
  }
  line += format.close;
  if (!format.section_close.empty()) line += " … " + format.section_close;
  if (!format.answer_name.empty()) line += ", answers to " + format.answer_name;
  if (format.prefilled) line += ", opened";
  return line;
}

}  // namespace fullstop
