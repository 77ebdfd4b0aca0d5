// Replies that a model makes itself: how each ended, and what went wrong on the
// way.
#ifndef FULLSTOP_MEASURE_OWN_REPLIES_H_
#define FULLSTOP_MEASURE_OWN_REPLIES_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/generation.h"
#include "generate/end.h"
#include "measure/prompt.h"
#include "measure/statistics.h"
#include "model/forward.h"
#include "protocol/turn_protocol.h"

namespace fullstop {

// What may be wrong with a reply, whatever it says.
enum class ReplyFault {
  kLoop,           // it repeats itself
  kOverlong,       // its answer had not ended at its limit
  kAnotherTurn,    // it went on as somebody else
  kSpelledMarker,  // a control token's text stands in it, written in letters
  kOpenThought,    // it ended, or was cut, within a thought
  kOtherScript,    // it changed to another script than it and its prompt had
  kEmpty,          // it says nothing
};
inline constexpr std::array kReplyFaults = {
    ReplyFault::kLoop,        ReplyFault::kOverlong,
    ReplyFault::kAnotherTurn, ReplyFault::kSpelledMarker,
    ReplyFault::kOpenThought, ReplyFault::kOtherScript,
    ReplyFault::kEmpty};
// "loop", "overlong", "another_turn", …
std::string_view ReplyFaultName(ReplyFault fault);

struct OwnReply {
  nlohmann::ordered_json messages;
  bool greedy = false;
  uint64_t seed = 0;
  size_t tokens = 0;
  End end = {};
  std::set<ReplyFault> faults = {};
  std::string text = {};
};

// The script that most letters of TEXT are of: "latin", "cyrillic", "han", …;
// empty where it has fewer than LEAST letters, or none is the script of most.
std::string_view MostlyScript(std::string_view text, size_t least);

// What is wrong with REPLY's text and end.
std::set<ReplyFault> FaultsOf(const TurnProtocol& protocol,
                              const OwnReply& reply);

struct OwnReplyOptions {
  // As the model's authors declare it; temp 0 makes it greedy.
  SamplingParams sampling;
  std::vector<TokenId> suppress;
  // GenerationOptions::exempt_stops.
  bool exempt_stops = true;
  Thinking thinking = Thinking::kAsItIs;
  uint64_t max_tokens = 256;
  // Asked before each token; true gives up.
  std::function<bool(size_t tokens)> cancelled;
};

// Replies to MESSAGES as `chat` does. Throws Error as Render and GenerateReply
// do. Uses sequence 0 of MODEL.
OwnReply MakeOwnReply(const TurnProtocol& protocol, ForwardModel& model,
                      const nlohmann::ordered_json& messages,
                      const OwnReplyOptions& options);

// How many of REPLIES ended because the model said so.
size_t CountEnded(const std::vector<OwnReply>& replies);
// Their share.
Estimate ShareEnded(const std::vector<OwnReply>& replies);
// How often each cause ended one.
std::map<EndCause, size_t> CountCauses(const std::vector<OwnReply>& replies);

}  // namespace fullstop

#endif  // FULLSTOP_MEASURE_OWN_REPLIES_H_
