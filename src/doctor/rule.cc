#include "doctor/rule.h"

namespace fullstop {

std::vector<const Rule*> AllRules() {
  // What is wrong with tokens explains what is wrong with the template's
  // renderings, and that what is wrong with the ends: causes come first.
  std::vector<const Rule*> rules;
  for (const auto family :
       {TokenRules(), WeightRules(), AdapterRules(), AdapterSizeRules(),
        AdapterRowRules(), AdapterProtocolRules(), TemplateRules(), TurnRules(),
        ContentRules(), EndRules(), SamplingRules(), GgufRules(), DataRules(),
        RawDataRules(), LiveRules(), ConfigurationRules()}) {
    for (const Rule& rule : family) rules.push_back(&rule);
  }
  return rules;
}

const Rule* FindRule(std::string_view id) {
  for (const Rule* rule : AllRules()) {
    if (rule->id == id) return rule;
  }
  return nullptr;
}

std::string_view SeverityName(Severity severity) {
  switch (severity) {
    case Severity::kNote:
      return "note";
    case Severity::kWarning:
      return "warning";
    case Severity::kError:
      return "error";
  }
  return "";
}

std::optional<Severity> SeverityOf(std::string_view name) {
  for (const Severity severity : kSeverities) {
    if (SeverityName(severity) == name) return severity;
  }
  return std::nullopt;
}

std::string_view CertaintyName(Certainty certainty) {
  switch (certainty) {
    case Certainty::kCertain:
      return "certain";
    case Certainty::kLikely:
      return "likely";
    case Certainty::kPossible:
      return "possible";
  }
  return "";
}

}  // namespace fullstop
