#include "protocol/show.h"

#include <memory>

#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/help.h"
#include "cli/terminal.h"
#include "engine/loaded_model.h"

namespace fullstop::cli {
namespace {

struct ShowOptions {
  std::string model;
  ProtocolArguments protocol;
  bool json = false;
};

int RunShow(const ShowOptions& options) {
  const LoadedModel model(options.model, options.protocol.Resolve());
  const ProtocolFacts& facts = model.protocol().facts();
  if (options.json) {
    WriteJson(ToJson(facts));
  } else {
    WriteOut(model.path() + "\n" + PrintProtocol(facts, HasColour(stdout)) +
             "\n");
  }
  return kGood;
}

}  // namespace

void AddShow(CLI::App& app, Runner& run) {
  const auto options = std::make_shared<ShowOptions>();
  CLI::App* command = app.add_subcommand(
      "show", "where a reply will end, and who says so: the turn protocol");
  AddModelArgument(*command, options->model);
  options->protocol.Add(*command);
  command->add_flag("--json", options->json, "print one JSON object");
  AddExamples(*command,
              {{"show", "of the default model"},
               {"show SmolLM2-135M-Instruct-Q4_1 --json", "for a program"},
               {"show --stops +0,-2", "with other ends"}});
  command->callback(
      [options, &run] { run = [options] { return RunShow(*options); }; });
}

}  // namespace fullstop::cli
