// What the commands share. Each command has a file of its own with one Add
// function, which declares its arguments and says how to run it.
#ifndef FULLSTOP_CLI_COMMAND_H_
#define FULLSTOP_CLI_COMMAND_H_

#include <CLI/App.hpp>
#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace fullstop::cli {

// Exit codes: the answer is good, the answer is "no", the command could not
// run.
inline constexpr int kGood = 0;
inline constexpr int kNo = 1;
inline constexpr int kCouldNotRun = 2;
// As shells expect of a program that Ctrl-C ended.
inline constexpr int kCancelled = 130;

// Runs the chosen command and returns the exit code; may throw Error.
using Runner = std::function<int()>;

void AddBench(CLI::App& app, Runner& run);
void AddChat(CLI::App& app, Runner& run);
void AddConvert(CLI::App& app, Runner& run);
void AddData(CLI::App& app, Runner& run);
void AddDetokenize(CLI::App& app, Runner& run);
void AddDoctor(CLI::App& app, Runner& run);
void AddGenerate(CLI::App& app, Runner& run);
void AddRender(CLI::App& app, Runner& run);
void AddReplay(CLI::App& app, Runner& run);
void AddScore(CLI::App& app, Runner& run);
void AddShow(CLI::App& app, Runner& run);
void AddTokenize(CLI::App& app, Runner& run);

// The positional arguments [MODEL] [FILE]; FILE "-" or left out is standard
// input.
void AddModelArgument(CLI::App& command, std::string& model);
void AddFileArgument(CLI::App& command, std::string& file,
                     const std::string& what);

using Json = nlohmann::ordered_json;

// Writes TEXT to standard output at once; throws Error (kIo) where that fails.
void WriteOut(std::string_view text);
// One JSON object and a line end; invalid UTF-8 becomes U+FFFD.
void WriteJson(const Json& value);
// A remark on standard error, dim where that is a terminal.
void Remark(std::string_view text);
// "error: …" on standard error.
void PrintError(std::string_view text);

// "1 token", "2 tokens".
std::string Count(uint64_t n, std::string_view what);

// Parses a file of JSON, "-" for standard input; errors name file, line and
// column.
Json ReadJsonFile(const std::string& path);
// As ReadFile, with a word where a person has to type the text.
std::string ReadInput(const std::string& path);

}  // namespace fullstop::cli

#endif  // FULLSTOP_CLI_COMMAND_H_
