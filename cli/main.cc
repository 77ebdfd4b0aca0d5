#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <exception>
#include <memory>
#include <new>
#include <optional>
#include <string>

#include "base/error.h"
#include "cli/command.h"
#include "cli/help.h"

namespace fullstop::cli {
namespace {

// A stream that the caller closed must not become a file that is opened later:
// in its place stands one that can be neither read nor written.
void KeepStreamsApart() {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(fd, F_GETFD) != -1 || errno != EBADF) continue;
    // The lowest number that is free is taken: FD.
    ::open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
  }
}

// Parses the command line; an exit code where that answers it already.
std::optional<int> Parse(CLI::App& app, int argc, char** argv) {
  const std::string first = argc > 1 ? argv[1] : "-";
  const bool is_known = std::ranges::any_of(
      app.get_subcommands({}),
      [&first](const CLI::App* command) { return command->check_name(first); });
  if (first[0] != '-' && !is_known) {
    PrintError(DescribeUnknownCommand(app, first) +
               "\n  fullstop --help lists what there is");
    return kCouldNotRun;
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    const CLI::App& command = ChosenCommand(app);
    WriteOut(command.help(command.get_name()));
    return kGood;
  } catch (const CLI::CallForVersion& version) {
    WriteOut(std::string(version.what()) + "\n");
    return kGood;
  } catch (const CLI::ParseError& error) {
    PrintError(DescribeParseError(app, error));
    return kCouldNotRun;
  }
  return std::nullopt;
}

int Main(int argc, char** argv) {
  KeepStreamsApart();
  // A file past the limit on its size is an error of that write, not the end.
  ::signal(SIGXFSZ, SIG_IGN);
  CLI::App app(
      "fullstop: chat language models whose replies end where they should, and "
      "say why");
  app.name("fullstop");
  app.set_version_flag("--version", "fullstop " FULLSTOP_VERSION);
  app.require_subcommand(1);
  app.formatter(std::make_shared<HelpFormatter>());
  Runner run;
  AddChat(app, run);
  AddGenerate(app, run);
  AddShow(app, run);
  AddRender(app, run);
  AddTokenize(app, run);
  AddDetokenize(app, run);
  AddScore(app, run);
  AddReplay(app, run);
  AddConvert(app, run);
  AddData(app, run);
  AddDoctor(app, run);
  AddBench(app, run);
  try {
    const std::optional<int> code = Parse(app, argc, argv);
    return code ? *code : run();
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
