#include "cli/line_editor.h"

#include <errno.h>
#include <histedit.h>
#include <poll.h>
#include <unistd.h>

#include <clocale>
#include <cstdio>
#include <cstring>
#include <string_view>

#include "cli/interrupt.h"
#include "cli/terminal.h"

namespace fullstop::cli {
namespace {

constexpr int kHistorySize = 1000;
// How long the next line of a paste may take to arrive.
constexpr int kPasteGapMilliseconds = 30;

}  // namespace

struct LineEditor::State {
  std::string history_file;
  EditLine* editor = nullptr;
  History* history = nullptr;
  bool continued = false;

  static char* Prompt(EditLine* editor) {
    static char first[] = "> ";
    static char next[] = ". ";
    void* data = nullptr;
    el_get(editor, EL_CLIENTDATA, &data);
    return static_cast<State*>(data)->continued ? next : first;
  }
};

LineEditor::LineEditor(std::string history_file)
    : state_(std::make_unique<State>()),
      interactive_(IsTerminal(stdin) && IsTerminal(stdout)) {
  if (!interactive_) return;
  // libedit counts the columns of wide characters by the locale.
  if (std::setlocale(LC_CTYPE, "") == nullptr ||
      std::strcmp(std::setlocale(LC_CTYPE, nullptr), "C") == 0) {
    std::setlocale(LC_CTYPE, "C.UTF-8");
  }
  state_->history_file = std::move(history_file);
  state_->editor = el_init("fullstop", stdin, stdout, stderr);
  state_->history = history_init();
  HistEvent event;
  history(state_->history, &event, H_SETSIZE, kHistorySize);
  history(state_->history, &event, H_SETUNIQUE, 1);
  if (!state_->history_file.empty()) {
    history(state_->history, &event, H_LOAD, state_->history_file.c_str());
  }
  el_set(state_->editor, EL_CLIENTDATA, state_.get());
  el_set(state_->editor, EL_PROMPT, &State::Prompt);
  el_set(state_->editor, EL_EDITOR, "emacs");
  el_set(state_->editor, EL_HIST, history, state_->history);
  el_set(state_->editor, EL_BIND, "^R", "em-inc-search-prev", nullptr);
  // A pasted text keeps its tabs.
  el_set(state_->editor, EL_BIND, "^I", "ed-insert", nullptr);
}

LineEditor::~LineEditor() {
  if (!interactive_) return;
  if (!state_->history_file.empty()) {
    HistEvent event;
    history(state_->history, &event, H_SAVE, state_->history_file.c_str());
  }
  history_end(state_->history);
  el_end(state_->editor);
}

LineEditor::Result LineEditor::Read(const std::string& prefill) {
  std::string text;
  bool first = true;
  std::string_view given = prefill;
  for (;;) {
    bool interrupted = false;
    const size_t given_line = given.find('\n');
    const bool more_given = interactive_ && given_line != given.npos;
    const std::optional<std::string> line = ReadLine(
        std::string(given.substr(0, given_line)), !first, &interrupted);
    given.remove_prefix(more_given ? given_line + 1 : given.size());
    if (interrupted) return {Outcome::kInterrupted, ""};
    if (!line) {
      return first ? Result{Outcome::kEndOfFile, ""}
                   : Result{Outcome::kMessage, text};
    }
    text += *line;
    first = false;
    if (!text.empty() && text.back() == '\\') {
      text.back() = '\n';
    } else if (more_given || (interactive_ && MoreIsWaiting())) {
      text += '\n';
    } else {
      break;
    }
  }
  if (interactive_ && !text.empty()) {
    HistEvent event;
    history(state_->history, &event, H_ENTER, text.c_str());
  }
  return {Outcome::kMessage, text};
}

std::optional<std::string> LineEditor::ReadLine(const std::string& prefill,
                                                bool continued,
                                                bool* interrupted) {
  std::string line;
  if (!interactive_) {
    int c = EOF;
    while ((c = std::getc(stdin)) != EOF && c != '\n') {
      line += static_cast<char>(c);
    }
    if (c == EOF && line.empty()) return std::nullopt;
    return line;
  }
  state_->continued = continued;
  if (!prefill.empty()) el_push(state_->editor, prefill.c_str());
  int count = 0;
  errno = 0;
  const char* read = el_gets(state_->editor, &count);
  if (TakeInterrupts() > 0) {
    *interrupted = true;
    el_reset(state_->editor);
    return std::nullopt;
  }
  if (read == nullptr || count <= 0) return std::nullopt;
  line.assign(read, static_cast<size_t>(count));
  if (line.back() == '\n') line.pop_back();
  return line;
}

bool LineEditor::MoreIsWaiting() const {
  pollfd input{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
  return ::poll(&input, 1, kPasteGapMilliseconds) > 0 &&
         (input.revents & POLLIN) != 0;
}

}  // namespace fullstop::cli
