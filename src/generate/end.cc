#include "generate/end.h"

#include <array>
#include <utility>

#include "base/utf8.h"

namespace fullstop {
namespace {

constexpr std::array<std::pair<EndCause, std::string_view>, 10> kNames = {{
    {EndCause::kTurnEnd, "turn_end"},
    {EndCause::kSequenceEnd, "sequence_end"},
    {EndCause::kToolCall, "tool_call"},
    {EndCause::kTurnOpen, "turn_open"},
    {EndCause::kStopString, "stop_string"},
    {EndCause::kLoop, "loop"},
    {EndCause::kMaxTokens, "max_tokens"},
    {EndCause::kContextFull, "context_full"},
    {EndCause::kCancelled, "cancelled"},
    {EndCause::kError, "error"},
}};

std::string Hex(unsigned char byte) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  return {kDigits[byte >> 4], kDigits[byte & 15]};
}

// Control characters and quotes escaped as C does.
std::string Escaped(std::string_view text) {
  std::string escaped;
  for (const char c : ReplaceInvalidUtf8(text)) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n') {
      escaped += "\\n";
    } else if (c == '\t') {
      escaped += "\\t";
    } else if (c == '"' || c == '\\') {
      escaped += {'\\', c};
    } else if (byte < 0x20 || byte == 0x7F) {
      escaped += "\\x" + Hex(byte);
    } else {
      escaped += c;
    }
  }
  return escaped;
}

// " (gguf tokenizer.ggml.eos_token_id, derived)": where a source is the user
// or the template, its name says enough.
std::string Declared(const std::vector<Source>& from) {
  std::string text;
  for (const Source& source : from) {
    text += text.empty() ? " (" : ", ";
    text += ProvenanceName(source.provenance);
    if (source.provenance != Provenance::kDerived &&
        source.provenance != Provenance::kUser && !source.where.empty()) {
      text += " " + Escaped(source.where);
    }
  }
  return text.empty() ? text : text + ")";
}

}  // namespace

std::string_view EndCauseName(EndCause cause) {
  for (const auto& [known, name] : kNames) {
    if (known == cause) return name;
  }
  return "";
}

std::optional<EndCause> FindEndCause(std::string_view name) {
  for (const auto& [cause, known] : kNames) {
    if (known == name) return cause;
  }
  return std::nullopt;
}

std::string DescribeEnd(const End& end) {
  std::string text(EndCauseName(end.cause));
  if (end.id) text += " " + std::to_string(*end.id);
  if (end.cause == EndCause::kStopString) {
    text += " \"" + Escaped(end.text) + "\"";
  } else if (end.cause == EndCause::kLoop) {
    text += " of " + std::to_string(end.period) + " tokens, " +
            std::to_string(end.count) + " times";
  } else if (end.cause == EndCause::kError) {
    text += ": " + Escaped(end.text);
  } else if (!end.text.empty()) {
    text += " " + Escaped(end.text);
  }
  return text + Declared(end.from);
}

std::string_view OpenAiFinishReason(EndCause cause, bool has_calls) {
  switch (cause) {
    case EndCause::kTurnEnd:
    case EndCause::kSequenceEnd:
    case EndCause::kToolCall:
    case EndCause::kTurnOpen:
      return has_calls ? "tool_calls" : "stop";
    case EndCause::kStopString:
      return "stop";
    case EndCause::kLoop:
    case EndCause::kMaxTokens:
    case EndCause::kContextFull:
    case EndCause::kCancelled:
    case EndCause::kError:
      return "length";
  }
  return "length";
}

}  // namespace fullstop
