// How far a long work is, on standard error.
#ifndef FULLSTOP_CLI_PROGRESS_LINE_H_
#define FULLSTOP_CLI_PROGRESS_LINE_H_

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace fullstop::cli {

// One line where standard error is a terminal, written over and over.
class ProgressLine {
 public:
  ProgressLine();

  // DONE of TOTAL bytes; false once Ctrl-C was pressed (CountInterrupts).
  bool Update(uint64_t done, uint64_t total);
  // DONE of TOTAL steps of WORK; another work begins another estimate.
  bool Update(std::string_view work, uint64_t done, uint64_t total);
  void Clear() const;

 private:
  bool Show(const std::string& what, uint64_t done, uint64_t total);
  static void Write(const std::string& line);

  bool shown_;
  std::string work_;
  std::chrono::steady_clock::time_point begin_ =
      std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point last_ = begin_;
};

}  // namespace fullstop::cli

#endif  // FULLSTOP_CLI_PROGRESS_LINE_H_
