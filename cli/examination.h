// One run of `doctor`: its targets, looked at one after another.
#ifndef FULLSTOP_CLI_EXAMINATION_H_
#define FULLSTOP_CLI_EXAMINATION_H_

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/data_arguments.h"
#include "cli/live_probe.h"
#include "doctor/baseline.h"
#include "doctor/configuration.h"
#include "doctor/examine.h"
#include "doctor/repair.h"
#include "doctor/target.h"

namespace fullstop::cli {

struct DoctorOptions {
  std::vector<std::string> targets;
  std::string against;
  std::string base;
  std::string tokenized;
  DataArguments data;
  // The model's files are left aside: only the data counts.
  bool data_only = false;
  RuleChoice choice;
  std::vector<std::string> required;
  std::string format = "text";
  std::string fail_on;
  std::string explain;
  std::string configuration;
  std::string baseline;
  std::string write_baseline;
  std::string fix;
  bool diff = false;
  bool unsafe_fixes = false;
  bool list_rules = false;
  bool no_weights = false;
  bool statistics = false;
  bool exit_zero = false;
  LiveOptions live;
};

class Examination {
 public:
  // OPTIONS must outlive the object. Throws Error where they contradict each
  // other, and what reading the files they name throws.
  explicit Examination(const DoctorOptions& options);

  // Prints what was found, and returns the exit code.
  int Run();

 private:
  bool Repairs() const { return !options_.fix.empty() || options_.diff; }
  void ReadConfiguration();
  void RefuseContradictions() const;
  Target Open(const std::string& path) const;
  void NoteMissing(const Report& report);
  // The report of TARGET once it is repaired; REPORT where nothing is.
  Report Repair(const Target& target, Report report);
  Report RepairFolder(const Target& target,
                      const std::vector<RepairStep>& steps);
  Report RepairFile(const Target& target, const std::vector<RepairStep>& steps);
  // Adds what is found of TARGET by its data and its weights.
  template <typename Suppress>
  void ExamineFurther(const Target& target, const Suppress& suppress);
  template <typename Work>
  std::optional<Report> WithProgress(const Work& work);
  // Adds what is found in the rows of each data file; TARGET may be null.
  template <typename Suppress>
  void ExamineData(const Target* target, const Suppress& suppress);
  void TellParted(const Report& report) const;
  void Add(Report report);
  void Finish() const;
  bool Fails() const;

  const DoctorOptions& options_;
  std::vector<std::string> paths_;
  Configuration configuration_;
  Baseline baseline_;
  std::shared_ptr<const Target> model_;
  std::shared_ptr<const Target> base_;
  RuleChoice choice_;
  std::vector<std::string> required_;
  Severity fail_on_ = Severity::kError;
  std::vector<Report> reports_;
  std::string diff_;
  bool misses_required_ = false;
  bool stopped_ = false;
  std::optional<LiveProbe> probe_;
};

}  // namespace fullstop::cli

#endif  // FULLSTOP_CLI_EXAMINATION_H_
