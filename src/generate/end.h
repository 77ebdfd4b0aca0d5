// Why a generation ended: one value, the same on every surface.
#ifndef FULLSTOP_GENERATE_END_H_
#define FULLSTOP_GENERATE_END_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/token_id.h"
#include "protocol/stop_set.h"

namespace fullstop {

// Where several causes hold at one token, the first of this order decides.
enum class EndCause {
  kTurnEnd,
  kSequenceEnd,
  kToolCall,
  kTurnOpen,
  kStopString,
  kLoop,
  kMaxTokens,
  kContextFull,
  kCancelled,
  kError,
};

struct End {
  EndCause cause = EndCause::kError;
  // The stop token, for the first four causes.
  std::optional<TokenId> id;
  // The stop token's text, or the stop string (any bytes); the message of an
  // error.
  std::string text;
  // Who declared the stop token or the stop string.
  std::vector<Source> from;
  // For kLoop: the period in tokens and how often it stands at the tail.
  uint64_t period = 0;
  uint64_t count = 0;
};

// "turn_end", "sequence_end", "tool_call", "turn_open", "stop_string", "loop",
// "max_tokens", "context_full", "cancelled", "error".
std::string_view EndCauseName(EndCause cause);
std::optional<EndCause> FindEndCause(std::string_view name);

// One line for a person, all in valid UTF-8 without control characters:
//   turn_end 2 <|im_end|> (gguf tokenizer.ggml.eos_token_id, derived)
//   stop_string "\n\nUser:" (derived)
//   loop of 4 tokens, 13 times
//   error: the device is gone
std::string DescribeEnd(const End& end);

// OpenAI's finish_reason. "tool_calls" where the model itself ended a reply
// that holds calls (HAS_CALLS); "stop" where the model or a stop string ended
// it; "length" for all that cut it short, a loop, a full context, a cancelled
// or failed generation too, so that a client takes none of these for whole.
std::string_view OpenAiFinishReason(EndCause cause, bool has_calls);

}  // namespace fullstop

#endif  // FULLSTOP_GENERATE_END_H_
