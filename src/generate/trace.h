// A generation, written down token by token: what the model said, what the
// samplers did, what was held back, shown, and why it ended. The format is
// docs/trace.md.
#ifndef FULLSTOP_GENERATE_TRACE_H_
#define FULLSTOP_GENERATE_TRACE_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/token_id.h"
#include "generate/stop_machine.h"

namespace fullstop {

struct TraceHeader {
  std::string program;   // "fullstop 0.1.0"
  std::string model;     // the file or name
  std::string protocol;  // the protocol's hash
  uint64_t prompt_tokens = 0;
  StopConfig config;
  // Sampling and whatever else explains the reply: an object, in the caller's
  // own names.
  nlohmann::ordered_json params = nlohmann::ordered_json::object();
};

struct TraceCandidate {
  TokenId id = 0;
  std::string bytes;
  std::optional<double> logprob;  // natural
};

// What one stage of the sampler chain did.
struct TraceStage {
  std::string stage;
  uint64_t changed = 0;  // logits
  uint64_t kept = 0;     // candidates left
};

// A stop id that a stage worked against.
struct TraceStopLoss {
  TokenId id = 0;
  std::string stage;
  bool removed = true;  // else made less probable
};

// All probabilities are absent where they are not known or not finite.
struct TraceToken {
  TokenId id = 0;
  std::string bytes;  // exact, also of a control token
  bool control = false;
  // What the stop machine was told with the token.
  StopEvents events;

  std::optional<double> logprob;     // natural, of the raw distribution
  std::optional<double> p_stop;      // of all stop ids together
  std::optional<double> drawn_with;  // behind the last sampler
  std::vector<TraceCandidate> top;   // best first
  std::vector<TraceStage> stages;
  std::vector<TraceStopLoss> stop_losses;

  std::vector<Piece> shown;  // by this token's step
  std::string held;          // behind it
  uint64_t stepped_back = 0;
};

struct TraceEnd {
  End end;
  ReplyUsage usage;
  // What a Close between tokens showed; empty where a token ended the reply.
  std::vector<Piece> shown;
};

struct Trace {
  TraceHeader header;
  std::vector<TraceToken> tokens;
  // Absent where the writer was interrupted.
  std::optional<TraceEnd> end;
};

// Composes the lines of one or several generations, one behind the other. Each
// call gives the sink one whole line with its line feed; what the sink throws
// passes through. One thread at a time.
class TraceWriter {
 public:
  using Sink = std::function<void(std::string_view line)>;
  explicit TraceWriter(Sink sink) : sink_(std::move(sink)) {}

  // A generation begins. REQUIRES for each: Begin, then Token, then End.
  void Begin(const TraceHeader& header);
  void Token(const TraceToken& token);
  void End(const TraceEnd& end);

 private:
  void Write(const nlohmann::ordered_json& line);

  Sink sink_;
  uint64_t tokens_ = 0;
  uint64_t hold_tokens_ = 0;
};

// The generations of a trace, in order. Any bytes are safe to read: a line may
// have up to 4 MiB. Throws Error (kFormat, kLimit) naming FILE, the line and
// what is wrong with it. Keys that are not known are ignored.
std::vector<Trace> ReadTraces(std::string_view text, const std::string& file);

}  // namespace fullstop

#endif  // FULLSTOP_GENERATE_TRACE_H_
