#include <CLI/App.hpp>
#include <CLI/Validators.hpp>
#include <memory>
#include <string>

#include "base/error.h"
#include "cli/command.h"
#include "cli/doctor_arguments.h"
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
  if (options.targets.empty() && options.data.files.empty()) {
    throw Error::Usage("there is no target to look at")
        .Advice("give a GGUF file or a model's folder");
  }
  return Examination(options).Run();
}

// What is read of a model, and what is written.
void AddRepairs(CLI::App* command, const SharedDoctorOptions& options) {
  command->add_flag("--no-weights", options->no_weights,
                    "leave the weights closed, of which else a few rows are "
                    "read");
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
  const auto options = std::make_shared<DoctorOptions>();
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
      ->add_option("--data", options->data.files,
                   "training data as it was written: alpaca, sharegpt or "
                   "messages, JSON or JSONL")
      ->type_name("FILE");
  options->data.AddReading(command);
  AddFindingArguments(command, options);
  AddFormatArgument(command, options);
  AddRepairs(command, options);
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
