// Any bytes as a trace: read, written, read again, replayed.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "generate/end.h"
#include "generate/replay.h"
#include "generate/trace.h"

namespace {

std::string Written(const std::vector<fullstop::Trace>& traces) {
  std::string text;
  fullstop::TraceWriter writer(
      [&text](std::string_view line) { text += line; });
  for (const fullstop::Trace& trace : traces) {
    writer.Begin(trace.header);
    for (const fullstop::TraceToken& token : trace.tokens) writer.Token(token);
    if (trace.end) writer.End(*trace.end);
  }
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    const std::vector<fullstop::Trace> traces =
        fullstop::ReadTraces(text, "trace");
    const std::string written = Written(traces);
    if (Written(fullstop::ReadTraces(written, "trace")) != written) {
      __builtin_trap();
    }
    for (const fullstop::Trace& trace : traces) {
      if (trace.end && fullstop::DescribeEnd(trace.end->end).empty()) {
        __builtin_trap();
      }
      fullstop::Replay(trace, trace.header.config);
    }
  } catch (const fullstop::Error& error) {
    if (error.message().empty()) __builtin_trap();
  }
  return 0;
}
