// How --help looks, and which name somebody may have meant.
#ifndef FULLSTOP_CLI_HELP_H_
#define FULLSTOP_CLI_HELP_H_

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace fullstop::cli {

// Two columns, wrapped to the width of the terminal.
class HelpFormatter : public CLI::Formatter {
 public:
  std::string make_usage(const CLI::App* app, std::string name) const override;
  std::string make_subcommand(const CLI::App* command) const override;
  std::string make_option(const CLI::Option* option,
                          bool positional) const override;
};

// A command line, without the program's name, and what it is good for; --help
// shows them at its end.
struct Example {
  const char* line;
  const char* remark;
};
void AddExamples(CLI::App& command, const std::vector<Example>& examples);

// The one of KNOWN that is spelled most like NAME; empty where none is near.
std::string Nearest(std::string_view name,
                    const std::vector<std::string>& known);

// The command of APP, or of a command of its own, that was given; APP where
// none was.
const CLI::App& ChosenCommand(const CLI::App& app);

// That APP has no command NAME, and which may be meant.
std::string DescribeUnknownCommand(const CLI::App& app,
                                   const std::string& name);

// What was wrong with a command line that CLI11 refused.
std::string DescribeParseError(const CLI::App& app,
                               const CLI::ParseError& error);

}  // namespace fullstop::cli

#endif  // FULLSTOP_CLI_HELP_H_
