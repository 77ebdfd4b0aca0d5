#include "cli/line_editor.h"

#include <errno.h>
#include <histedit.h>
#include <poll.h>
#include <unistd.h>

#include <clocale>
#include <cstdio>
#include <cstdlib>
#include <cwchar>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "cli/command.h"
#include "cli/input_history.h"
#include "cli/interrupt.h"
#include "cli/terminal.h"

namespace fullstop::cli {
namespace {

// How long the next line of a paste may take to arrive.
constexpr int kPasteGapMilliseconds = 30;

// What a terminal sends around a pasted text, where it is asked to.
constexpr std::string_view kMarkPastes = "\033[?2004h";
constexpr char kDoNotMarkPastes[] = "\033[?2004l";
constexpr wchar_t kPasteEnd[] = L"\033[201~";

// Whether input comes within MILLISECONDS.
bool IsWaiting(int milliseconds) {
  pollfd input{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
  return ::poll(&input, 1, milliseconds) > 0 && (input.revents & POLLIN) != 0;
}

// libedit's source of characters; -1 where an interrupt came. What is no UTF-8
// becomes U+FFFD.
int TakeCharacter(EditLine*, wchar_t* character) {
  std::mbstate_t state = {};
  for (;;) {
    char byte = 0;
    if (!WaitForInput()) return -1;
    const ssize_t count = ::read(STDIN_FILENO, &byte, 1);
    if (count == 0 || (count < 0 && errno != EINTR)) return 0;
    if (count < 0) continue;
    const size_t used = std::mbrtowc(character, &byte, 1, &state);
    if (used == static_cast<size_t>(-2)) continue;
    if (used == static_cast<size_t>(-1)) *character = 0xFFFD;
    return 1;
  }
}

// Called by libedit where a pasted text begins.
unsigned char TakePaste(EditLine* editor, int) {
  const std::wstring_view end = kPasteEnd;
  std::wstring text;
  wchar_t c = 0;
  while (!text.ends_with(end) && ::el_wgetc(editor, &c) == 1) {
    text += c == L'\r' ? L'\n' : c;
  }
  if (text.ends_with(end)) text.resize(text.size() - end.size());
  while (text.ends_with(L'\n')) text.pop_back();
  if (text.empty()) return CC_NORM;
  return ::el_winsertstr(editor, text.c_str()) == 0 ? CC_REFRESH : CC_ERROR;
}

}  // namespace

struct LineEditor::State {
  explicit State(const std::string& history_file) : history(history_file) {}

  InputHistory history;
  // libedit turns the echo on when it is made and whenever it has read a line.
  RawInput raw;
  EditLine* editor = nullptr;
  std::string prompt;

  static char* Prompt(EditLine* editor) {
    void* data = nullptr;
    ::el_get(editor, EL_CLIENTDATA, &data);
    return static_cast<State*>(data)->prompt.data();
  }
};

LineEditor::LineEditor(const std::string& history_file)
    : interactive_(IsTerminal(stdin) && IsTerminal(stdout)) {
  if (!interactive_) return;
  // libedit counts the columns of wide characters by the locale.
  if (std::setlocale(LC_CTYPE, "") == nullptr || MB_CUR_MAX == 1) {
    std::setlocale(LC_CTYPE, "C.UTF-8");
  }
  RestoreTerminalOnSignal();
  state_ = std::make_unique<State>(history_file);
  EditLine* editor = ::el_init("fullstop", stdin, stdout, stderr);
  state_->editor = editor;
  ::el_set(editor, EL_CLIENTDATA, state_.get());
  ::el_set(editor, EL_PROMPT, &State::Prompt);
  ::el_set(editor, EL_EDITOR, "emacs");
  ::el_set(editor, EL_GETCFN, TakeCharacter);
  ::el_set(editor, EL_HIST, ::history, state_->history.get());
  ::el_set(editor, EL_ADDFN, "take-paste", "Insert a pasted text", TakePaste);
  ::el_set(editor, EL_BIND, "\033[200~", "take-paste", nullptr);
  ::el_set(editor, EL_BIND, "^R", "em-inc-search-prev", nullptr);
  // A pasted text keeps its tabs.
  ::el_set(editor, EL_BIND, "^I", "ed-insert", nullptr);
  state_->raw.Apply();
  TakeResize();
  if (HasEscapes(stdout)) WriteOut(kMarkPastes);
}

LineEditor::~LineEditor() {
  if (!interactive_) return;
  if (HasEscapes(stdout)) {
    std::fputs(kDoNotMarkPastes, stdout);
    std::fflush(stdout);
  }
  ::el_end(state_->editor);
}

std::string LineEditor::history_problem() const {
  return interactive_ ? state_->history.problem() : "";
}

LineEditor::Result LineEditor::Read(const std::string& prefill) {
  std::string text;
  bool first = true;
  const bool typed_ahead = interactive_ && IsWaiting(0);
  std::string_view given = prefill;
  for (;;) {
    bool interrupted = false;
    const size_t given_line = given.find('\n');
    const bool more_given = interactive_ && given_line != given.npos;
    const std::optional<std::string> line =
        ReadLine(std::string(given.substr(0, given_line)), first ? "> " : ". ",
                 &interrupted);
    given.remove_prefix(more_given ? given_line + 1 : given.size());
    if (line) text += *line;
    if (interrupted) {
      if (!text.empty() && interactive_) state_->history.Add(text);
      return {Outcome::kInterrupted, text};
    }
    if (!line && first) return {Outcome::kEndOfFile, ""};
    if (!line) break;
    const bool alone = typed_ahead || (first && text.starts_with('/'));
    first = false;
    if (text.ends_with('\\')) {
      text.back() = '\n';
    } else if (more_given ||
               (interactive_ && !alone && IsWaiting(kPasteGapMilliseconds))) {
      text += '\n';
    } else {
      break;
    }
  }
  if (interactive_ && !text.empty()) state_->history.Add(text);
  return {Outcome::kMessage, text};
}

bool LineEditor::Confirm(const std::string& question) {
  bool interrupted = false;
  const std::optional<std::string> answer =
      ReadLine("", question + " [y/N] ", &interrupted);
  return answer && !interrupted && (*answer == "y" || *answer == "yes");
}

std::optional<std::string> LineEditor::ReadPlainLine(bool* interrupted) {
  size_t end = plain_.find('\n');
  while (end == plain_.npos) {
    if (!WaitForInput()) {
      *interrupted = TakeInterrupts() > 0;
      return std::nullopt;
    }
    char bytes[4096];
    const ssize_t count = ::read(STDIN_FILENO, bytes, sizeof(bytes));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw Error::System("can't read standard input", errno);
    if (count == 0) {
      if (plain_.empty()) return std::nullopt;
      return std::exchange(plain_, "");
    }
    const size_t before = plain_.size();
    plain_.append(bytes, static_cast<size_t>(count));
    end = plain_.find('\n', before);
  }
  std::string line = plain_.substr(0, end);
  plain_.erase(0, end + 1);
  return line;
}

std::optional<std::string> LineEditor::ReadLine(const std::string& prefill,
                                                const std::string& prompt,
                                                bool* interrupted) {
  if (!interactive_) return ReadPlainLine(interrupted);
  EditLine* editor = state_->editor;
  state_->prompt = prompt;
  if (TakeResize()) ::el_resize(editor);
  if (!prefill.empty()) ::el_push(editor, prefill.c_str());
  int count = 0;
  errno = 0;
  const char* read = ::el_gets(editor, &count);
  state_->raw.Apply();
  if (TakeInterrupts() > 0) {
    *interrupted = true;
    const LineInfo* typed = ::el_line(editor);
    std::string line(typed->buffer, typed->lastchar);
    ::el_reset(editor);
    return line;
  }
  if (read == nullptr || count <= 0) return std::nullopt;
  std::string line(read, static_cast<size_t>(count));
  if (line.back() == '\n') line.pop_back();
  return line;
}

}  // namespace fullstop::cli
