#include "cli/command.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <string>

#include "base/error.h"
#include "base/file.h"
#include "base/utf8.h"
#include "cli/terminal.h"

namespace fullstop::cli {
namespace {

// ": unexpected end of input; expected ']'" of nlohmann's "[json.exception…]
// parse error at line …: syntax error while parsing array - unexpected end of
// input; last read: …; expected ']'".
std::string Reason(std::string_view what) {
  const size_t dash = what.find(" - ");
  if (dash == what.npos) return "";
  what.remove_prefix(dash + 3);
  std::string reason = ": " + std::string(what.substr(0, what.find(';')));
  const size_t expected = what.rfind("; expected");
  if (expected != what.npos) reason += what.substr(expected);
  return reason;
}

}  // namespace

void AddModelArgument(CLI::App& command, std::string& model) {
  command
      .add_option("model", model,
                  "a GGUF file, a folder of Hugging Face, or the name of a "
                  "model in the cache; left out, the default model")
      ->type_name("MODEL");
}

void AddFileArgument(CLI::App& command, std::string& file,
                     const std::string& what) {
  command.add_option("file", file, what + "; left out or -, standard input")
      ->type_name("FILE");
}

void WriteOut(std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(STDOUT_FILENO, text.data(), text.size());
    if (count >= 0) {
      text.remove_prefix(static_cast<size_t>(count));
    } else if (errno == EAGAIN) {
      pollfd output{.fd = STDOUT_FILENO, .events = POLLOUT, .revents = 0};
      ::poll(&output, 1, -1);
    } else if (errno != EINTR) {
      throw Error::System("can't write to standard output", errno);
    }
  }
}

void WriteJson(const Json& value) {
  WriteOut(value.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n");
}

void Remark(std::string_view text) {
  const std::string line =
      Style(stderr).dim + std::string(text) + Style(stderr).plain + "\n";
  std::fwrite(line.data(), 1, line.size(), stderr);
}

void PrintError(std::string_view text) {
  const Styles style = Style(stderr);
  const std::string line =
      style.red + "error: " + style.plain + std::string(text) + "\n";
  std::fwrite(line.data(), 1, line.size(), stderr);
}

std::string Count(uint64_t n, std::string_view what) {
  return std::to_string(n) + " " + std::string(what) + (n == 1 ? "" : "s");
}

Json ReadJsonFile(const std::string& path) {
  const std::string text = ReadFile(path);
  try {
    return Json::parse(text);
  } catch (const Json::parse_error& error) {
    const size_t byte =
        std::min(std::max<size_t>(error.byte, 1) - 1, text.size());
    const std::string_view before(text.data(), byte);
    const size_t begin = before.rfind('\n') + 1;  // 0 where there is none
    const std::string_view in_line = before.substr(begin);
    const std::string line = text.substr(
        begin, std::min(text.find('\n', begin), text.size()) - begin);
    const auto column = std::ranges::count_if(
        in_line, [](char c) { return (c & 0xC0) != 0x80; });
    throw Error::Format("this is not JSON" + Reason(error.what()))
        .In(path == "-" ? "standard input" : path)
        .AtLine(static_cast<uint64_t>(std::ranges::count(before, '\n')) + 1,
                static_cast<uint64_t>(column) + 1, ReplaceInvalidUtf8(line));
  }
}

std::string ReadInput(const std::string& path) {
  if (path == "-" && IsTerminal(stdin)) {
    Remark("reading from the terminal; Ctrl-D ends the input");
  }
  return ReadFile(path);
}

}  // namespace fullstop::cli
