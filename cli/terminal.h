// Whether and how to use a terminal's colours.
#ifndef FULLSTOP_CLI_TERMINAL_H_
#define FULLSTOP_CLI_TERMINAL_H_

#include <cstdio>
#include <string>

namespace fullstop::cli {

// Escape sequences, all empty where colours are off.
struct Styles {
  std::string plain, bold, dim, red, green, yellow, blue, cyan;
};

// Colours are on where STREAM is a terminal that is not "dumb" and NO_COLOR is
// not set.
bool HasColour(std::FILE* stream);
Styles Style(std::FILE* stream);
bool IsTerminal(std::FILE* stream);

}  // namespace fullstop::cli

#endif  // FULLSTOP_CLI_TERMINAL_H_
