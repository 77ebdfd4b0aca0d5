// How far a long work is, on standard error.
#ifndef FULLSTOP_CLI_PROGRESS_LINE_H_
#define FULLSTOP_CLI_PROGRESS_LINE_H_

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace fullstop::cli {

// One line where standard error is a terminal, written over and over, and taken
// away at the end.
class ProgressLine {
 public:
  ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;
  ~ProgressLine() { Clear(); }

  // DONE of TOTAL bytes; false once Ctrl-C was pressed (CountInterrupts).
  bool Update(uint64_t done, uint64_t total);
  // DONE of TOTAL steps of WORK; another work begins another estimate.
  bool Update(std::string_view work, uint64_t done, uint64_t total);
  // Takes it away before something else is written.
  void Clear();

 private:
  bool Show(const std::string& what, uint64_t done, uint64_t total);
  void Write(const std::string& line);

  bool shown_;
  bool written_ = false;
  std::string work_;
  std::chrono::steady_clock::time_point begin_ =
      std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point last_ = begin_;
};

}  // namespace fullstop::cli

#endif  // FULLSTOP_CLI_PROGRESS_LINE_H_
