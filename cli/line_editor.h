// Reads messages: with editing and history on a terminal, plain lines
// elsewhere.
#ifndef FULLSTOP_CLI_LINE_EDITOR_H_
#define FULLSTOP_CLI_LINE_EDITOR_H_

#include <memory>
#include <optional>
#include <string>

namespace fullstop::cli {

class LineEditor {
 public:
  // HISTORY_FILE may be empty; one that can't be read or written is not used.
  explicit LineEditor(std::string history_file);
  ~LineEditor();
  LineEditor(const LineEditor&) = delete;
  LineEditor& operator=(const LineEditor&) = delete;

  enum class Outcome { kMessage, kEndOfFile, kInterrupted };
  struct Result {
    Outcome outcome;
    std::string text;  // of kMessage, without the last line end
  };

  // One message. A line that ends in a backslash goes on in the next one, and
  // lines that arrive together, as a paste does, are one message. On a
  // terminal PREFILL is put into the line for editing, its lines one after the
  // other.
  Result Read(const std::string& prefill = "");

  bool interactive() const { return interactive_; }

 private:
  struct State;

  std::optional<std::string> ReadLine(const std::string& prefill,
                                      bool continued, bool* interrupted);
  bool MoreIsWaiting() const;

  std::unique_ptr<State> state_;
  bool interactive_;
};

}  // namespace fullstop::cli

#endif  // FULLSTOP_CLI_LINE_EDITOR_H_
