#include <memory>
#include <string>
#include <utility>

#include "cli/arguments.h"
#include "cli/chat_session.h"
#include "cli/command.h"
#include "cli/generation_arguments.h"
#include "cli/help.h"
#include "cli/interrupt.h"

namespace fullstop::cli {
namespace {

struct ChatOptions {
  std::string model;
  std::string messages_file;
  std::string trace_file;
  ProtocolArguments protocol;
  RenderArguments render;
  ComputeArguments compute;
  GenerationArguments generation;
};

int RunChat(const ChatOptions& options) {
  LoadedModel model(options.model, options.protocol.Resolve(),
                    options.compute.Options());
  options.generation.TellEnds(model);
  const Json messages = options.messages_file.empty()
                            ? Json::array()
                            : ReadJsonFile(options.messages_file);
  RenderRequest request = options.render.Request(messages);
  options.generation.ApplyReasoning(model.protocol().facts(), &request);
  // Better known before the weights are loaded and the first message typed.
  model.protocol().TemplateFor(!request.tools.is_null());
  if (!options.messages_file.empty()) RenderText(model.protocol(), request);
  options.compute.Load(model);
  CountInterrupts();  // before the session changes the terminal
  ChatSession session(model, std::move(request),
                      options.generation.Options(model), options.compute.batch,
                      options.trace_file);
  return session.Run();
}

}  // namespace

void AddChat(CLI::App& app, Runner& run) {
  const auto options = std::make_shared<ChatOptions>();
  CLI::App* command =
      app.add_subcommand("chat", "a conversation in the terminal");
  AddModelArgument(*command, options->model);
  command
      ->add_option("--messages", options->messages_file,
                   "a conversation to go on with: a JSON array of messages")
      ->type_name("FILE");
  options->protocol.Add(*command);
  options->render.Add(*command);
  options->generation.Add(*command);
  options->compute.Add(*command);
  command
      ->add_option("--trace", options->trace_file,
                   "write a line of JSON for each token")
      ->type_name("FILE");
  AddExamples(*command,
              {{"chat", "with the default model"},
               {"chat --system 'You answer in one sentence.' --temp 0.3",
                "with a system message, a little cooler"},
               {"chat --messages chat.json", "go on with a conversation"}});
  command->callback(
      [options, &run] { run = [options] { return RunChat(*options); }; });
}

}  // namespace fullstop::cli
