// What was typed before, kept in a file from one chat to the next.
#ifndef FULLSTOP_CLI_INPUT_HISTORY_H_
#define FULLSTOP_CLI_INPUT_HISTORY_H_

#include <histedit.h>

#include <string>

namespace fullstop::cli {

// libedit's history behind a file of which no failure loses a line: each text
// is appended when it is added, and a file grown too long is replaced as a
// whole. Several chats may share it. Not copyable.
class InputHistory {
 public:
  // Reads FILE, whose folder is made where there is none. With an empty FILE
  // nothing is kept.
  explicit InputHistory(std::string file);
  ~InputHistory();
  InputHistory(const InputHistory&) = delete;
  InputHistory& operator=(const InputHistory&) = delete;

  // A text of more than 64 KiB is not kept in the file.
  void Add(const std::string& text);

  // Why nothing is kept any more; empty where all is well.
  const std::string& problem() const { return problem_; }
  History* get() { return history_; }

 private:
  void Load();
  void Append(const std::string& newest);
  // libedit's first line and the newest COUNT entries (or one more), the newest
  // last.
  std::string Encoded(size_t count);

  std::string file_;
  History* history_;
  std::string problem_;
};

}  // namespace fullstop::cli

#endif  // FULLSTOP_CLI_INPUT_HISTORY_H_
