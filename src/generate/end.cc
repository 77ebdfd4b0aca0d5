#include "generate/end.h"

namespace fullstop {

std::string_view EndCauseName(EndCause cause) {
  switch (cause) {
    case EndCause::kTurnEnd:
      return "turn_end";
    case EndCause::kSequenceEnd:
      return "sequence_end";
    case EndCause::kToolCall:
      return "tool_call";
    case EndCause::kTurnOpen:
      return "turn_open";
    case EndCause::kStopString:
      return "stop_string";
    case EndCause::kLoop:
      return "loop";
    case EndCause::kMaxTokens:
      return "max_tokens";
    case EndCause::kContextFull:
      return "context_full";
    case EndCause::kCancelled:
      return "cancelled";
    case EndCause::kError:
      return "error";
  }
  return "";
}

}  // namespace fullstop
