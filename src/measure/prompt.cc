#include "measure/prompt.h"

#include "protocol/normalize.h"

namespace fullstop {

RenderRequest RequestFor(const TurnProtocol& protocol,
                         const nlohmann::ordered_json& messages,
                         Thinking thinking) {
  RenderRequest request;
  request.messages =
      NormalizeMessages(messages, protocol.facts().form).messages;
  const ReasoningMarkers& markers = protocol.facts().reasoning;
  if (thinking != Thinking::kAsItIs && !markers.switch_name.empty()) {
    request.variables[markers.switch_name] =
        (thinking == Thinking::kOn) == markers.switch_on;
  }
  return request;
}

}  // namespace fullstop
