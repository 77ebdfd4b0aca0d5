// Runs the rules over a target.
#ifndef FULLSTOP_DOCTOR_EXAMINE_H_
#define FULLSTOP_DOCTOR_EXAMINE_H_

#include <array>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "doctor/rule.h"
#include "doctor/target.h"

namespace fullstop {

// Which rules run: those that begin with one of SELECT (all where that is
// empty) and with none of IGNORE. An entry is an id or its beginning: "GEN".
struct RuleChoice {
  std::vector<std::string> select;
  std::vector<std::string> ignore;

  // Throws Error (kUsage) where an entry begins no rule's id.
  void Check() const;
  bool Runs(const Rule& rule) const;
};

// A finding that somebody lives with.
struct Suppressed {
  Diagnosis diagnosis;
  // Empty where it stands in the baseline.
  std::string reason;
};

struct Report {
  std::string path = {};
  std::string kind = {};
  std::string hash = {};  // of the protocol
  Place main = {};        // what findings are about that have no place
  // Errors first, causes before what follows from them.
  std::vector<Diagnosis> diagnoses = {};
  std::vector<Suppressed> suppressed = {};
  std::vector<NotEvaluated> not_evaluated = {};
  // What was measured: null, or as MeasurementToJson writes it, or DataToJson;
  // and the same for a person.
  nlohmann::ordered_json live = nullptr;
  nlohmann::ordered_json data = nullptr;
  std::string figures = {};

  // The last part of the path.
  std::string Name() const;

  size_t Count(Severity severity) const;
  // Whether there is a finding of SEVERITY or above.
  bool Reaches(Severity severity) const;
};

// 16 hex digits that stay the same as long as the rule, the target's name and
// the message do.
std::string Fingerprint(const Report& report, const Diagnosis& diagnosis);

Report Examine(const Target& target, const RuleChoice& choice = {});

}  // namespace fullstop

#endif  // FULLSTOP_DOCTOR_EXAMINE_H_
