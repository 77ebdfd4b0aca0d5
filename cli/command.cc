#include "cli/command.h"

#include <errno.h>

#include <algorithm>
#include <cstdio>
#include <string>

#include "base/error.h"
#include "base/file.h"
#include "cli/terminal.h"

namespace fullstop::cli {

void AddModelArgument(CLI::App& command, std::string& model) {
  command
      .add_option("model", model,
                  "a GGUF file, or the name of a model in the cache; left "
                  "out, the default model")
      ->type_name("MODEL");
}

void AddFileArgument(CLI::App& command, std::string& file,
                     const std::string& what) {
  command.add_option("file", file, what + "; left out or -, standard input")
      ->type_name("FILE");
}

void WriteOut(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() ||
      std::fflush(stdout) != 0) {
    throw Error::System("can't write to standard output", errno);
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

Json ReadJsonFile(const std::string& path) {
  const std::string text = ReadFile(path);
  try {
    return Json::parse(text);
  } catch (const Json::parse_error& error) {
    const size_t byte = std::min(error.byte > 0 ? error.byte - 1 : 0,
                                 text.empty() ? 0 : text.size() - 1);
    const size_t start = text.rfind('\n', byte == 0 ? 0 : byte - 1);
    const size_t begin =
        start == std::string::npos || start >= byte ? 0 : start + 1;
    const size_t end = std::min(text.find('\n', begin), text.size());
    const auto lines = std::count(
        text.begin(), text.begin() + static_cast<std::ptrdiff_t>(begin), '\n');
    std::string line = text.substr(begin, std::min<size_t>(end - begin, 160));
    throw Error::Format("this is not JSON")
        .In(path == "-" ? "standard input" : path)
        .AtLine(static_cast<uint64_t>(lines) + 1, byte - begin + 1, line);
  }
}

}  // namespace fullstop::cli
