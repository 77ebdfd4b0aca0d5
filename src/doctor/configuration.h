// The doctor's own settings, from a file that stands outside of what it looks
// at: which rules run, and which findings somebody lives with.
//
//   {"select": ["GEN", "TPL"], "ignore": ["TPL010"], "require": ["GEN001"],
//    "fail-on": "warning",
//    "suppress": [{"rule": "GEN007", "target": "tiny.gguf",
//                  "message": "</s>", "reason": "the base model's end",
//                  "expires": "2027-06-30"}]}
//
// Lists hold ids of rules or their beginnings. Of a suppression `target` (the
// name of a file or folder), `message` (a part of it) and `expires` (the last
// day) may be left out. Comments of C++ are allowed.
#ifndef FULLSTOP_DOCTOR_CONFIGURATION_H_
#define FULLSTOP_DOCTOR_CONFIGURATION_H_

#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "doctor/examine.h"
#include "doctor/rule.h"

namespace fullstop {

inline constexpr std::string_view kConfigurationName = "fullstop-doctor.json";

struct Suppression {
  std::string rule;
  std::string target;
  std::string message;
  std::string reason;
  std::optional<std::chrono::year_month_day> expires;
};

struct Configuration {
  std::string path;  // empty: there is none
  RuleChoice choice;
  std::vector<std::string> require;
  std::optional<Severity> fail_on;
  std::vector<Suppression> suppressions;

  // Throws Error: what ReadFile throws, kFormat where the file is not what is
  // described above, kUsage where it names no rule.
  static Configuration Read(const std::string& path);
};

// The file kConfigurationName in FOLDER or the nearest folder above it that has
// one, but never one that lies inside of one of TARGETS: a model does not judge
// itself. nullopt where there is none.
std::optional<std::string> FindConfiguration(
    const std::string& folder, std::span<const std::string> targets);

// Takes findings out of reports, and remembers which suppressions did so.
class Suppressor {
 public:
  // CONFIGURATION must outlive the object. TODAY decides what has expired.
  Suppressor(const Configuration& configuration, std::chrono::sys_days today);

  // Moves what is suppressed to REPORT->suppressed.
  void Apply(Report* report);

  // What is wrong with the suppressions themselves, once all reports are
  // through; empty where nothing is.
  Report Remarks(const RuleChoice& choice) const;

 private:
  bool HasExpired(const Suppression& suppression) const;

  const Configuration& configuration_;
  std::chrono::sys_days today_;
  // By suppression: how often it was used, and whether there was a target that
  // it is for.
  std::vector<size_t> uses_;
  std::vector<bool> judged_;
};

}  // namespace fullstop

#endif  // FULLSTOP_DOCTOR_CONFIGURATION_H_
