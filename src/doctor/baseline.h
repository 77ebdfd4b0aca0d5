// Findings that were there when somebody began to look, kept in a file so that
// only new ones count.
#ifndef FULLSTOP_DOCTOR_BASELINE_H_
#define FULLSTOP_DOCTOR_BASELINE_H_

#include <set>
#include <span>
#include <string>

#include "doctor/examine.h"

namespace fullstop {

class Baseline {
 public:
  // Throws Error: what ReadFile throws, kFormat where it is no baseline.
  static Baseline Read(const std::string& path);

  // Moves the findings that the baseline has to REPORT->suppressed.
  void Apply(Report* report) const;

 private:
  std::set<std::string> fingerprints_;
};

// All findings of REPORTS that count, as a baseline at PATH: JSON, `findings`
// [`fingerprint`, `rule`, `target`, `message`]. Throws Error (kIo).
void WriteBaseline(const std::string& path, std::span<const Report> reports);

}  // namespace fullstop

#endif  // FULLSTOP_DOCTOR_BASELINE_H_
