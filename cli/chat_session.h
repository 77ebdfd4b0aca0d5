// The conversation behind the chat command: messages in, replies out, and the
// commands that begin with a slash.
#ifndef FULLSTOP_CLI_CHAT_SESSION_H_
#define FULLSTOP_CLI_CHAT_SESSION_H_

#include <functional>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>

#include "cli/command.h"
#include "cli/line_editor.h"
#include "cli/trace_file.h"
#include "engine/conversation.h"

namespace fullstop::cli {

class ChatSession {
 public:
  // REQUEST holds the messages to begin with and what goes into each rendering;
  // its prefill begins every reply. MODEL must outlive the object.
  ChatSession(LoadedModel& model, RenderRequest request,
              GenerationOptions options, int32_t prefill_rows,
              const std::string& trace_file);

  // Until the user leaves; returns the exit code. SIGINT must be counted
  // (interrupt.h) from before the object is made.
  int Run();

 private:
  struct Command;
  static const Command* FindCommand(std::string_view name);
  static std::span<const Command> Commands();

  void Greet();
  // Says once why the history is not kept, where it isn't.
  void TellOfHistory();
  // Takes lines until the user leaves.
  void Converse();
  // Does what TEXT asks for, or ACTION; what goes wrong is told.
  void Handle(const std::string& text);
  void Try(const std::function<void()>& action);
  void HandleCommand(const std::string& text);
  // Takes all but the first COUNT messages back, adds TEXT as the user's, and
  // replies. Where that fails the conversation is what it was.
  void ReplyBehind(size_t count, const std::optional<std::string>& text);
  void Reply();
  // Leaves the oldest turns out of a conversation that does not fit the
  // context, if the user agrees; else throws Error (kLimit).
  void MakeRoom(size_t tokens);
  bool DropOldestTurn();
  void Report();

  void Help(const std::string& argument);
  void System(const std::string& argument);
  void Reset(const std::string& argument);
  void Undo(const std::string& argument);
  void Again(const std::string& argument);
  void Edit(const std::string& argument);
  void Drop(const std::string& argument);
  void Save(const std::string& argument);
  void Load(const std::string& argument);
  void Set(const std::string& argument);
  void Why(const std::string& argument);
  void Stats(const std::string& argument);
  void Quit(const std::string& argument);

  // The index of the last user message, if there is one.
  std::optional<size_t> LastUserMessage() const;

  LoadedModel* model_;
  Conversation conversation_;
  GenerationOptions options_;
  LineEditor editor_;
  TraceFile trace_;
  std::optional<Turn> last_;
  // The turns that were left out, for /save.
  Json dropped_ = Json::array();
  int code_ = 0;
  bool leaving_ = false;
  bool told_of_history_ = false;
  // Why past replies were encoded again, as far as that was told.
  std::set<std::string> told_reasons_;
  uint64_t turns_ = 0;
  uint64_t generated_ = 0;
  double seconds_ = 0;
};

}  // namespace fullstop::cli

#endif  // FULLSTOP_CLI_CHAT_SESSION_H_
