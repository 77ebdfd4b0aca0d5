// Reads messages: with editing and history on a terminal, plain lines
// elsewhere.
#ifndef FULLSTOP_CLI_LINE_EDITOR_H_
#define FULLSTOP_CLI_LINE_EDITOR_H_

#include <memory>
#include <optional>
#include <string>

namespace fullstop::cli {

// On a terminal, it does not echo what is typed while nothing is read; that
// waits for the next line. SIGINT must be counted (interrupt.h).
class LineEditor {
 public:
  // HISTORY_FILE may be empty.
  explicit LineEditor(const std::string& history_file);
  ~LineEditor();
  LineEditor(const LineEditor&) = delete;
  LineEditor& operator=(const LineEditor&) = delete;

  enum class Outcome { kMessage, kEndOfFile, kInterrupted };
  struct Result {
    Outcome outcome;
    // Of kMessage, without the last line end; of kInterrupted, what had been
    // typed and is in the history now.
    std::string text;
  };

  // One message. A line that ends in a backslash goes on in the next one. A
  // pasted text is one message: one that the terminal marks as pasted, and else
  // lines that arrive together, unless the first is a command. What had been
  // typed before is read line by line. On a terminal PREFILL is put into the
  // line for editing, its lines one after the other. Throws Error (kIo) where
  // standard input can't be read.
  Result Read(const std::string& prefill = "");

  // Whether the user answers QUESTION with y or yes.
  bool Confirm(const std::string& question);

  bool interactive() const { return interactive_; }
  // Why the history is not kept in its file; empty where it is.
  std::string history_problem() const;

 private:
  struct State;

  std::optional<std::string> ReadLine(const std::string& prefill,
                                      const std::string& prompt,
                                      bool* interrupted);
  std::optional<std::string> ReadPlainLine(bool* interrupted);

  std::unique_ptr<State> state_;
  std::string plain_;  // read, but not yet asked for
  bool interactive_;
};

}  // namespace fullstop::cli

#endif  // FULLSTOP_CLI_LINE_EDITOR_H_
