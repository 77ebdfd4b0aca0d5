#include "cli/terminal.h"

#include <unistd.h>

#include <cstdlib>
#include <string_view>

namespace fullstop::cli {

bool IsTerminal(std::FILE* stream) { return ::isatty(::fileno(stream)) == 1; }

bool HasColour(std::FILE* stream) {
  if (!IsTerminal(stream)) return false;
  const char* no_colour = std::getenv("NO_COLOR");
  if (no_colour != nullptr && *no_colour != '\0') return false;
  const char* term = std::getenv("TERM");
  return term != nullptr && std::string_view(term) != "dumb";
}

Styles Style(std::FILE* stream) {
  if (!HasColour(stream)) return {};
  return {.plain = "\033[0m",
          .bold = "\033[1m",
          .dim = "\033[2m",
          .red = "\033[31m",
          .green = "\033[32m",
          .yellow = "\033[33m",
          .blue = "\033[34m",
          .cyan = "\033[36m"};
}

EchoOff::EchoOff() {
  termios settings;
  if (!IsTerminal(stdin) || ::tcgetattr(STDIN_FILENO, &settings) != 0) return;
  before_ = settings;
  settings.c_lflag &= ~static_cast<tcflag_t>(ECHO);
  ::tcsetattr(STDIN_FILENO, TCSANOW, &settings);
}

EchoOff::~EchoOff() {
  if (before_) ::tcsetattr(STDIN_FILENO, TCSANOW, &*before_);
}

}  // namespace fullstop::cli
