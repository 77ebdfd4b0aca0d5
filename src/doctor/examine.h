// Runs the rules over a target.
#ifndef FULLSTOP_DOCTOR_EXAMINE_H_
#define FULLSTOP_DOCTOR_EXAMINE_H_

#include <array>
#include <cstddef>
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

struct Report {
  std::string path;
  std::string kind;
  std::string hash;  // of the protocol
  // Errors first, then by id.
  std::vector<Diagnosis> diagnoses;
  std::vector<NotEvaluated> not_evaluated;

  size_t Count(Severity severity) const;
  // Whether there is a finding of SEVERITY or above.
  bool Reaches(Severity severity) const;
};

Report Examine(const Target& target, const RuleChoice& choice = {});

}  // namespace fullstop

#endif  // FULLSTOP_DOCTOR_EXAMINE_H_
