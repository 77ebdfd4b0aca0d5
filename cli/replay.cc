#include "generate/replay.h"

#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/help.h"
#include "engine/reply.h"
#include "engine/vocabulary.h"
#include "format/gguf.h"
#include "generate/end_json.h"
#include "tokenizer/tokenizer.h"

namespace fullstop::cli {
namespace {

struct ReplayOptions {
  std::string model;
  std::string trace = "-";
  ReplayChanges changes;
  std::optional<uint64_t> max_tokens;
  bool json = false;
};

Json ToJson(const ReplayResult& result, const ReplyText& text,
            const Trace& trace) {
  Json out = {{"text", text.text()}};
  if (!text.reasoning().empty()) out["reasoning"] = text.reasoning();
  Json ids = Json::array();
  for (size_t i = 0; i < result.tokens_read; ++i) {
    ids.push_back(trace.tokens[i].id);
  }
  out["ids"] = std::move(ids);
  out["end"] = result.end ? EndToJson(*result.end) : Json();
  out["usage"] = {{"completion_tokens", result.usage.completion_tokens},
                  {"reasoning_tokens", result.usage.reasoning_tokens},
                  {"stepped_back_tokens", result.usage.stepped_back_tokens},
                  {"recorded_tokens", trace.tokens.size()}};
  return out;
}

int RunReplay(ReplayOptions options) {
  options.changes.max_tokens = options.max_tokens;
  const Vocabulary vocabulary(options.model);
  const std::vector<Trace> traces =
      ReadTraces(ReadInput(options.trace), options.trace);
  if (traces.empty()) {
    throw Error::Format("the trace has no generation").In(options.trace);
  }
  for (const Trace& trace : traces) {
    CheckVocabulary(trace, *vocabulary);
    const ReplayResult result =
        Replay(trace, ReplayConfig(trace.header, options.changes, *vocabulary));
    ReplyText text;
    for (const Piece& piece : result.pieces) text.Add(piece);
    if (options.json) {
      WriteJson(ToJson(result, text, trace));
      continue;
    }
    WriteOut(text.text() + "\n");
    Remark((result.end ? DescribeEnd(*result.end)
                       : std::string("the recording is over before an end")) +
           " · " + std::to_string(result.usage.completion_tokens) + " of " +
           std::to_string(trace.tokens.size()) + " recorded tokens");
  }
  return kGood;
}

}  // namespace

void AddReplay(CLI::App& app, Runner& run) {
  const auto options = std::make_shared<ReplayOptions>();
  CLI::App* command = app.add_subcommand(
      "replay", "a recorded reply through the stop machine again");
  command
      ->add_option("model", options->model,
                   "the model that the trace was recorded with; only its "
                   "vocabulary is read")
      ->type_name("MODEL")
      ->required();
  command
      ->add_option("trace", options->trace,
                   "what --trace wrote; left out or -, standard input")
      ->type_name("TRACE");
  command
      ->add_option("--stops", options->changes.stops,
                   "add or take away stop ids: +ID,-ID,…")
      ->type_name("+ID,-ID");
  command
      ->add_option("--stop", options->changes.stop_strings,
                   "end the reply where its text has TEXT; may be given again")
      ->type_name("TEXT")
      ->allow_extra_args(false);
  command
      ->add_option("-n,--predict", options->max_tokens,
                   "most tokens of the reply")
      ->type_name("N")
      ->check(AtLeast(0));
  command->add_flag("--json", options->json,
                    "print one JSON object for each recorded reply");
  AddExamples(*command,
              {{"replay SmolLM2-135M-Instruct-Q4_1 reply.jsonl --stops -2",
                "what if token 2 had been no end?"},
               {"replay SmolLM2-135M-Instruct-Q4_1 reply.jsonl --stop colour",
                "what if 'colour' had been one?"}});
  command->callback(
      [options, &run] { run = [options] { return RunReplay(*options); }; });
}

}  // namespace fullstop::cli
