// Whether and how to use a terminal's colours.
#ifndef FULLSTOP_CLI_TERMINAL_H_
#define FULLSTOP_CLI_TERMINAL_H_

#include <termios.h>

#include <cstdio>
#include <optional>
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

// While it lives, what is typed on a terminal is not echoed into the text that
// is being shown; it is there for the next line that is read.
class EchoOff {
 public:
  EchoOff();
  ~EchoOff();
  EchoOff(const EchoOff&) = delete;
  EchoOff& operator=(const EchoOff&) = delete;

 private:
  std::optional<termios> before_;
};

}  // namespace fullstop::cli

#endif  // FULLSTOP_CLI_TERMINAL_H_
