// The commands of a chat that begin with a slash.
#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <system_error>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/utf8.h"
#include "cli/chat_session.h"
#include "cli/command.h"
#include "cli/generation_arguments.h"
#include "cli/help.h"
#include "cli/why.h"

namespace fullstop::cli {
namespace {

// "~/x" in the user's home.
std::string ExpandHome(const std::string& path) {
  const char* home = std::getenv("HOME");
  return home != nullptr && path.starts_with("~/") ? home + path.substr(1)
                                                   : path;
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
  static constexpr Command kCommands[] = {
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
      {"set", "NAME VALUE", "change a setting; without, show them",
       &ChatSession::Set},
      {"why", "", "explain how the last reply ended", &ChatSession::Why},
      {"stats", "", "tokens, speed and the cache", &ChatSession::Stats},
      {"quit", "", "leave (Ctrl-D, /exit and /bye do too)", &ChatSession::Quit},
  };
  return kCommands;
}

const ChatSession::Command* ChatSession::FindCommand(std::string_view name) {
  if (name == "exit" || name == "bye") name = "quit";
  for (const Command& command : Commands()) {
    if (command.name == name) return &command;
  }
  return nullptr;
}

void ChatSession::HandleCommand(const std::string& text) {
  const size_t space = text.find_first_of(" \t\n");
  const std::string name = text.substr(1, space - 1);
  const Command* command = FindCommand(name);
  if (command == nullptr) {
    std::vector<std::string> names;
    for (const Command& known : Commands()) names.emplace_back(known.name);
    const std::string near = Nearest(name, names);
    throw Error::Usage("there is no command /" + name)
        .Advice((near.empty() ? "" : "did you mean /" + near + "? ") +
                "/help lists them; a message that begins so is typed with //");
  }
  (this->*command->run)(
      space == std::string::npos ? "" : Trimmed(text.substr(space + 1)));
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
      "message\n  Ctrl-C stops a reply, twice leaves; a message that begins "
      "with / is typed with //");
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
  dropped_.clear();
  last_.reset();
}

void ChatSession::Undo(const std::string&) {
  const std::optional<size_t> index = LastUserMessage();
  if (!index) throw Error::Usage("there is nothing to take back");
  const size_t before = conversation_.messages().size();
  conversation_.Truncate(*index);
  last_.reset();
  Remark(Count(before - *index, "message") + " taken back");
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
  if (!DropOldestTurn()) throw Error::Usage("there is only one turn");
  Remark("the oldest turn is left out; /save still writes it");
}

void ChatSession::Save(const std::string& argument) {
  if (argument.empty()) throw Error::Usage("/save needs the name of a file");
  const std::string path = ExpandHome(argument);
  if (model_->Holds(path)) {
    throw Error::Usage("/save " + argument + " would overwrite the model");
  }
  Json all = conversation_.messages();
  all.insert(all.begin() + static_cast<ptrdiff_t>(FirstUserMessage(all)),
             dropped_.begin(), dropped_.end());
  std::error_code none;
  const bool replaces = std::filesystem::exists(path, none);
  WriteFileAtomically(
      path, all.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
  Remark(Count(all.size(), "message") + " written to " + argument +
         (replaces ? ", in place of what it held" : ""));
}

void ChatSession::Load(const std::string& argument) {
  if (argument.empty()) throw Error::Usage("/load needs the name of a file");
  const Json file = ReadJsonFile(ExpandHome(argument));
  const Json messages =
      file.is_object() ? file.value("messages", Json()) : file;
  if (!messages.is_array()) {
    throw Error::Format("this is no JSON array of messages").In(argument);
  }
  RenderRequest changed = conversation_.request();
  changed.messages = messages;
  changed.kept.clear();
  RenderText(model_->protocol(), changed);
  const size_t left = conversation_.messages().size() + dropped_.size();
  conversation_.request() = std::move(changed);
  dropped_.clear();
  last_.reset();
  Remark(Count(messages.size(), "message") + " read from " + argument +
         (left > 0 ? ", in place of " + Count(left, "message") : ""));
}

void ChatSession::Set(const std::string& argument) {
  if (!argument.empty()) {
    const size_t space = argument.find_first_of(" \t=");
    if (space == std::string::npos) {
      throw Error::Usage("/set needs a name and a value")
          .Advice("as in /set temp 0.5");
    }
    std::string name = argument.substr(0, space);
    for (char& c : name) c = c == '_' ? '-' : c;
    SetOption(name, Trimmed(argument.substr(space + 1)), &options_);
  }
  Remark(DescribeOptions(options_));
}

void ChatSession::Why(const std::string&) {
  if (!last_) throw Error::Usage("there is no reply yet");
  WriteOut(ExplainEnd(last_->reply, *model_));
}

void ChatSession::Stats(const std::string&) {
  const size_t cached = conversation_.cached_ids().size();
  const uint64_t bytes =
      CacheBytes(model_->file(), static_cast<int32_t>(cached));
  Remark(fmt::format(
      "{}, {} generated, {:.1f} t/s", Count(turns_, "turn"),
      Count(generated_, "token"),
      seconds_ > 0 ? static_cast<double>(generated_) / seconds_ : 0.0));
  Remark(fmt::format("cache: {} of {} positions, {:.1f} MiB", cached,
                     model_->forward().context_length(),
                     static_cast<double>(bytes) / 1048576));
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
