#include <CLI/App.hpp>
#include <CLI/Validators.hpp>
#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "cli/command.h"
#include "cli/help.h"
#include "cli/terminal.h"
#include "doctor/examine.h"
#include "doctor/report.h"

namespace fullstop::cli {
namespace {

struct DoctorOptions {
  std::vector<std::string> targets;
  RuleChoice choice;
  std::vector<std::string> required;
  std::string format = "text";
  std::string fail_on = "error";
  std::string explain;
  bool list_rules = false;
  bool statistics = false;
  bool exit_zero = false;
};

int Explain(const std::string& id) {
  const Rule* rule = FindRule(id);
  if (rule == nullptr) {
    throw Error::Usage("there is no rule '" + id + "'")
        .Advice("fullstop doctor --rules lists them");
  }
  WriteOut(PrintPage(*rule));
  return kGood;
}

int ListRules() {
  for (const Rule* rule : AllRules()) {
    WriteOut(std::string(rule->id) + "  " + std::string(rule->title) + "\n");
  }
  return kGood;
}

Severity FailOn(const DoctorOptions& options) {
  for (const Severity severity : kSeverities) {
    if (SeverityName(severity) == options.fail_on) return severity;
  }
  return Severity::kError;
}

// The required rules that REPORT could not evaluate.
std::vector<std::string> Missing(const DoctorOptions& options,
                                 const Report& report) {
  std::vector<std::string> missing;
  for (const NotEvaluated& each : report.not_evaluated) {
    const bool required = std::ranges::find(options.required, each.rule) !=
                          options.required.end();
    if (required) missing.push_back(each.rule);
  }
  return missing;
}

// How often each rule found something, the most frequent first.
std::string Statistics(const std::vector<Report>& reports) {
  std::map<std::string, size_t> counts;
  for (const Report& report : reports) {
    for (const Diagnosis& each : report.diagnoses) ++counts[each.rule];
  }
  std::vector<std::pair<std::string, size_t>> sorted(counts.begin(),
                                                     counts.end());
  std::ranges::sort(sorted, [](const auto& a, const auto& b) {
    return a.second != b.second ? a.second > b.second : a.first < b.first;
  });
  std::string text;
  for (const auto& [id, count] : sorted) {
    text += std::to_string(count) + "  " + id + "  " +
            std::string(FindRule(id)->title) + "\n";
  }
  return text;
}

int RunDoctor(const DoctorOptions& options) {
  if (options.list_rules) return ListRules();
  if (!options.explain.empty()) return Explain(options.explain);
  if (options.targets.empty()) {
    throw Error::Usage("there is no target to look at")
        .Advice("give a GGUF file or a model's folder");
  }
  options.choice.Check();
  RuleChoice{.select = options.required, .ignore = {}}.Check();
  const bool json = options.format == "json";
  bool fails = false;
  std::vector<Report> reports;
  for (const std::string& path : options.targets) {
    const Report report = Examine(Target::Open(path), options.choice);
    const std::vector<std::string> missing = Missing(options, report);
    fails |= report.Reaches(FailOn(options)) || !missing.empty();
    if (!json) WriteOut(PrintReport(report, HasColour(stdout)));
    for (const std::string& rule : missing) {
      Remark(rule + " is required, and could not be evaluated");
    }
    reports.push_back(report);
  }
  if (json) {
    Json targets = Json::array();
    for (const Report& report : reports) targets.push_back(ToJson(report));
    WriteJson({{"targets", std::move(targets)}});
  } else if (options.statistics) {
    WriteOut(Statistics(reports));
  }
  return fails && !options.exit_zero ? kNo : kGood;
}

}  // namespace

void AddDoctor(CLI::App& app, Runner& run) {
  const auto options = std::make_shared<DoctorOptions>();
  CLI::App* command = app.add_subcommand(
      "doctor", "what is wrong with a model's files, and with its ends");
  command->add_option("TARGET", options->targets,
                      "GGUF files, or Hugging Face folders");
  command
      ->add_option("--select", options->choice.select,
                   "only these rules: ids, or their beginnings")
      ->delimiter(',')
      ->type_name("RULE,…");
  command->add_option("--ignore", options->choice.ignore, "not these rules")
      ->delimiter(',')
      ->type_name("RULE,…");
  command
      ->add_option("--require", options->required,
                   "exit with 1 where one of these could not be evaluated")
      ->delimiter(',')
      ->type_name("RULE,…");
  command
      ->add_option("--fail-on", options->fail_on,
                   "exit with 1 from this severity on: note, warning or "
                   "error")
      ->check(CLI::IsMember({"note", "warning", "error"}))
      ->type_name("SEVERITY");
  command->add_flag("--exit-zero", options->exit_zero,
                    "exit with 0 whatever was found");
  command->add_flag("--statistics", options->statistics,
                    "how often each rule found something, at the end");
  command->add_option("--format", options->format, "text or json")
      ->check(CLI::IsMember({"text", "json"}))
      ->type_name("FORMAT");
  command->add_flag("--rules", options->list_rules, "list all rules");
  command->add_option("--explain", options->explain, "one rule's page")
      ->type_name("RULE");
  AddExamples(*command, {{"doctor SmolLM2-135M-Instruct", "before an upload"},
                         {"doctor model.gguf --format json", "for a program"},
                         {"doctor model.gguf --select GEN --fail-on warning",
                          "ends alone, and stricter"},
                         {"doctor --explain GEN001", "what a rule means"}});
  command->callback(
      [options, &run] { run = [options] { return RunDoctor(*options); }; });
}

}  // namespace fullstop::cli
