// Where the library's remarks go. The library never prints: whoever owns the
// surface (cli/, server/) passes a sink in.
#ifndef FULLSTOP_BASE_LOG_H_
#define FULLSTOP_BASE_LOG_H_

#include <cstdint>
#include <string_view>

namespace fullstop {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

// Calls may come from any thread, one at a time or several at once; MESSAGE
// lives for the call only and has no line end.
class LogSink {
 public:
  virtual ~LogSink() = default;
  virtual void Log(LogLevel level, std::string_view message) = 0;
};

// Long work reports here, from one thread. DONE and TOTAL are in the unit that
// the work names ("tensors", "tokens"); TOTAL 0 means not known.
class ProgressSink {
 public:
  virtual ~ProgressSink() = default;
  virtual void Progress(std::string_view what, uint64_t done,
                        uint64_t total) = 0;
};

}  // namespace fullstop

#endif  // FULLSTOP_BASE_LOG_H_
