#include "cli/chat_session.h"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/utf8.h"
#include "cli/command.h"
#include "cli/generation_arguments.h"
#include "cli/interrupt.h"
#include "cli/reply_view.h"
#include "cli/terminal.h"
#include "cli/why.h"
#include "protocol/show.h"

namespace fullstop::cli {
namespace {

std::string HistoryFile() {
  const char* state = std::getenv("XDG_STATE_HOME");
  const char* home = std::getenv("HOME");
  std::string folder;
  if (state != nullptr && *state != '\0') {
    folder = std::string(state) + "/fullstop";
  } else if (home != nullptr && *home != '\0') {
    folder = std::string(home) + "/.local/state/fullstop";
  } else {
    return "";
  }
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  return error ? "" : folder + "/chat_history";
}

std::string Trimmed(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return "";
  const size_t end = text.find_last_not_of(" \t");
  return std::string(text.substr(begin, end - begin + 1));
}

}  // namespace

struct ChatSession::Command {
  std::string_view name;
  std::string_view argument;
  std::string_view help;
  void (ChatSession::*run)(const std::string& argument);
};

std::span<const ChatSession::Command> ChatSession::Commands() {
  static constexpr Command commands[] = {
      {"help", "", "this list", &ChatSession::Help},
      {"system", "TEXT", "set the system message; without TEXT, show it",
       &ChatSession::System},
      {"reset", "", "begin anew, keeping the system message",
       &ChatSession::Reset},
      {"undo", "", "take the last message and its reply back",
       &ChatSession::Undo},
      {"again", "", "another reply to the last message", &ChatSession::Again},
      {"edit", "", "change the last message and send it again",
       &ChatSession::Edit},
      {"drop", "", "leave the oldest turn out of the conversation",
       &ChatSession::Drop},
      {"save", "FILE", "write the conversation as JSON", &ChatSession::Save},
      {"load", "FILE", "go on with a saved conversation", &ChatSession::Load},
      {"set", "NAME VALUE", "change a sampling setting; without, show them",
       &ChatSession::Set},
      {"why", "", "explain how the last reply ended", &ChatSession::Why},
      {"stats", "", "tokens, speed and the cache", &ChatSession::Stats},
      {"quit", "", "leave (Ctrl-D does too)", &ChatSession::Quit},
  };
  return commands;
}

const ChatSession::Command* ChatSession::FindCommand(std::string_view name) {
  for (const Command& command : Commands()) {
    if (command.name == name) return &command;
  }
  return nullptr;
}

ChatSession::ChatSession(LoadedModel& model, RenderRequest request,
                         GenerationOptions options, int32_t prefill_rows,
                         const std::string& trace_file)
    : model_(&model),
      conversation_(model.protocol(), model.forward(),
                    {.prefill_rows = prefill_rows}),
      options_(std::move(options)),
      editor_(HistoryFile()),
      trace_(trace_file, model) {
  conversation_.request() = std::move(request);
  options_.top = kTraceCandidates;
}

int ChatSession::Run() {
  CountInterrupts();
  Greet();
  const Json& messages = conversation_.messages();
  if (!messages.empty() && MessageRole(messages.back()) == "user") {
    Reply();
  }
  int interrupts = 0;
  while (!leaving_) {
    const LineEditor::Result line = editor_.Read();
    if (line.outcome == LineEditor::Outcome::kEndOfFile) break;
    if (line.outcome == LineEditor::Outcome::kInterrupted) {
      if (++interrupts > 1) break;
      Remark("\nCtrl-C again to leave");
      continue;
    }
    interrupts = 0;
    if (!line.text.empty()) Handle(line.text);
    if (TakeInterrupts() > 1) break;
  }
  if (editor_.interactive()) WriteOut("\n");
  return trace_.failed() ? kCouldNotRun : code_;
}

void ChatSession::Greet() {
  if (!editor_.interactive()) return;
  const ProtocolFacts& facts = model_->protocol().facts();
  std::string ends;
  for (const StopRole role : {StopRole::kTurnEnd, StopRole::kSequenceEnd}) {
    for (const Stop& stop : facts.stops.stops) {
      if (stop.role != role) continue;
      ends += (ends.empty() ? "" : ", ") + stop.text;
    }
  }
  const std::string name(
      model_->file().GetString("general.name").value_or(model_->path()));
  Remark(fmt::format("{} · a reply ends with {} · {} · /help lists commands",
                     name, ends.empty() ? "nothing that is known" : ends,
                     DescribeSampling(options_.sampling)));
}

bool ChatSession::Handle(const std::string& text) {
  try {
    if (text.starts_with('/') && !text.starts_with("//")) {
      return HandleCommand(text);
    }
    Say(text.starts_with("//") ? text.substr(1) : text);
  } catch (const Error& error) {
    PrintError(error.what());
    if (!editor_.interactive()) {
      code_ = kCouldNotRun;
      leaving_ = true;
    }
  }
  return !leaving_;
}

bool ChatSession::HandleCommand(const std::string& text) {
  const size_t space = text.find_first_of(" \t\n");
  const std::string name = text.substr(1, space - 1);
  const Command* command = FindCommand(name);
  if (command == nullptr) {
    throw Error::Usage("there is no command /" + name)
        .Advice("/help lists them; a message may begin with //");
  }
  (this->*command->run)(
      space == std::string::npos ? "" : Trimmed(text.substr(space + 1)));
  return !leaving_;
}

void ChatSession::Say(const std::string& text) {
  ReplyBehind(conversation_.messages().size(), text);
}

void ChatSession::ReplyBehind(size_t count,
                              const std::optional<std::string>& text) {
  const RenderRequest before = conversation_.request();
  conversation_.Truncate(count);
  if (text) {
    conversation_.messages().push_back(
        {{"role", "user"}, {"content", ReplaceInvalidUtf8(*text)}});
  }
  try {
    Reply();
  } catch (const Error&) {
    conversation_.request() = before;
    throw;
  }
}

void ChatSession::Reply() {
  while (!TryReply()) {
    if (!OfferToDrop()) {
      throw Error::Limit("the conversation does not fit the context of " +
                         std::to_string(model_->forward().context_length()) +
                         " tokens")
          .Advice(
              "/drop leaves the oldest turn out, /reset begins anew, -c "
              "sets a larger context");
    }
  }
}

bool ChatSession::TryReply() {
  if (static_cast<int32_t>(conversation_.Prompt().ids.size()) >
      model_->forward().context_length()) {
    return false;
  }
  ReplyView view(true);
  trace_.Watch(view);
  {
    const EchoOff quiet;
    last_ = conversation_.Reply(options_, trace_);
  }
  view.Finish();
  if (!editor_.interactive()) WriteOut("\n");
  trace_.Finish(last_->reply);
  ++turns_;
  generated_ += last_->reply.usage.completion_tokens;
  seconds_ += last_->reply.generate_seconds;
  ++options_.sampling.seed;
  Remark(EndLine(last_->reply));
  for (const KeptReport& report : last_->prompt.kept) {
    for (const Reencoded& place : report.reencoded) {
      Remark(fmt::format("message {}{}: encoded again, {}", report.message,
                         place.field.empty() ? "" : " " + place.field,
                         place.reason));
    }
  }
  return true;
}

bool ChatSession::OfferToDrop() {
  if (!editor_.interactive()) return false;
  Remark(fmt::format("the conversation is longer than the context of {} tokens",
                     model_->forward().context_length()));
  WriteOut("leave the oldest turn out and go on? [y/N] ");
  const LineEditor::Result answer = editor_.Read();
  const bool yes = answer.outcome == LineEditor::Outcome::kMessage &&
                   (answer.text == "y" || answer.text == "yes");
  return yes && conversation_.DropOldestTurn();
}

std::optional<size_t> ChatSession::LastUserMessage() const {
  const Json& messages = conversation_.messages();
  for (size_t i = messages.size(); i-- > 0;) {
    if (MessageRole(messages[i]) == "user") return i;
  }
  return std::nullopt;
}

void ChatSession::Help(const std::string&) {
  for (const Command& command : Commands()) {
    Remark(fmt::format("  {:<18} {}",
                       fmt::format("/{} {}", command.name, command.argument),
                       command.help));
  }
  Remark(
      "  a line that ends in \\ goes on in the next; a pasted text is one "
      "message;\n  Ctrl-C stops a reply");
}

void ChatSession::System(const std::string& argument) {
  Json& messages = conversation_.messages();
  const bool has = !messages.empty() && MessageRole(messages[0]) == "system";
  if (argument.empty()) {
    Remark(has ? messages[0]["content"].dump() : "there is no system message");
    return;
  }
  const std::string content = ReplaceInvalidUtf8(argument);
  if (has) {
    messages[0]["content"] = content;
    return;
  }
  messages.insert(messages.begin(),
                  Json{{"role", "system"}, {"content", content}});
  std::map<size_t, std::vector<TokenId>> kept;
  for (auto& [index, ids] : conversation_.request().kept) {
    kept[index + 1] = std::move(ids);
  }
  conversation_.request().kept = std::move(kept);
}

void ChatSession::Reset(const std::string&) {
  Json& messages = conversation_.messages();
  const bool has = !messages.empty() && MessageRole(messages[0]) == "system";
  conversation_.Truncate(has ? 1 : 0);
  last_.reset();
}

void ChatSession::Undo(const std::string&) {
  const std::optional<size_t> index = LastUserMessage();
  if (!index) throw Error::Usage("there is nothing to take back");
  conversation_.Truncate(*index);
  last_.reset();
}

void ChatSession::Again(const std::string&) {
  const std::optional<size_t> index = LastUserMessage();
  if (!index) throw Error::Usage("there is no message to reply to");
  ReplyBehind(*index + 1, std::nullopt);
}

void ChatSession::Edit(const std::string&) {
  const std::optional<size_t> index = LastUserMessage();
  if (!index) throw Error::Usage("there is no message to edit");
  const Json content = conversation_.messages()[*index]["content"];
  if (!content.is_string()) {
    throw Error::Usage("the last message is no plain text");
  }
  const LineEditor::Result edited = editor_.Read(content.get<std::string>());
  if (edited.outcome != LineEditor::Outcome::kMessage || edited.text.empty()) {
    Remark("the message stays as it was");
    return;
  }
  ReplyBehind(*index, edited.text);
}

void ChatSession::Drop(const std::string&) {
  if (!conversation_.DropOldestTurn()) {
    throw Error::Usage("there is only one turn");
  }
}

void ChatSession::Save(const std::string& argument) {
  if (argument.empty()) throw Error::Usage("/save needs the name of a file");
  WriteFileAtomically(
      argument, conversation_.messages().dump(2, ' ', false,
                                              Json::error_handler_t::replace) +
                    "\n");
  Remark(fmt::format("{} messages written to {}",
                     conversation_.messages().size(), argument));
}

void ChatSession::Load(const std::string& argument) {
  if (argument.empty()) throw Error::Usage("/load needs the name of a file");
  const Json file = ReadJsonFile(argument);
  const Json messages =
      file.is_object() ? file.value("messages", Json()) : file;
  if (!messages.is_array()) {
    throw Error::Format("this is no JSON array of messages").In(argument);
  }
  RenderRequest changed = conversation_.request();
  changed.messages = messages;
  changed.kept.clear();
  RenderText(model_->protocol(), changed);
  conversation_.request() = std::move(changed);
  last_.reset();
  Remark(fmt::format("{} messages read from {}", messages.size(), argument));
}

void ChatSession::Set(const std::string& argument) {
  if (argument.empty()) {
    Remark(DescribeSampling(options_.sampling));
    return;
  }
  const size_t space = argument.find_first_of(" \t=");
  if (space == std::string::npos) {
    throw Error::Usage("/set needs a name and a value");
  }
  std::string name = argument.substr(0, space);
  for (char& c : name) c = c == '_' ? '-' : c;
  SetSamplingField(name, Trimmed(argument.substr(space + 1)),
                   &options_.sampling);
  Remark(DescribeSampling(options_.sampling));
}

void ChatSession::Why(const std::string&) {
  if (!last_) throw Error::Usage("there is no reply yet");
  WriteOut(ExplainEnd(last_->reply, *model_));
}

void ChatSession::Stats(const std::string&) {
  const auto bytes = CacheBytesPerPosition(model_->file());
  const size_t cached = conversation_.cached_ids().size();
  Remark(fmt::format(
      "{} turns, {} tokens generated, {:.1f} t/s", turns_, generated_,
      seconds_ > 0 ? static_cast<double>(generated_) / seconds_ : 0.0));
  Remark(fmt::format("cache: {} of {} positions, {:.1f} MiB", cached,
                     model_->forward().context_length(),
                     static_cast<double>(cached * bytes) / 1048576));
  if (last_) {
    const fullstop::Reply& reply = last_->reply;
    Remark(fmt::format(
        "last turn: {} prompt tokens, {} of them from the cache, {:.0f} ms to "
        "the first token",
        reply.prompt_tokens, reply.cached_tokens,
        reply.first_token_seconds * 1e3));
  }
}

void ChatSession::Quit(const std::string&) { leaving_ = true; }

}  // namespace fullstop::cli
