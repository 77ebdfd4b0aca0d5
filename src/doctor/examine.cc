#include "doctor/examine.h"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <map>
#include <optional>

#include "base/error.h"
#include "base/sha256.h"
#include "doctor/adapter_pair.h"
#include "doctor/severity_order.h"

namespace fullstop {
namespace {

namespace fs = std::filesystem;

bool BeginsWithOneOf(std::string_view id,
                     const std::vector<std::string>& entries) {
  return std::ranges::any_of(entries, [id](const std::string& entry) {
    return id.starts_with(entry);
  });
}

// What an adapter lacks for RULE, an ordinary one: a vocabulary, or the ends
// that its base declares. Empty where it can be asked.
std::string WhatIsMissing(const Target& target, const Rule& rule) {
  if (target.adapter() == nullptr || target.base() != nullptr ||
      rule.id.starts_with("ADP") || rule.id.starts_with("CFG")) {
    return "";
  }
  const bool can_tell = target.has_vocabulary() && !rule.id.starts_with("GEN");
  return can_tell ? "" : NeedsBase(target);
}

}  // namespace

void RuleChoice::Check() const {
  const std::vector<const Rule*> rules = AllRules();
  for (const auto* entries : {&select, &ignore}) {
    for (const std::string& entry : *entries) {
      const bool known = std::ranges::any_of(rules, [&](const Rule* rule) {
        return !entry.empty() && rule->id.starts_with(entry);
      });
      if (!known) {
        throw Error::Usage("there is no rule '" + entry + "'")
            .Advice("fullstop doctor --rules lists them");
      }
    }
  }
}

bool RuleChoice::Runs(const Rule& rule) const {
  return (select.empty() || BeginsWithOneOf(rule.id, select)) &&
         !BeginsWithOneOf(rule.id, ignore);
}

size_t Report::Count(Severity severity) const {
  return static_cast<size_t>(
      std::ranges::count(diagnoses, severity, &Diagnosis::severity));
}

bool Report::Reaches(Severity severity) const {
  return std::ranges::any_of(diagnoses, [severity](const Diagnosis& each) {
    return each.severity >= severity;
  });
}

std::string Report::Name() const {
  const fs::path whole = fs::path(path).lexically_normal();
  return (whole.has_filename() ? whole : whole.parent_path())
      .filename()
      .string();
}

std::string Fingerprint(const Report& report, const Diagnosis& diagnosis) {
  constexpr size_t kDigits = 16;
  return Sha256Hex(diagnosis.rule + "\n" + report.Name() + "\n" +
                   diagnosis.message)
      .substr(0, kDigits);
}

Report Examine(const Target& target, const RuleChoice& choice) {
  Report report{.path = target.path(),
                .kind = std::string(TargetKindName(target.kind())),
                .hash = target.has_vocabulary() ? target.protocol().hash()
                                                : std::string(),
                .main = MainPlace(target)};
  std::vector<Diagnosis> found;
  std::map<std::string, std::optional<Place>> places;
  for (const Rule* rule : AllRules()) {
    if (rule->check == nullptr || !choice.Runs(*rule)) continue;
    Findings findings(rule->id);
    if (std::string missing = WhatIsMissing(target, *rule); missing.empty()) {
      rule->check(target, &findings);
    } else {
      findings.CannotTell(std::move(missing));
    }
    for (Diagnosis& diagnosis : findings.diagnoses()) {
      // Its base is repaired, or what it is merged into.
      if (target.adapter() != nullptr) diagnosis.changes.clear();
      for (Exhibit& exhibit : diagnosis.evidence) {
        const auto [known, is_new] = places.try_emplace(exhibit.where);
        if (is_new) known->second = FindPlace(target, exhibit.where);
        exhibit.place = known->second;
      }
    }
    std::ranges::move(findings.diagnoses(), std::back_inserter(found));
    std::ranges::move(findings.unknown(),
                      std::back_inserter(report.not_evaluated));
  }
  report.diagnoses = BySeverity(found);
  return report;
}

}  // namespace fullstop
