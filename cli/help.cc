#include "cli/help.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <numeric>

namespace fullstop::cli {
namespace {

constexpr size_t kNames = 28;  // columns of the left side

size_t Width() {
  winsize size = {};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) {
    return 80;
  }
  return std::clamp<size_t>(size.ws_col, 50, 100);
}

size_t CodePoints(std::string_view text) {
  return static_cast<size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

// NAMES, and TEXT in the column beside it, or below where NAMES are long.
std::string TwoColumns(const std::string& names, std::string_view text) {
  std::string out = "  " + names;
  size_t column = CodePoints(out);
  if (column + 2 > kNames) {
    out += '\n';
    column = 0;
  }
  out.append(kNames - column, ' ');
  column = kNames;
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    if (column > kNames && column + 1 + CodePoints(word) > Width()) {
      out += '\n' + std::string(kNames, ' ');
      column = kNames;
    } else if (column > kNames) {
      out += ' ';
      ++column;
    }
    out += word;
    column += CodePoints(word);
    text.remove_prefix(std::min(word.size() + 1, text.size()));
  }
  return out + '\n';
}

// How many letters have to be put in, left out, changed or swapped with their
// neighbour.
size_t Distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<size_t>> d(a.size() + 1,
                                     std::vector<size_t>(b.size() + 1));
  std::iota(d[0].begin(), d[0].end(), 0);
  for (size_t i = 1; i <= a.size(); ++i) {
    d[i][0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1,
                          d[i - 1][j - 1] + (a[i - 1] != b[j - 1])});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
      }
    }
  }
  return d[a.size()][b.size()];
}

// "data check": COMMAND behind those that it is one of.
std::string FullName(const CLI::App& command) {
  const CLI::App* parent = command.get_parent();
  const bool is_first = parent == nullptr || parent->get_parent() == nullptr;
  return (is_first ? "" : FullName(*parent) + " ") + command.get_name();
}

std::string DidYouMean(const std::string& near) {
  return near.empty() ? "" : "\n  did you mean " + near + "?";
}

std::string DescribeExtra(const CLI::App& command, const std::string& extra) {
  if (extra.size() < 2 || extra[0] != '-') {
    if (!command.get_subcommands({}).empty()) {
      return DescribeUnknownCommand(command, extra);
    }
    return "'" + extra + "' is one argument too many";
  }
  const std::string name = extra.substr(0, extra.find('='));
  std::vector<std::string> known;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& l : option->get_lnames()) known.push_back("--" + l);
    for (const std::string& s : option->get_snames()) known.push_back("-" + s);
  }
  return "there is no option " + name + DidYouMean(Nearest(name, known));
}

}  // namespace

std::string HelpFormatter::make_usage(const CLI::App* app,
                                      std::string /*name*/) const {
  std::string line = "Usage: ";
  if (app->get_parent() == nullptr) return line + "fullstop COMMAND …\n";
  line += "fullstop " + FullName(*app);
  if (!app->get_subcommands({}).empty()) return line + " COMMAND …\n";
  line += " [OPTIONS]";
  for (const CLI::Option* option : app->get_options()) {
    if (!option->get_positional()) continue;
    const std::string argument = option->get_type_name();
    line += option->get_required() ? " " + argument : " [" + argument + "]";
  }
  return line + "\n";
}

std::string HelpFormatter::make_subcommand(const CLI::App* command) const {
  return TwoColumns(command->get_name(), command->get_description());
}

std::string HelpFormatter::make_option(const CLI::Option* option,
                                       bool positional) const {
  const std::string type = option->get_type_name();
  if (positional) return TwoColumns(type, option->get_description());
  std::string names;
  for (const std::string& name : option->get_snames()) {
    names += (names.empty() ? "-" : ", -") + name;
  }
  for (const std::string& name : option->get_lnames()) {
    names += (names.empty() ? "    --" : ", --") + name;
  }
  if (option->get_type_size() != 0) names += " " + type;
  return TwoColumns(names, option->get_description());
}

void AddExamples(CLI::App& command, const std::vector<Example>& examples) {
  std::string footer = "Examples:";
  for (const Example& example : examples) {
    footer +=
        fmt::format("\n  # {}\n  fullstop {}", example.remark, example.line);
  }
  command.footer(footer);
}

std::string Nearest(std::string_view name,
                    const std::vector<std::string>& known) {
  std::string best;
  size_t least = std::max<size_t>(2, name.size() / 3) + 1;
  for (const std::string& other : known) {
    const size_t distance = Distance(name, other);
    if (distance >= least || distance >= other.size() - 1) continue;
    least = distance;
    best = other;
  }
  return best;
}

const CLI::App& ChosenCommand(const CLI::App& app) {
  const CLI::App* command = &app;
  while (!command->get_subcommands().empty()) {
    command = command->get_subcommands().back();
  }
  return *command;
}

std::string DescribeUnknownCommand(const CLI::App& app,
                                   const std::string& name) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands({})) {
    names.push_back(command->get_name());
  }
  const std::string full =
      (app.get_parent() == nullptr ? "" : FullName(app) + " ") + name;
  return "there is no command '" + full + "'" +
         DidYouMean(Nearest(name, names));
}

std::string DescribeParseError(const CLI::App& app,
                               const CLI::ParseError& error) {
  const CLI::App& command = ChosenCommand(app);
  const std::vector<std::string> extras = command.remaining();
  std::string text =
      extras.empty() ? error.what() : DescribeExtra(command, extras.front());
  // "--seed: At Most 1 required but received 2"
  const size_t twice = text.find(": At Most 1 required");
  if (twice != text.npos) text.replace(twice, text.npos, " is given twice");
  text += &command == &app ? "\n  fullstop --help lists what there is"
                           : "\n  fullstop " + FullName(command) +
                                 " --help lists what there is";
  return text;
}

}  // namespace fullstop::cli
