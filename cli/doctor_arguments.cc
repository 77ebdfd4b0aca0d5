#include "cli/doctor_arguments.h"

#include <CLI/Validators.hpp>
#include <string>

#include "doctor/configuration.h"

namespace fullstop::cli {

void AddFindingArguments(CLI::App* command,
                         const SharedDoctorOptions& options) {
  command
      ->add_option("--select", options->choice.select,
                   "only these rules: ids, or their beginnings")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->type_name("RULE,…");
  command->add_option("--ignore", options->choice.ignore, "not these rules")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->type_name("RULE,…");
  command
      ->add_option("--require", options->required,
                   "exit with 1 where one of these could not be evaluated")
      ->delimiter(',')
      ->allow_extra_args(false)
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

void AddFormatArgument(CLI::App* command, const SharedDoctorOptions& options) {
  command
      ->add_option("--format", options->format, "text, json, sarif or github")
      ->check(CLI::IsMember({"text", "json", "sarif", "github"}))
      ->type_name("FORMAT");
}

}  // namespace fullstop::cli
