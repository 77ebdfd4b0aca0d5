#include <unistd.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/utf8.h"
#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/generation_arguments.h"
#include "cli/help.h"
#include "cli/interrupt.h"
#include "cli/reply_view.h"
#include "cli/trace_file.h"
#include "engine/conversation.h"
#include "engine/loaded_model.h"
#include "engine/reply.h"
#include "engine/stop_config.h"
#include "generate/end_json.h"
#include "protocol/normalize.h"

namespace fullstop::cli {
namespace {

struct GenerateOptions {
  std::string model;
  std::optional<std::string> prompt;
  std::string messages_file;
  ProtocolArguments protocol;
  RenderArguments render;
  ComputeArguments compute;
  GenerationArguments generation;
  std::string trace_file;
  bool raw = false;
  PlainTextArguments plain;
  bool json = false;
};

struct Prompt {
  std::vector<TokenId> ids;
  bool thought_open = false;
  Json tools;
};

// The text as it is, no template, behind what the model declares to stand
// before a text, once.
Prompt RawPrompt(const GenerateOptions& options, const LoadedModel& model) {
  const Tokenizer& tokenizer = model.tokenizer();
  Prompt prompt{};
  prompt.ids = options.plain.Encode(tokenizer, *options.prompt);
  const std::span<const TokenId> prefix = tokenizer.text_prefix();
  const bool twice =
      !options.plain.bare && prompt.ids.size() >= 2 * prefix.size() &&
      std::equal(prefix.begin(), prefix.end(),
                 prompt.ids.begin() + static_cast<ptrdiff_t>(prefix.size()));
  if (twice) {
    prompt.ids.erase(
        prompt.ids.begin(),
        prompt.ids.begin() + static_cast<ptrdiff_t>(prefix.size()));
  }
  return prompt;
}

Prompt ChatPrompt(const GenerateOptions& options, const LoadedModel& model) {
  const Json messages =
      options.messages_file.empty()
          ? Json::array({{{"role", "user"},
                          {"content", ReplaceInvalidUtf8(*options.prompt)}}})
          : ReadJsonFile(options.messages_file);
  RenderRequest request = options.render.Request(messages);
  options.generation.TellEnds(model);
  options.generation.ApplyReasoning(model.protocol().facts(), &request);
  request.messages = NormalizeMessages(std::move(request.messages)).messages;
  const RenderedPrompt rendered = Render(model.protocol(), request);
  return {rendered.TokenIds(), rendered.thought_open, request.tools};
}

Json ToJson(const Reply& reply) {
  const auto rate = [](double count, double seconds) {
    return seconds > 0 ? count / seconds : 0.0;
  };
  const int32_t evaluated = reply.prompt_tokens - reply.cached_tokens;
  const auto generated = static_cast<double>(reply.usage.completion_tokens);
  Json out = {{"text", reply.text}, {"content", reply.said.content}};
  if (!reply.said.reasoning.empty()) out["reasoning"] = reply.said.reasoning;
  if (!reply.said.calls.empty()) {
    out["tool_calls"] = CallsToJson(reply.said.calls);
  }
  if (!reply.said.flags.empty()) {
    out["flags"] = Json::array();
    for (const ReplyFlag flag : reply.said.flags) {
      out["flags"].push_back(ReplyFlagName(flag));
    }
  }
  out["ids"] = reply.ids;
  out["end"] = EndToJson(reply.end);
  out["usage"] = {{"prompt_tokens", reply.prompt_tokens},
                  {"completion_tokens", reply.usage.completion_tokens},
                  {"total_tokens", static_cast<uint64_t>(reply.prompt_tokens) +
                                       reply.usage.completion_tokens},
                  {"reasoning_tokens", reply.usage.reasoning_tokens},
                  {"thoughts_closed", reply.thoughts_closed},
                  {"cached_tokens", reply.cached_tokens},
                  {"stepped_back_tokens", reply.usage.stepped_back_tokens}};
  out["timings"] = {
      {"prompt_n", evaluated},
      {"prompt_ms", reply.prompt_seconds * 1e3},
      {"prompt_per_second", rate(evaluated, reply.prompt_seconds)},
      {"predicted_n", reply.usage.completion_tokens},
      {"predicted_ms", reply.generate_seconds * 1e3},
      {"predicted_per_second", rate(generated, reply.generate_seconds)},
      {"first_token_ms", reply.first_token_seconds * 1e3}};
  out["seed"] = reply.seed;
  return out;
}

void CheckPrompt(GenerateOptions& options) {
  if (options.prompt && !options.messages_file.empty()) {
    throw Error::Usage("-p and --messages exclude each other");
  }
  if (options.raw && !options.messages_file.empty()) {
    throw Error::Usage("--raw sends a text, not messages")
        .Advice("give the text with -p");
  }
  if (options.plain.parse_special && !options.raw) {
    throw Error::Usage("--parse-special goes with --raw")
        .Advice("in a message, markers are always the user's characters");
  }
  if (options.plain.bare && !options.raw) {
    throw Error::Usage("--no-bos goes with --raw")
        .Advice("in a conversation, the template says what stands in front");
  }
  if (options.prompt || !options.messages_file.empty()) return;
  if (!IsTerminal(stdin)) options.prompt = ReadFile("-");
  if (!options.prompt || options.prompt->empty()) {
    throw Error::Usage("there is no prompt")
        .Advice("give -p TEXT, --messages FILE, or a text on standard input");
  }
  if (options.prompt->ends_with('\n')) options.prompt->pop_back();
}

int RunGenerate(GenerateOptions options) {
  CheckPrompt(options);
  LoadedModel model(options.model, options.protocol.Resolve(),
                    options.compute.Options());
  const Prompt prompt =
      options.raw ? RawPrompt(options, model) : ChatPrompt(options, model);
  GenerationOptions generation = options.generation.Options(model);
  generation.grammar =
      ReplyGrammar::Make(model.protocol().facts(), prompt.tools);
  if (prompt.thought_open || options.raw) generation.open_thought = false;
  StopConfig stops =
      StopConfigFor(model.protocol().facts(), prompt.thought_open);
  MergeUserStops(generation.stops, &stops);
  generation.stops = std::move(stops);

  options.compute.Load(model);
  CountInterrupts();
  CachedSequence sequence(model.forward(), 0, options.compute.batch);
  ReplyView view(!options.json);
  TraceFile trace(options.trace_file, model);
  if (trace.enabled()) generation.top = kTraceCandidates;
  trace.Watch(view);
  const Reply reply =
      GenerateReply(model.protocol(), sequence, prompt.ids, generation, trace);
  view.Finish();
  trace.Finish(reply);
  if (options.json) {
    WriteJson(ToJson(reply));
  } else {
    if (!reply.text.ends_with('\n') && !IsTerminal(stdout) &&
        SameFile(STDOUT_FILENO, STDERR_FILENO)) {
      Remark("");  // in a common log, the end has a line of its own
    }
    Remark(EndLine(reply));
  }
  if (reply.end.cause == EndCause::kCancelled) return kCancelled;
  const bool failed = reply.end.cause == EndCause::kError || trace.failed();
  return failed ? kCouldNotRun : kGood;
}

}  // namespace

void AddGenerate(CLI::App& app, Runner& run) {
  const auto options = std::make_shared<GenerateOptions>();
  CLI::App* command =
      app.add_subcommand("generate", "one reply, and how it ended");
  AddModelArgument(*command, options->model);
  command->add_option("-p,--prompt", options->prompt, "the user's message")
      ->type_name("TEXT");
  command
      ->add_option("--messages", options->messages_file,
                   "a conversation: a JSON array of messages; - is standard "
                   "input")
      ->type_name("FILE");
  command->add_flag("--raw", options->raw,
                    "send the text without the template, BOS as declared");
  options->plain.Add(*command);
  options->protocol.Add(*command);
  options->render.Add(*command);
  options->generation.Add(*command);
  options->compute.Add(*command);
  command
      ->add_option("--trace", options->trace_file,
                   "write a line of JSON for each token")
      ->type_name("FILE");
  command->add_flag("--json", options->json,
                    "print text, ids, end, usage and timings");
  AddExamples(*command,
              {{"generate -p 'Name three primary colours.'", "one answer"},
               {"generate --messages chat.json --json",
                "the next reply of a conversation, for a program"},
               {"generate --raw -p 'Once upon a time' -n 50",
                "go on with a text, without the template"},
               {"generate -p 'Hello' --trace reply.jsonl",
                "keep how each token came to be"}});
  command->callback(
      [options, &run] { run = [options] { return RunGenerate(*options); }; });
}

}  // namespace fullstop::cli
