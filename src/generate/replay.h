// A recorded generation through the stop machine again, with other stops: where
// would it have ended, and what would have been shown?
#ifndef FULLSTOP_GENERATE_REPLAY_H_
#define FULLSTOP_GENERATE_REPLAY_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "generate/stop_machine.h"
#include "generate/trace.h"
#include "tokenizer/tokenizer.h"

namespace fullstop {

// What to change in the recorded configuration.
struct ReplayChanges {
  std::string stops;                      // "+ID,-ID"
  std::vector<std::string> stop_strings;  // joined to the recorded ones
  std::optional<uint64_t> max_tokens;     // in place of the recorded one
};

struct ReplayResult {
  // All that is shown; neighbours differ in section or marker.
  std::vector<Piece> pieces;
  // Absent where the recording is over before the reply.
  std::optional<End> end;
  ReplyUsage usage;
  // How many recorded tokens were read, those stepped back included.
  size_t tokens_read = 0;
};

// The recorded configuration with CHANGES; the vocabulary gives the texts of
// added ids. Throws Error (kUsage) as OverrideStops.
StopConfig ReplayConfig(const TraceHeader& header, const ReplayChanges& changes,
                        const Tokenizer& vocabulary);

// Throws Error (kUsage) where a token of the trace has other bytes in
// VOCABULARY: it was recorded with another model.
void CheckVocabulary(const Trace& trace, const Tokenizer& vocabulary);

// Puts the recorded tokens and events into a machine of CONFIG until it ends.
// An end that came between two tokens of the recording (cancelled,
// context_full, error) comes there again. Throws Error (kUsage) as StopMachine.
ReplayResult Replay(const Trace& trace, const StopConfig& config);

}  // namespace fullstop

#endif  // FULLSTOP_GENERATE_REPLAY_H_
