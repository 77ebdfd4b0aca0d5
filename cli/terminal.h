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

// Whether STREAM is a terminal that is not "dumb".
bool HasEscapes(std::FILE* stream);
// Colours are on where there are escape sequences and NO_COLOR is not set.
bool HasColour(std::FILE* stream);
Styles Style(std::FILE* stream);
bool IsTerminal(std::FILE* stream);
// Whether two descriptors lead to the same file.
bool SameFile(int a, int b);

// While it lives, what is typed on a terminal is neither echoed nor kept back
// until the end of its line: it waits, whole, for the one who reads next.
class RawInput {
 public:
  RawInput();
  ~RawInput();
  // Once more, where somebody else has changed the terminal since.
  void Apply();
  RawInput(const RawInput&) = delete;
  RawInput& operator=(const RawInput&) = delete;

 private:
  std::optional<termios> before_;
};

}  // namespace fullstop::cli

#endif  // FULLSTOP_CLI_TERMINAL_H_
