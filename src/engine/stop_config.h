// What the stop machine needs to know, taken from a protocol.
#ifndef FULLSTOP_ENGINE_STOP_CONFIG_H_
#define FULLSTOP_ENGINE_STOP_CONFIG_H_

#include "generate/stop_machine.h"
#include "protocol/facts.h"

namespace fullstop {

// The protocol's stop set and its markers of thoughts and calls. THOUGHT_OPEN
// as in RenderedPrompt. A marker that is one id, or has a control token in it,
// is matched by its ids; any other by its text, however that is cut into
// tokens.
StopConfig StopConfigFor(const ProtocolFacts& facts, bool thought_open);

// Takes over what the user asks for from USER: stop strings, where they are
// looked for, least and most tokens.
void MergeUserStops(const StopConfig& user, StopConfig* config);

}  // namespace fullstop

#endif  // FULLSTOP_ENGINE_STOP_CONFIG_H_
