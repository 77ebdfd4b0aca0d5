#include "doctor/trial.h"

#include <algorithm>

#include "base/error.h"
#include "protocol/normalize.h"

namespace fullstop {

bool Renders(const Target& target, Findings* findings) {
  const bool fails =
      std::ranges::any_of(target.facts().findings, [](const Finding& finding) {
        return finding.kind == FindingKind::kTemplateError;
      });
  if (target.protocol().has_template() && !fails) return true;
  findings->CannotTell(target.sources().templates.empty()
                           ? "the files hold no chat template"
                           : "the template does not render");
  return false;
}

nlohmann::ordered_json TrialMessage(const char* role, const char* content) {
  return {{"role", role}, {"content", content}};
}

nlohmann::ordered_json TrialTools() {
  using Json = nlohmann::ordered_json;
  const Json parameters = {
      {"type", "object"},
      {"properties",
       {{"locus", {{"type", "string"}, {"description", "Where."}}}}}};
  return Json::array({{{"type", "function"},
                       {"function",
                        {{"name", kTrialTool},
                         {"description", "Tests."},
                         {"parameters", parameters}}}}});
}

nlohmann::ordered_json TrialCall(const char* content) {
  nlohmann::ordered_json message = TrialMessage("assistant", content);
  message["tool_calls"] = nlohmann::ordered_json::array(
      {{{"id", "vocatio01"},
        {"type", "function"},
        {"function",
         {{"name", kTrialTool}, {"arguments", {{"locus", "Septem 7307"}}}}}}});
  return message;
}

nlohmann::ordered_json TrialResult() {
  return {{"role", "tool"},
          {"name", kTrialTool},
          {"tool_call_id", "vocatio01"},
          {"content", "Factum 7308."}};
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

std::optional<std::string> RenderedText(const Target& target,
                                        const Trial& trial) {
  const auto prompt = trial.Render(target.protocol());
  if (!prompt) return std::nullopt;
  return prompt->text;
}

bool Holds(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

std::string Behind(const std::string& text, std::string_view from) {
  const size_t found = text.find(from);
  return found == std::string::npos ? "" : text.substr(found + from.size());
}

std::string Between(const std::string& text, std::string_view from,
                    std::string_view to) {
  const std::string behind = Behind(text, from);
  return behind.substr(0, behind.find(to));
}

}  // namespace fullstop
