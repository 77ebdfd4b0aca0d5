#include "cli/chat_session.h"

#include <fmt/format.h>

#include <cstdlib>
#include <new>
#include <utility>

#include "base/error.h"
#include "base/utf8.h"
#include "cli/command.h"
#include "cli/generation_arguments.h"
#include "cli/interrupt.h"
#include "cli/reply_view.h"
#include "cli/terminal.h"

namespace fullstop::cli {
namespace {

std::string HistoryFile() {
  const char* state = std::getenv("XDG_STATE_HOME");
  if (state != nullptr && *state != '\0') {
    return std::string(state) + "/fullstop/chat_history";
  }
  const char* home = std::getenv("HOME");
  if (home == nullptr || *home == '\0') return "";
  return std::string(home) + "/.local/state/fullstop/chat_history";
}

// What is left to a reply where turns have to be left out: a part of the
// context.
constexpr size_t kRoomForReply = 4;

// A pasted text of several lines is a message, however it begins; but for what
// a command takes as its text.
bool IsCommand(const std::string& text) {
  if (!text.starts_with('/') || text.starts_with("//")) return false;
  return text.find('\n') == std::string::npos || text.starts_with("/system ");
}

}  // namespace

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
  Greet();
  const Json& messages = conversation_.messages();
  if (!messages.empty() && MessageRole(messages.back()) == "user") {
    Try([this] { Reply(); });
  }
  Converse();
  if (editor_.interactive()) WriteOut("\n");
  return trace_.failed() ? kCouldNotRun : code_;
}

void ChatSession::Converse() {
  bool any = turns_ > 0;
  // Ctrl-C since anything else was typed; the second one leaves.
  int interrupts = TakeInterrupts();
  while (!leaving_ && interrupts < 2) {
    TellOfHistory();
    const LineEditor::Result line = editor_.Read();
    if (line.outcome == LineEditor::Outcome::kEndOfFile) break;
    if (line.outcome == LineEditor::Outcome::kInterrupted) {
      interrupts = line.text.empty() ? interrupts + 1 : 0;
      if (!editor_.interactive()) break;
      WriteOut("\n");
      if (interrupts == 1) Remark("Ctrl-C again to leave");
      continue;
    }
    any = true;
    if (!line.text.empty()) Handle(line.text);
    interrupts = TakeInterrupts();
    if (interrupts > 0 && !editor_.interactive()) break;
    if (interrupts == 1) Remark("Ctrl-C again to leave");
  }
  if (editor_.interactive()) return;
  if (interrupts > 0) {
    code_ = kCancelled;
  } else if (!any) {
    throw Error::Usage("there is no message: standard input is empty")
        .Advice("start it in a terminal, or give it one message a line");
  }
}

void ChatSession::Greet() {
  if (!IsTerminal(stdin)) return;
  const ProtocolFacts& facts = model_->protocol().facts();
  std::string ends;
  for (const StopRole role : {StopRole::kTurnEnd, StopRole::kSequenceEnd}) {
    for (const Stop& stop : facts.stops.stops) {
      if (stop.role != role) continue;
      ends += (ends.empty() ? "" : ", ") + stop.text;
    }
  }
  const std::string name(
      model_->file().keys().GetString("general.name").value_or(model_->path()));
  Remark(fmt::format("{} · a reply ends with {} · {} · /help lists commands",
                     name, ends.empty() ? "nothing that is known" : ends,
                     DescribeSampling(options_.sampling)));
}

void ChatSession::TellOfHistory() {
  const std::string problem = editor_.history_problem();
  if (problem.empty() || told_of_history_) return;
  told_of_history_ = true;
  Remark("the history is not kept: " + problem);
}

void ChatSession::Try(const std::function<void()>& action) {
  try {
    action();
    return;
  } catch (const Error& error) {
    PrintError(error.what());
  } catch (const std::bad_alloc&) {
    PrintError("there is not enough memory\n  /drop or /reset need less");
  }
  if (!editor_.interactive()) {
    code_ = kCouldNotRun;
    leaving_ = true;
  }
}

void ChatSession::Handle(const std::string& text) {
  Try([this, &text] {
    if (IsCommand(text)) {
      HandleCommand(text);
    } else {
      ReplyBehind(conversation_.messages().size(),
                  text.starts_with("//") ? text.substr(1) : text);
    }
  });
}

void ChatSession::ReplyBehind(size_t count,
                              const std::optional<std::string>& text) {
  const RenderRequest before = conversation_.request();
  const Json dropped = dropped_;
  conversation_.Truncate(count);
  if (text) {
    conversation_.messages().push_back(
        {{"role", "user"}, {"content", ReplaceInvalidUtf8(*text)}});
  }
  try {
    Reply();
  } catch (...) {
    conversation_.request() = before;
    dropped_ = dropped;
    throw;
  }
}

void ChatSession::Reply() {
  const size_t tokens = conversation_.Prompt().ids.size();
  if (tokens > static_cast<size_t>(model_->forward().context_length())) {
    MakeRoom(tokens);
  }
  ReplyView view(true);
  trace_.Watch(view);
  last_ = conversation_.Reply(options_, trace_);
  view.Finish();
  if (!editor_.interactive()) WriteOut("\n");
  trace_.Finish(last_->reply);
  ++turns_;
  generated_ += last_->reply.usage.completion_tokens;
  seconds_ += last_->reply.generate_seconds;
  ++options_.sampling.seed;
  Report();
}

void ChatSession::Report() {
  Remark(EndLine(last_->reply));
  for (const KeptReport& report : last_->prompt.kept) {
    for (const Reencoded& place : report.reencoded) {
      // A template does to every turn what it does to one.
      if (!told_reasons_.insert(place.reason).second) continue;
      Remark(fmt::format("message {}{}: encoded again, {}", report.message,
                         place.field.empty() ? "" : " " + place.field,
                         place.reason));
    }
  }
  if (last_->reply.end.cause == EndCause::kContextFull) {
    Remark(fmt::format(
        "the context of {} tokens is full: /drop leaves the oldest turn out, "
        "/again then replies anew",
        model_->forward().context_length()));
  }
}

void ChatSession::MakeRoom(size_t tokens) {
  const auto context = static_cast<size_t>(model_->forward().context_length());
  const RenderRequest before = conversation_.request();
  const Json dropped = dropped_;
  size_t left = tokens;
  size_t turns = 0;
  while (left > context - context / kRoomForReply && DropOldestTurn()) {
    ++turns;
    left = conversation_.Prompt().ids.size();
  }
  if (left <= context && editor_.interactive()) {
    Remark(fmt::format("the conversation has {} tokens, the context {}", tokens,
                       context));
    if (editor_.Confirm(fmt::format("leave the oldest {} out and go on?",
                                    Count(turns, "turn")))) {
      return;
    }
  }
  conversation_.request() = before;
  dropped_ = dropped;
  if (left > context) {
    throw Error::Limit(
        fmt::format("the message alone makes {} tokens, the context "
                    "has {}",
                    left, context))
        .Advice("shorten it (it is in the history), or set a larger -c");
  }
  throw Error::Limit(fmt::format("the conversation has {} tokens, the context "
                                 "{}",
                                 tokens, context))
      .Advice(
          "/drop leaves the oldest turn out, /reset begins anew, -c sets a "
          "larger context");
}

bool ChatSession::DropOldestTurn() {
  const Json before = conversation_.messages();
  if (!conversation_.DropOldestTurn()) return false;
  const size_t first = FirstUserMessage(before);
  const size_t count = before.size() - conversation_.messages().size();
  for (size_t i = first; i < first + count; ++i) dropped_.push_back(before[i]);
  return true;
}

}  // namespace fullstop::cli
