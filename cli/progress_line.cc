#include "cli/progress_line.h"

#include <cmath>
#include <cstdio>

#include "base/memory.h"
#include "cli/interrupt.h"
#include "cli/terminal.h"

namespace fullstop::cli {

ProgressLine::ProgressLine() : shown_(HasEscapes(stderr)) {}

bool ProgressLine::Update(uint64_t done, uint64_t total) {
  return Show(" of " + DescribeBytes(total), done, total);
}

bool ProgressLine::Update(std::string_view work, uint64_t done,
                          uint64_t total) {
  if (work != work_) {
    work_ = work;
    begin_ = std::chrono::steady_clock::now();
  }
  return Show(" of the " + work_, done, total);
}

bool ProgressLine::Show(const std::string& what, uint64_t done,
                        uint64_t total) {
  if (Interrupted()) return false;
  const auto now = std::chrono::steady_clock::now();
  if (!shown_ || now - last_ < std::chrono::milliseconds(200)) return true;
  last_ = now;
  const std::chrono::duration<double> passed = now - begin_;
  const double part =
      total == 0 ? 1 : static_cast<double>(done) / static_cast<double>(total);
  std::string line = std::to_string(static_cast<int>(100 * part)) + " %" + what;
  if (passed.count() > 1 && part > 0) {
    const double left = passed.count() * (1 - part) / part;
    line += ", about " + std::to_string(std::lround(left)) + " s left";
  }
  Write(line);
  return true;
}

void ProgressLine::Clear() {
  if (written_) Write("");
}

void ProgressLine::Write(const std::string& line) {
  written_ = !line.empty();
  std::fputs(("\r\x1b[K" + line).c_str(), stderr);
  std::fflush(stderr);
}

}  // namespace fullstop::cli
