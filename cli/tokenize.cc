#include <charconv>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/help.h"
#include "engine/vocabulary.h"
#include "format/gguf.h"
#include "tokenizer/tokenizer.h"

namespace fullstop::cli {
namespace {

struct TokenizeOptions {
  std::string model;
  std::string file = "-";
  PlainTextArguments plain;
  bool lines = false;
  bool json = false;
};

// The lines of TEXT without their ends; a last line that is empty does not
// count.
std::vector<std::string_view> SplitLines(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    lines.push_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return lines;
}

std::vector<TokenId> EncodeText(const Tokenizer& tokenizer,
                                std::string_view text,
                                const TokenizeOptions& options) {
  std::vector<TokenId> ids = options.plain.Encode(tokenizer, text);
  if (!options.plain.bare) {
    const std::span<const TokenId> suffix = tokenizer.text_suffix();
    ids.insert(ids.end(), suffix.begin(), suffix.end());
  }
  return ids;
}

std::string Joined(const std::vector<TokenId>& ids) {
  std::string line;
  for (const TokenId id : ids) {
    if (!line.empty()) line += ' ';
    line += std::to_string(id);
  }
  return line + "\n";
}

int RunTokenize(const TokenizeOptions& options) {
  const Vocabulary vocabulary(options.model);
  const std::string text = ReadInput(options.file);
  if (options.lines) {
    for (const std::string_view line : SplitLines(text)) {
      const std::vector<TokenId> ids = EncodeText(*vocabulary, line, options);
      if (options.json) {
        WriteJson({{"ids", ids}});
      } else {
        WriteOut(Joined(ids));
      }
    }
    return kGood;
  }
  const std::vector<TokenId> ids = EncodeText(*vocabulary, text, options);
  if (options.json) {
    WriteJson({{"ids", ids}});
    return kGood;
  }
  std::string out;
  for (const TokenId id : ids) {
    const std::string shown =
        Json(vocabulary->TokenBytes(id))
            .dump(-1, ' ', false, Json::error_handler_t::replace);
    out += std::to_string(id) + "\t" + shown + "\n";
  }
  WriteOut(out);
  return kGood;
}

// Ids from a JSON array, an object with a member "ids", or numbers between
// white space and commas.
std::vector<TokenId> ParseIds(std::string_view text,
                              const Tokenizer& tokenizer) {
  const Json value = Json::parse(text, nullptr, false);
  std::vector<int64_t> numbers;
  const Json* list = &value;
  if (value.is_object() && value.contains("ids")) list = &value["ids"];
  if (list->is_array()) {
    for (const Json& item : *list) {
      if (!item.is_number_integer()) {
        throw Error::Format("an id must be an integer, not " + item.dump());
      }
      numbers.push_back(item.get<int64_t>());
    }
  } else {
    const char* at = text.data();
    const char* end = at + text.size();
    while (at != end) {
      if (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r' ||
          *at == ',') {
        ++at;
        continue;
      }
      int64_t number = 0;
      const auto [next, error] = std::from_chars(at, end, number);
      if (error != std::errc()) {
        throw Error::Format(
            "ids are numbers; this is '" +
            std::string(at,
                        std::min<size_t>(20, static_cast<size_t>(end - at))) +
            "'");
      }
      numbers.push_back(number);
      at = next;
    }
  }
  std::vector<TokenId> ids;
  for (const int64_t number : numbers) {
    if (number < 0 || number >= static_cast<int64_t>(tokenizer.size())) {
      throw Error::Format("id " + std::to_string(number) +
                          " is not in the vocabulary of " +
                          std::to_string(tokenizer.size()) + " tokens");
    }
    ids.push_back(static_cast<TokenId>(number));
  }
  return ids;
}

int RunDetokenize(const TokenizeOptions& options) {
  const Vocabulary vocabulary(options.model);
  const std::string text = ReadInput(options.file);
  std::vector<std::string_view> inputs = {text};
  if (options.lines) inputs = SplitLines(text);
  for (const std::string_view input : inputs) {
    const std::string decoded =
        vocabulary->Decode(ParseIds(input, *vocabulary));
    if (options.json) {
      WriteJson({{"text", decoded}});
    } else {
      WriteOut(options.lines ? decoded + "\n" : decoded);
    }
  }
  return kGood;
}

}  // namespace

void AddTokenize(CLI::App& app, Runner& run) {
  const auto options = std::make_shared<TokenizeOptions>();
  CLI::App* command = app.add_subcommand("tokenize", "text to token ids");
  AddModelArgument(*command, options->model);
  AddFileArgument(*command, options->file, "the text");
  options->plain.Add(*command);
  command->add_flag("--lines", options->lines,
                    "each line is a text of its own");
  command->add_flag("--json", options->json, "print {\"ids\": […]}");
  AddExamples(*command, {{"tokenize SmolLM2-135M-Instruct-Q4_1 text.txt",
                          "each token of a file"},
                         {"tokenize --lines --json < text.txt",
                          "the ids of each line, for a program"}});
  command->callback(
      [options, &run] { run = [options] { return RunTokenize(*options); }; });
}

void AddDetokenize(CLI::App& app, Runner& run) {
  const auto options = std::make_shared<TokenizeOptions>();
  CLI::App* command =
      app.add_subcommand("detokenize", "token ids to the exact text");
  AddModelArgument(*command, options->model);
  AddFileArgument(*command, options->file,
                  "ids: numbers, or a JSON array, or {\"ids\": […]}");
  command->add_flag("--lines", options->lines, "each line is a list of ids");
  command->add_flag("--json", options->json, "print {\"text\": …}");
  AddExamples(*command, {{"tokenize --json < text.txt | fullstop detokenize",
                          "there and back: the text as it was"}});
  command->callback(
      [options, &run] { run = [options] { return RunDetokenize(*options); }; });
}

}  // namespace fullstop::cli
