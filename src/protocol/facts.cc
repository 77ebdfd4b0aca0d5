#include "protocol/facts.h"

#include "base/sha256.h"
#include "base/utf8.h"

namespace fullstop {
namespace {

using nlohmann::json;

// Vocabularies may hold tokens that are no UTF-8, which JSON cannot.
json Text(const std::string& text) { return ReplaceInvalidUtf8(text); }

json MarkerJson(const std::optional<Marker>& marker) {
  if (!marker) return nullptr;
  return {{"text", Text(marker->text)}, {"ids", marker->ids}};
}

}  // namespace

const NamedToken* ProtocolFacts::FindNamed(std::string_view name) const {
  for (const NamedToken& token : named) {
    if (token.name == name) return &token;
  }
  return nullptr;
}

std::string_view FindingKindName(FindingKind kind) {
  switch (kind) {
    case FindingKind::kDeclaredNotWritten:
      return "declared_not_written";
    case FindingKind::kWrittenNotDeclared:
      return "written_not_declared";
    case FindingKind::kTwoBos:
      return "two_bos";
    case FindingKind::kNoBos:
      return "no_bos";
    case FindingKind::kGuess:
      return "guess";
    case FindingKind::kTextStop:
      return "text_stop";
    case FindingKind::kNoEnd:
      return "no_end";
    case FindingKind::kSection:
      return "section";
    case FindingKind::kSuppressed:
      return "suppressed";
    case FindingKind::kOutOfRange:
      return "out_of_range";
    case FindingKind::kNoTemplate:
      return "no_template";
    case FindingKind::kTemplateError:
      return "template_error";
    case FindingKind::kDisagreement:
      return "disagreement";
    case FindingKind::kPromptsUnasked:
      return "prompts_unasked";
    case FindingKind::kRemark:
      return "remark";
  }
  return "remark";
}

std::string_view TokenKindName(TokenKind kind) {
  switch (kind) {
    case TokenKind::kNormal:
      return "normal";
    case TokenKind::kUnknown:
      return "unknown";
    case TokenKind::kControl:
      return "control";
    case TokenKind::kUserDefined:
      return "user_defined";
    case TokenKind::kUnused:
      return "unused";
    case TokenKind::kByte:
      return "byte";
  }
  return "normal";
}

std::string HashProtocol(const ProtocolFacts& facts) {
  json templates = json::array();
  for (const TemplateFact& fact : facts.templates) {
    templates.push_back({{"name", fact.name}, {"source", Text(fact.source)}});
  }
  json specials = json::array();
  for (const SpecialToken& token : facts.specials) {
    specials.push_back({{"id", token.id},
                        {"text", Text(token.text)},
                        {"kind", TokenKindName(token.kind)},
                        {"lstrip", token.lstrip},
                        {"rstrip", token.rstrip},
                        {"control", token.control}});
  }
  json stops = json::array();
  for (const Stop& stop : facts.stops.stops) {
    stops.push_back({{"id", stop.id}, {"role", StopRoleName(stop.role)}});
  }
  const json hashed = {
      {"templates", std::move(templates)},
      {"specials", std::move(specials)},
      {"stops", std::move(stops)},
      {"stop_strings", facts.stops.strings},
      {"bos",
       {{"id", facts.bos.id ? json(*facts.bos.id) : json()},
        {"written", facts.bos.written}}},
      {"reasoning",
       {{"opening", MarkerJson(facts.reasoning.opening)},
        {"closing", MarkerJson(facts.reasoning.closing)},
        {"answer", MarkerJson(facts.reasoning.answer)},
        {"prefilled", facts.reasoning.prefilled},
        {"field", facts.reasoning.field}}},
      {"tool_calls",
       {{"opening", MarkerJson(facts.tool_calls.opening)},
        {"closing", MarkerJson(facts.tool_calls.closing)}}},
  };
  return Sha256Hex(hashed.dump(-1, ' ', false, json::error_handler_t::replace));
}

}  // namespace fullstop
