// What a model is asked, thoughts turned on or off.
#ifndef FULLSTOP_MEASURE_PROMPT_H_
#define FULLSTOP_MEASURE_PROMPT_H_

#include <nlohmann/json.hpp>

#include "protocol/render.h"
#include "protocol/turn_protocol.h"

namespace fullstop {

// kOff and kOn act where the template has a switch.
enum class Thinking { kAsItIs, kOff, kOn };

// MESSAGES in the form that the template takes.
RenderRequest RequestFor(const TurnProtocol& protocol,
                         const nlohmann::ordered_json& messages,
                         Thinking thinking);

}  // namespace fullstop

#endif  // FULLSTOP_MEASURE_PROMPT_H_
