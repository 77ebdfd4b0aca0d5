// `doctor --live`: how much is measured, and of what.
#ifndef FULLSTOP_CLI_LIVE_PROBE_H_
#define FULLSTOP_CLI_LIVE_PROBE_H_

#include <CLI/App.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "cli/arguments.h"
#include "doctor/live.h"
#include "doctor/target.h"
#include "engine/loaded_model.h"
#include "measure/measurement.h"
#include "measure/plan.h"

namespace fullstop::cli {

struct LiveOptions {
  bool live = false;
  std::string budget = "60s";
  std::string plan;
  std::string prompts;
  std::string page;
  std::string compare;
  bool sweep = false;
  ComputeArguments compute;

  void Add(CLI::App& command);
  // Throws Error (kUsage) where something is given that needs --live.
  void Check() const;
};

// The probe of one run: all targets are measured by one plan.
class LiveProbe {
 public:
  // Reads the files that OPTIONS name. OPTIONS must outlive the object.
  explicit LiveProbe(const LiveOptions& options);

  bool compares() const { return !options_->compare.empty(); }
  // What targets are compared with, measured once; null where that was not
  // asked for, or Ctrl-C stopped it.
  const Other* RunOther();
  // nullopt where Ctrl-C stopped it. Says the plan on standard error before it
  // begins; the first model decides how much fits into the budget. Throws Error
  // as LoadedModel and Measure do.
  std::optional<Measurement> Run(const Target& target);

 private:
  // What fits into what is left of the budget, which began to run at BEGIN.
  Plan MakePlanFor(LoadedModel& model,
                   std::chrono::steady_clock::time_point begin) const;

  const LiveOptions* options_;
  MeasureOptions measure_;
  std::optional<Plan> plan_;
  std::optional<Other> other_;
};

}  // namespace fullstop::cli

#endif  // FULLSTOP_CLI_LIVE_PROBE_H_
