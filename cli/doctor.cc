#include <CLI/App.hpp>
#include <CLI/Validators.hpp>
#include <memory>
#include <string>

#include "base/error.h"
#include "cli/command.h"
#include "cli/examination.h"
#include "cli/help.h"
#include "doctor/catalogue.h"
#include "doctor/report.h"

namespace fullstop::cli {
namespace {

int Explain(const std::string& id) {
  if (id == "all") {
    WriteOut(PrintAllPages());
    return kGood;
  }
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

int RunDoctor(const DoctorOptions& options) {
  if (options.list_rules) return ListRules();
  if (!options.explain.empty()) return Explain(options.explain);
  if (options.targets.empty() && options.data.empty()) {
    throw Error::Usage("there is no target to look at")
        .Advice("give a GGUF file or a model's folder");
  }
  return Examination(options).Run();
}

using Options = std::shared_ptr<DoctorOptions>;

// Which findings count.
void AddChoice(CLI::App* command, const Options& options) {
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
  command->add_flag("--no-weights", options->no_weights,
                    "leave the weights closed, of which else a few rows are "
                    "read");
  command->add_flag("--exit-zero", options->exit_zero,
                    "exit with 0 whatever was found");
  command->add_flag("--statistics", options->statistics,
                    "how often each rule found something, at the end");
  command
      ->add_option("--config", options->configuration,
                   "the file of settings; else " +
                       std::string(kConfigurationName) +
                       " of this folder or one above it")
      ->type_name("FILE");
  command
      ->add_option("--baseline", options->baseline,
                   "findings of this file do not count")
      ->type_name("FILE");
  command
      ->add_option("--write-baseline", options->write_baseline,
                   "write all findings into a file, for --baseline")
      ->type_name("FILE");
}

// What is printed and written.
void AddOutput(CLI::App* command, const Options& options) {
  command
      ->add_option("--format", options->format, "text, json, sarif or github")
      ->check(CLI::IsMember({"text", "json", "sarif", "github"}))
      ->type_name("FORMAT");
  command
      ->add_option("--fix", options->fix,
                   "write what was repaired: a new GGUF file, or a folder of "
                   "the files that change")
      ->type_name("OUT");
  command->add_flag("--diff", options->diff,
                    "show what --fix would change in a folder, as a patch");
  command->add_flag("--unsafe-fixes", options->unsafe_fixes,
                    "also repairs that may change what was meant");
}

}  // namespace

void AddDoctor(CLI::App& app, Runner& run) {
  const Options options = std::make_shared<DoctorOptions>();
  CLI::App* command = app.add_subcommand(
      "doctor", "what is wrong with a model's files, and with its ends");
  command
      ->add_option("target", options->targets,
                   "GGUF files, Hugging Face folders, PEFT adapters, or files "
                   "in one")
      ->type_name("TARGET");
  command
      ->add_option("--against", options->against,
                   "what the GGUF files were made from: says what they lost")
      ->type_name("FOLDER");
  command
      ->add_option("--base", options->base,
                   "what an adapter or a model was trained from: says whether "
                   "their rows and their ends fit")
      ->type_name("MODEL");
  command
      ->add_option("--tokenized", options->tokenized,
                   "what a trainer made of its data, JSONL with input_ids and "
                   "labels: whether the model learns to end its turns")
      ->type_name("FILE");
  command
      ->add_option("--data", options->data,
                   "training data as it was written: alpaca, sharegpt or "
                   "messages, JSON or JSONL")
      ->type_name("FILE");
  command
      ->add_option("--columns", options->columns,
                   "how the columns of --data are called: an entry of "
                   "LLaMA-Factory's dataset_info.json")
      ->type_name("FILE:NAME");
  AddChoice(command, options);
  AddOutput(command, options);
  options->live.Add(*command);
  command->add_flag("--rules", options->list_rules, "list all rules");
  command->add_option("--explain", options->explain, "one rule's page, or all")
      ->type_name("RULE");
  AddExamples(*command, {{"doctor SmolLM2-135M-Instruct", "before an upload"},
                         {"doctor model.gguf --format json", "for a program"},
                         {"doctor model.gguf --select GEN --fail-on warning",
                          "ends alone, and stricter"},
                         {"doctor model.gguf --against Llama-3.1-8B-Instruct",
                          "what a conversion lost"},
                         {"doctor adapter --base SmolLM2-135M-Instruct",
                          "whether an adapter's ends were trained"},
                         {"doctor model.gguf --fix repaired.gguf",
                          "a new file with its ends declared"},
                         {"doctor model.gguf --live --budget 5m",
                          "whether its replies end, measured"},
                         {"doctor --explain GEN001", "what a rule means"}});
  command->callback(
      [options, &run] { run = [options] { return RunDoctor(*options); }; });
}

}  // namespace fullstop::cli
