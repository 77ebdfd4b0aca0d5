#include <CLI/App.hpp>
#include <memory>
#include <string>

#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/data_show.h"
#include "cli/doctor_arguments.h"
#include "cli/examination.h"
#include "cli/help.h"
#include "engine/model_store.h"

namespace fullstop::cli {
namespace {

constexpr const char* kFileHelp =
    "training data: alpaca, sharegpt, messages or rendered text, JSON or JSONL";

void AddCheck(CLI::App* data, Runner& run) {
  const auto options = std::make_shared<DoctorOptions>();
  options->data_only = true;
  CLI::App* command = data->add_subcommand(
      "check", "what is wrong with rows, and where replies would not end");
  const auto model = std::make_shared<std::string>();
  AddModelArgument(*command, *model);
  command->add_option("file", options->data.files, kFileHelp)
      ->type_name("FILE")
      ->required();
  options->data.AddReading(command);
  options->data.AddParting(command);
  AddFindingArguments(command, options);
  AddFormatArgument(command, options);
  AddExamples(
      *command,
      {{"data check SmolLM2-135M-Instruct rows.jsonl", "before a training run"},
       {"data check MODEL rows.jsonl --cutoff 1024,2048",
        "how many answers lose their end"},
       {"data check MODEL rows.jsonl --trainer recipe.yaml",
        "what LLaMA-Factory would make of them"},
       {"data check MODEL rows.jsonl --emit clean.jsonl --rejects bad.jsonl",
        "the good rows, and the others with reasons"}});
  command->callback([options, model, &run] {
    run = [options, model] {
      options->targets = {ResolveModel(*model)};
      return Examination(*options).Run();
    };
  });
}

void AddShow(CLI::App* data, Runner& run) {
  const auto options = std::make_shared<ShowDataOptions>();
  CLI::App* command = data->add_subcommand(
      "show", "rows as the model sees them: what is trained, what is cut");
  AddModelArgument(*command, options->model);
  command->add_option("file", options->data.files, kFileHelp)
      ->type_name("FILE")
      ->expected(1)
      ->required();
  command->add_option("--sample", options->sample, "draw so many rows (3)")
      ->type_name("N");
  command->add_option("--seed", options->seed, "of the draw (0)")
      ->type_name("N");
  command
      ->add_option("--row", options->rows,
                   "these rows, by their numbers, instead of a draw")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->check(AtLeast(1))
      ->type_name("N,…");
  options->data.AddReading(command);
  command->add_flag("--json", options->json,
                    "print text, ids and what each of them is");
  AddExamples(*command,
              {{"data show SmolLM2-135M-Instruct rows.jsonl", "three of them"},
               {"data show MODEL rows.jsonl --row 17 --cutoff 512",
                "one, and what a cut takes away"}});
  command->callback(
      [options, &run] { run = [options] { return ShowData(*options); }; });
}

}  // namespace

void AddData(CLI::App& app, Runner& run) {
  CLI::App* data = app.add_subcommand(
      "data", "training data: check it, look at it as the model sees it");
  data->require_subcommand(1);
  AddCheck(data, run);
  AddShow(data, run);
}

}  // namespace fullstop::cli
