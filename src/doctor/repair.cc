#include "doctor/repair.h"

#include <algorithm>
#include <cstdint>
#include <set>
#include <utility>

namespace fullstop {
namespace {

std::set<int64_t> Withdrawn(std::span<const RepairStep> steps) {
  std::set<int64_t> ids;
  for (const RepairStep& step : steps) {
    if (step.change.kind == ChangeKind::kWithdrawEnd)
      ids.insert(step.change.id);
  }
  return ids;
}

}  // namespace

std::vector<RepairStep> PlanRepair(const Report& report, bool unsafe) {
  std::vector<RepairStep> steps;
  for (const Diagnosis& diagnosis : report.diagnoses) {
    if (diagnosis.safety == Safety::kUnsafe && !unsafe) continue;
    for (const Change& change : diagnosis.changes) {
      auto same = std::ranges::find(steps, change, &RepairStep::change);
      if (same == steps.end()) same = steps.insert(same, {change, {}});
      if (std::ranges::find(same->rules, diagnosis.rule) == same->rules.end()) {
        same->rules.push_back(diagnosis.rule);
      }
    }
  }
  // Files that are brought in line declare no end that has to go.
  std::erase_if(steps, [withdrawn = Withdrawn(steps)](const RepairStep& step) {
    return step.change.kind == ChangeKind::kDeclareEnd &&
           withdrawn.contains(step.change.id);
  });
  return steps;
}

std::string Describe(const Target& target, const Change& change) {
  const bool known =
      change.id >= 0 &&
      change.id < static_cast<int64_t>(target.vocabulary()->size());
  const std::string token =
      known ? TokenName(target, static_cast<TokenId>(change.id))
            : std::to_string(change.id);
  switch (change.kind) {
    case ChangeKind::kDeclareEnd:
      return "declare " + token + " as an end";
    case ChangeKind::kWithdrawEnd:
      return "declare " + token + " as an end no more";
    case ChangeKind::kPermit:
      return "let " + token + " be sampled";
    case ChangeKind::kMarkControl:
      return "make " + token + " a control token";
    case ChangeKind::kDropSetting:
      return "take " + change.setting + " away";
    case ChangeKind::kTakeModel:
      return "take the vocabulary and the protocol of " +
             (target.against() == nullptr ? "the folder"
                                          : target.against()->path());
  }
  return "";
}

}  // namespace fullstop
