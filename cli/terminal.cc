#include "cli/terminal.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>

namespace fullstop::cli {

bool IsTerminal(std::FILE* stream) { return ::isatty(::fileno(stream)) == 1; }

bool SameFile(int a, int b) {
  struct stat first, second;
  return ::fstat(a, &first) == 0 && ::fstat(b, &second) == 0 &&
         first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

bool HasEscapes(std::FILE* stream) {
  const char* term = std::getenv("TERM");
  return IsTerminal(stream) && term != nullptr &&
         std::string_view(term) != "dumb";
}

bool HasColour(std::FILE* stream) {
  const char* no_colour = std::getenv("NO_COLOR");
  return HasEscapes(stream) && (no_colour == nullptr || *no_colour == '\0');
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

RawInput::RawInput() {
  termios settings;
  if (!IsTerminal(stdin) || ::tcgetattr(STDIN_FILENO, &settings) != 0) return;
  before_ = settings;
  Apply();
}

void RawInput::Apply() {
  if (!before_) return;
  termios settings = *before_;
  settings.c_lflag &= ~static_cast<tcflag_t>(ECHO | ICANON);
  ::tcsetattr(STDIN_FILENO, TCSANOW, &settings);
}

RawInput::~RawInput() {
  if (before_) ::tcsetattr(STDIN_FILENO, TCSANOW, &*before_);
}

}  // namespace fullstop::cli
