#include "protocol/render.h"

#include <memory>
#include <string>

#include "base/error.h"
#include "base/file.h"
#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/help.h"
#include "cli/terminal.h"
#include "engine/loaded_model.h"
#include "protocol/sources.h"

namespace fullstop::cli {
namespace {

struct RenderOptions {
  std::string model;
  std::string messages_file;
  ProtocolArguments protocol;
  RenderArguments render;
  bool no_generation_prompt = false;
  bool json = false;
};

// Template text in colour, what the conversation brought in bold.
std::string InTwoColours(const RenderedPrompt& prompt) {
  const Styles style = Style(stdout);
  std::string out;
  for (const TextSpan& span : prompt.spans) {
    const bool from_template = span.origin == OriginKind::kTemplate;
    out += from_template ? style.cyan : style.bold;
    out += prompt.text.substr(span.begin, span.end - span.begin);
    out += style.plain;
  }
  return out;
}

void PrintText(const RenderedPrompt& prompt) {
  WriteOut(HasColour(stdout) ? InTwoColours(prompt) : prompt.text);
}

int RunRender(const RenderOptions& options) {
  RenderRequest request =
      options.render.Request(ReadJsonFile(options.messages_file));
  request.add_generation_prompt = !options.no_generation_prompt;
  if (options.model.empty() && !options.protocol.template_file.empty()) {
    const std::string& file = options.protocol.template_file;
    const auto protocol =
        TurnProtocol::Resolve(SourcesFromTemplate(ReadFile(file), file));
    const RenderedPrompt prompt = RenderText(*protocol, request);
    if (options.json) {
      Json out = ToJson(prompt);
      out["ids"] = nullptr;  // there is no vocabulary
      WriteJson(out);
    } else {
      PrintText(prompt);
    }
    return kGood;
  }
  const LoadedModel model(options.model, options.protocol.Resolve());
  if (options.json) {
    WriteJson(ToJson(Render(model.protocol(), request)));
  } else {
    PrintText(RenderText(model.protocol(), request));
  }
  return kGood;
}

}  // namespace

void AddRender(CLI::App& app, Runner& run) {
  const auto options = std::make_shared<RenderOptions>();
  CLI::App* command = app.add_subcommand(
      "render", "the template's text for a conversation, byte for byte");
  AddModelArgument(*command, options->model);
  command
      ->add_option("--messages", options->messages_file,
                   "a JSON array of messages; - is standard input")
      ->type_name("FILE")
      ->required();
  options->protocol.Add(*command);
  options->render.Add(*command);
  command->add_flag("--no-generation-prompt", options->no_generation_prompt,
                    "don't open the assistant's turn");
  command->add_flag("--json", options->json,
                    "print text, ids and the origin of every byte");
  AddExamples(*command,
              {{"render --messages chat.json", "what the model will read"},
               {"render --messages chat.json --json",
                "ids, and the origin of every byte"},
               {"render --template chat.jinja --messages chat.json "
                "--var 'bos_token=\"<s>\"'",
                "a template alone, without a model"}});
  command->callback(
      [options, &run] { run = [options] { return RunRender(*options); }; });
}

}  // namespace fullstop::cli
