#include "doctor/trial.h"

#include "base/error.h"
#include "protocol/normalize.h"

namespace fullstop {

nlohmann::ordered_json TrialMessage(const char* role, const char* content) {
  return {{"role", role}, {"content", content}};
}

std::optional<RenderedPrompt> Trial::Render(
    const TurnProtocol& protocol) const {
  RenderRequest request;
  request.messages =
      NormalizeMessages(messages, protocol.facts().form).messages;
  request.tools = tools;
  request.variables = variables;
  request.add_generation_prompt = add_generation_prompt;
  try {
    return RenderText(protocol, request);
  } catch (const Error&) {
    // What a template refuses is an answer, not an error.
    return std::nullopt;
  }
}

}  // namespace fullstop
