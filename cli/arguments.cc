#include "cli/arguments.h"

#include <fmt/format.h>

#include <charconv>
#include <cstdlib>
#include <span>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"

namespace fullstop::cli {

void ProtocolArguments::Add(CLI::App& command) {
  command
      .add_option("--template", template_file,
                  "use this chat template instead of the model's own")
      ->type_name("FILE");
  command
      .add_option("--stops", stops,
                  "add or take away stop ids: +ID,-ID,… (shown as such)")
      ->type_name("+ID,-ID");
}

ResolveOptions ProtocolArguments::Resolve() const {
  ResolveOptions options;
  if (!template_file.empty()) {
    options.template_override =
        TemplateFact{"default", ReadFile(template_file),
                     Source{Provenance::kUser, "--template " + template_file}};
  }
  if (!stops.empty()) options.stops_override = stops;
  return options;
}

void RenderArguments::Add(CLI::App& command) {
  command
      .add_option("--tools", tools_file,
                  "a JSON array of tools for the template")
      ->type_name("FILE");
  command
      .add_option("--documents", documents_file,
                  "a JSON array of documents for the template")
      ->type_name("FILE");
  command.add_option("--system", system, "a system message in front")
      ->type_name("TEXT");
  command
      .add_option("--prefill", prefill,
                  "how the assistant's reply begins; it goes on from there")
      ->type_name("TEXT");
  command
      .add_option("--var", variables,
                  "a variable for the template, as JSON: --var "
                  "enable_thinking=false; may be given again")
      ->type_name("NAME=JSON")
      ->allow_extra_args(false);
}

RenderRequest RenderArguments::Request(const Json& messages) const {
  RenderRequest request;
  if (messages.is_object()) {
    if (!messages.contains("messages")) {
      throw Error::Usage("the conversation is an object without `messages`")
          .Advice("give an array of messages, or {\"messages\": […]}");
    }
    request.messages = messages["messages"];
    request.tools = messages.value("tools", Json());
    request.documents = messages.value("documents", Json());
  } else {
    request.messages = messages;
  }
  if (!request.messages.is_array()) {
    throw Error::Usage("the messages are no JSON array")
        .Advice(R"(give [{"role": "user", "content": "…"}])");
  }
  if (!tools_file.empty()) request.tools = ReadJsonFile(tools_file);
  if (!documents_file.empty()) request.documents = ReadJsonFile(documents_file);
  if (!system.empty()) {
    const bool has_system =
        !request.messages.empty() && request.messages[0].is_object() &&
        request.messages[0].value("role", Json()) == "system";
    if (has_system) {
      throw Error::Usage("--system is given, and the messages begin with one")
          .Advice("leave out one of the two");
    }
    request.messages.insert(request.messages.begin(),
                            Json{{"role", "system"}, {"content", system}});
  }
  for (const std::string& variable : variables) {
    const size_t equals = variable.find('=');
    const std::string name = variable.substr(0, equals);
    Json value = equals == std::string::npos
                     ? Json(Json::value_t::discarded)
                     : Json::parse(variable.substr(equals + 1), nullptr, false);
    if (name.empty() || value.is_discarded()) {
      throw Error::Usage("--var " + variable + " is not NAME=JSON")
          .Advice(R"(a string needs its quotes: --var 'name="text"')");
    }
    request.variables[name] = std::move(value);
  }
  request.prefill = prefill;
  return request;
}

void PlainTextArguments::Add(CLI::App& command) {
  command.add_flag("--parse-special", parse_special,
                   "recognise control tokens in the text");
  command.add_flag("--no-bos", bare,
                   "the text alone, without BOS or whatever else the model "
                   "declares around a text");
}

std::vector<TokenId> PlainTextArguments::Encode(const Tokenizer& tokenizer,
                                                std::string_view text) const {
  const ByteRange whole{0, text.size()};
  EncodeOptions options;
  if (parse_special) options.control_ranges = {&whole, 1};
  std::vector<TokenId> ids = tokenizer.Encode(text, options);
  if (!bare) {
    const std::span<const TokenId> prefix = tokenizer.text_prefix();
    ids.insert(ids.begin(), prefix.begin(), prefix.end());
  }
  return ids;
}

void ComputeArguments::Add(CLI::App& command) {
  command
      .add_option("-c,--ctx-size", context,
                  "positions of the context; 0, as many as the model was "
                  "trained for")
      ->type_name("N")
      ->check(AtLeast(0));
  command
      .add_option("-t,--threads", threads,
                  "threads that compute; 0, one for each processor")
      ->type_name("N")
      ->check(AtLeast(0));
  command
      .add_option("-b,--batch-size", batch, "prompt tokens evaluated at once")
      ->type_name("N")
      ->check(AtLeast(1));
  command
      .add_option("--cpu-path", cpu_path,
                  "force the kernels: reference, avx2, avx512 or amx (also "
                  "by FULLSTOP_CPU_PATH)")
      ->type_name("PATH");
}

ModelOptions ComputeArguments::Options() const {
  std::string path = cpu_path;
  if (const char* environment = std::getenv("FULLSTOP_CPU_PATH");
      path.empty() && environment != nullptr) {
    path = environment;
  }
  ModelOptions options{
      .context_length = context, .threads = threads, .batch = batch};
  if (!path.empty()) options.cpu_path = kernels::ParseCpuPath(path);
  return options;
}

void ComputeArguments::Load(LoadedModel& model) const {
  const int32_t length = model.forward().context_length();
  const int32_t trained = TrainedContext(model.file());
  if (context == 0 && length == trained) return;
  std::string text =
      fmt::format("a context of {} positions, {} when it is full", length,
                  DescribeBytes(CacheBytes(model.file(), length)));
  if (length > trained) {
    text += fmt::format(
        "; the model was trained for {}, and may lose its way "
        "behind them",
        trained);
  } else if (context == 0) {
    text += fmt::format(
        "; the {} that the model was trained for don't fit the "
        "memory",
        trained);
  }
  Remark(text);
}

CLI::Validator AtLeast(int64_t least) {
  return CLI::Validator(
      [least](std::string& text) -> std::string {
        int64_t value = 0;
        const char* end = text.data() + text.size();
        const auto [next, error] = std::from_chars(text.data(), end, value);
        if (error == std::errc() && next == end && value >= least) return "";
        return fmt::format("takes a whole number that is {} or more, not '{}'",
                           least, text);
      },
      "");
}

}  // namespace fullstop::cli
