#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <exception>
#include <new>
#include <string>

#include "base/error.h"
#include "cli/command.h"

namespace fullstop::cli {
namespace {

int Main(int argc, char** argv) {
  CLI::App app(
      "fullstop: chat language models whose replies end where they should, and "
      "say why");
  app.name("fullstop");
  app.set_version_flag("--version", "fullstop " FULLSTOP_VERSION);
  app.require_subcommand(1);
  app.get_formatter()->column_width(34);
  Runner run;
  AddChat(app, run);
  AddGenerate(app, run);
  AddShow(app, run);
  AddRender(app, run);
  AddTokenize(app, run);
  AddDetokenize(app, run);
  AddScore(app, run);
  AddReplay(app, run);
  AddBench(app, run);
  const std::string first = argc > 1 ? argv[1] : "-";
  const auto commands = app.get_subcommands([&first](const CLI::App* command) {
    return command->get_name() == first;
  });
  if (first[0] != '-' && commands.empty()) {
    PrintError("there is no command '" + first +
               "'\n  fullstop --help lists what there is");
    return kCouldNotRun;
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);
    const CLI::App* command = &app;
    for (const CLI::App* chosen : app.get_subcommands()) command = chosen;
    PrintError(std::string(error.what()) + "\n  " +
               (command == &app
                    ? "fullstop --help"
                    : "fullstop " + command->get_name() + " --help") +
               " lists what there is");
    return kCouldNotRun;
  }
  try {
    return run();
  } catch (const Error& error) {
    PrintError(error.what());
  } catch (const std::bad_alloc&) {
    PrintError(
        "there is not enough memory\n  a smaller -c or a smaller model needs "
        "less");
  } catch (const std::exception& error) {
    PrintError(std::string("internal error: ") + error.what() +
               "\n  this is a fault of fullstop; please report it");
  }
  return kCouldNotRun;
}

}  // namespace
}  // namespace fullstop::cli

int main(int argc, char** argv) { return fullstop::cli::Main(argc, argv); }
