#include "cli/live_probe.h"

#include <chrono>
#include <cstdint>
#include <string_view>

#include "base/error.h"
#include "cli/command.h"
#include "cli/interrupt.h"
#include "cli/progress_line.h"
#include "doctor/live.h"
#include "engine/loaded_model.h"
#include "engine/sampling_defaults.h"
#include "measure/known_replies.h"
#include "measure/sweep.h"
#include "measure/variants.h"

namespace fullstop::cli {
namespace {

using Clock = std::chrono::steady_clock;

constexpr const char* kDefaultBudget = "60s";

}  // namespace

void LiveOptions::Add(CLI::App& command) {
  const std::string group = "Live probe";
  command
      .add_flag("--live", live,
                "measure with the model's weights whether its replies end")
      ->group(group);
  command
      .add_option("--budget", budget,
                  "how long the probe may take: 60s, 5m, 1h; it does as much "
                  "as fits")
      ->type_name("TIME")
      ->group(group);
  command
      .add_option("--plan", plan,
                  "do what an earlier probe did: the JSON that it printed")
      ->type_name("FILE")
      ->group(group);
  command
      .add_option("--prompts", prompts,
                  "known replies of your own: JSONL with prompt and reply, or "
                  "messages")
      ->type_name("FILE")
      ->group(group);
  command
      .add_option("--compare", compare,
                  "measure this model by the same plan, and show both: what it "
                  "was before training or quantisation")
      ->type_name("MODEL")
      ->group(group);
  command
      .add_flag("--sweep", sweep,
                "also reply by each of many settings, as far as it fits: how "
                "replies end by other temperatures, by our penalties and by "
                "those of others")
      ->group(group);
  command
      .add_option("--report", page,
                  "write all that was found as a page for a browser")
      ->type_name("FILE.html")
      ->group(group);
  compute.Add(command);
}

void LiveOptions::Check() const {
  if (live) return;
  const bool given = budget != kDefaultBudget || sweep ||
                     !(plan.empty() && prompts.empty() && compare.empty());
  if (given) {
    throw Error::Usage(
        "--budget, --plan, --prompts, --compare and --sweep go with --live");
  }
}

LiveProbe::LiveProbe(const LiveOptions& options) : options_(&options) {
  measure_.known = options.prompts.empty() ? KnownReplies()
                                           : ReadKnownReplies(options.prompts);
  if (options.plan.empty()) {
    ParseDuration(options.budget);
    return;
  }
  try {
    plan_ = PlanFromJson(ReadJsonFile(options.plan));
  } catch (const Error& error) {
    throw Error(error).In(options.plan);
  }
  if (options.sweep && plan_->sweep_settings == 0) {
    Remark("--sweep does nothing: the plan has no sweep");
  }
}

const Other* LiveProbe::RunOther() {
  if (!compares()) return nullptr;
  if (!other_) {
    const Target target = Target::Open(options_->compare);
    std::optional<Measurement> measurement = Run(target);
    if (!measurement) return nullptr;
    other_ = {target.path(), *std::move(measurement),
              target.vocabulary()->size()};
  }
  return &*other_;
}

Plan LiveProbe::MakePlanFor(LoadedModel& model, Clock::time_point begin) const {
  const Cost cost = Calibrate(model.protocol(), model.forward(), measure_);
  Extent extent{.known = measure_.known.size(),
                .dresses = VariantsOf(model.protocol()).size() + 1};
  if (options_->sweep) {
    extent.settings = SweepSettings(measure_.sampling).size();
  }
  const std::chrono::duration<double> spent = Clock::now() - begin;
  const double models = compares() ? 2 : 1;
  return MakePlan(ParseDuration(options_->budget) / models - spent.count(),
                  cost, extent);
}

std::optional<Measurement> LiveProbe::Run(const Target& target) {
  const Clock::time_point begin = Clock::now();
  LoadedModel model(target.path(), {}, options_->compute.Options());
  options_->compute.Load(model);
  measure_.declared = DeclaredIds(target);
  measure_.written = WrittenIds(target);
  measure_.sampling = {};
  measure_.suppress = model.suppressed();
  ApplySamplingDefaults(model.protocol().facts().sampling, &measure_.sampling);
  if (!plan_) plan_ = MakePlanFor(model, begin);
  Remark(target.path() + ": " + DescribePlan(*plan_));
  for (const std::string& each : plan_->left_out) Remark("left out: " + each);
  CountInterrupts();
  ProgressLine line;
  measure_.progress = [&line](std::string_view work, size_t done,
                              size_t total) {
    return !line.Update(work, done, total);
  };
  return Measure(model.protocol(), model.forward(), *plan_, measure_);
}

}  // namespace fullstop::cli
