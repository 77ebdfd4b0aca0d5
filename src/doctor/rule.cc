#include "doctor/rule.h"

namespace fullstop {

std::vector<const Rule*> AllRules() {
  std::vector<const Rule*> rules;
  for (const auto family :
       {EndRules(), SamplingRules(), TemplateRules(), TokenRules()}) {
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
