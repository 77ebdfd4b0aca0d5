#include "engine/score.h"

#include <fmt/format.h>

#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/help.h"
#include "cli/terminal.h"
#include "engine/loaded_model.h"

namespace fullstop::cli {
namespace {

struct ScoreArguments {
  std::string model;
  std::string file = "-";
  ComputeArguments compute;
  ProtocolArguments protocol;
  bool ids = false;
  PlainTextArguments plain;
  size_t top = 0;
  bool json = false;
};

std::vector<TokenId> ReadIds(const std::string& file, size_t vocabulary) {
  const Json list = ReadJsonFile(file);
  std::vector<TokenId> ids;
  if (!list.is_array()) throw Error::Usage("--ids takes a JSON array of ids");
  for (const Json& item : list) {
    if (!item.is_number_integer() || item.get<int64_t>() < 0 ||
        item.get<int64_t>() >= static_cast<int64_t>(vocabulary)) {
      throw Error::Usage(item.dump() + " is no id of a vocabulary of " +
                         std::to_string(vocabulary) + " tokens");
    }
    ids.push_back(item.get<TokenId>());
  }
  return ids;
}

std::vector<TokenId> InputIds(const ScoreArguments& arguments,
                              const Tokenizer& tokenizer) {
  if (arguments.ids) return ReadIds(arguments.file, tokenizer.size());
  return arguments.plain.Encode(tokenizer, ReadInput(arguments.file));
}

std::string Shown(const Tokenizer& tokenizer, TokenId id) {
  return Json(tokenizer.TokenBytes(id))
      .dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json ToJson(const TokenScore& token, const Tokenizer& tokenizer) {
  Json out = {{"id", token.id}, {"text", tokenizer.TokenBytes(token.id)}};
  if (!token.scored) {
    for (const char* key : {"logprob", "rank", "p_stop"}) out[key] = nullptr;
    return out;
  }
  out["logprob"] = token.logprob;
  out["rank"] = token.rank;
  out["p_stop"] = token.p_stop;
  for (const TokenProbability& entry : token.top) {
    out["top"].push_back({{"id", entry.id},
                          {"text", tokenizer.TokenBytes(entry.id)},
                          {"logprob", entry.logprob}});
  }
  return out;
}

void PrintRow(const TokenScore& token, const Tokenizer& tokenizer) {
  std::string row =
      token.scored ? fmt::format("{:>7} {:>10.4f} {:>7} {:>11.3e}  {}",
                                 token.id, token.logprob, token.rank,
                                 token.p_stop, Shown(tokenizer, token.id))
                   : fmt::format("{:>7} {:>10} {:>7} {:>11}  {}", token.id, "-",
                                 "-", "-", Shown(tokenizer, token.id));
  for (const TokenProbability& entry : token.top) {
    row +=
        fmt::format("  {}:{:.3f}", Shown(tokenizer, entry.id), entry.logprob);
  }
  WriteOut(row + "\n");
}

int RunScore(const ScoreArguments& arguments) {
  LoadedModel model(arguments.model, arguments.protocol.Resolve(),
                    arguments.compute.Options());
  const Tokenizer& tokenizer = model.tokenizer();
  const std::vector<TokenId> ids = InputIds(arguments, tokenizer);
  ScoreOptions options;
  options.top = arguments.top;
  if (!arguments.plain.bare && !arguments.ids) {
    options.prefix = tokenizer.text_prefix();
  }
  for (const Stop& stop : model.protocol().stops().stops) {
    options.stop_ids.push_back(stop.id);
  }
  arguments.compute.Load(model);
  const auto context = static_cast<size_t>(model.forward().context_length());
  if (ids.size() > context) {
    Remark(fmt::format(
        "{} tokens are more than the context of {}: evaluated in {} windows, "
        "of which the second half is scored",
        ids.size(), context, ids.size() / context));
  }
  if (IsTerminal(stderr) && !IsTerminal(stdout)) {
    options.progress = [](size_t done, size_t total) {
      fmt::print(stderr, "\r{} of {} tokens", done, total);
    };
  }
  Json tokens = Json::array();
  bool first = true;
  const ScoreSummary summary =
      Score(model.forward(), ids, options, [&](const TokenScore& token) {
        if (arguments.json) {
          tokens.push_back(ToJson(token, tokenizer));
          return;
        }
        if (first) {
          WriteOut(fmt::format("{:>7} {:>10} {:>7} {:>11}  {}\n", "id",
                               "logprob", "rank", "P(stop)", "text"));
        }
        first = false;
        PrintRow(token, tokenizer);
      });
  if (options.progress) fmt::print(stderr, "\r\033[K");
  const Json next = summary.p_stop_next ? Json(*summary.p_stop_next) : Json();
  if (arguments.json) {
    WriteJson({{"tokens", std::move(tokens)},
               {"p_stop_next", next},
               {"perplexity", summary.perplexity},
               {"scored", summary.scored},
               {"windows", summary.windows}});
    return kGood;
  }
  if (summary.p_stop_next) {
    WriteOut(fmt::format("P(stop) next  {:.3e}\n", *summary.p_stop_next));
  }
  WriteOut(fmt::format("perplexity    {:.4f} over {} tokens\n",
                       summary.perplexity, summary.scored));
  return kGood;
}

}  // namespace

void AddScore(CLI::App& app, Runner& run) {
  const auto options = std::make_shared<ScoreArguments>();
  CLI::App* command = app.add_subcommand(
      "score",
      "log-probability, rank and P(stop) of every token, and perplexity");
  AddModelArgument(*command, options->model);
  AddFileArgument(*command, options->file, "the text");
  command->add_flag("--ids", options->ids,
                    "the input is a JSON array of ids; nothing is added");
  options->plain.Add(*command);
  command
      ->add_option("--top", options->top,
                   "name the K most probable tokens at each position")
      ->type_name("K")
      ->check(AtLeast(0));
  options->protocol.Add(*command);
  options->compute.Add(*command);
  command->add_flag("--json", options->json, "print one JSON object");
  AddExamples(*command, {{"score SmolLM2-135M-Instruct-Q4_1 text.txt --top 3",
                          "each token, and what was more probable"},
                         {"score --ids --json < ids.json",
                          "of a JSON array of ids, for a program"}});
  command->callback(
      [options, &run] { run = [options] { return RunScore(*options); }; });
}

}  // namespace fullstop::cli
