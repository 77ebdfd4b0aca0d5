// Small conversations, rendered as `chat` renders them.
#ifndef FULLSTOP_DOCTOR_TRIAL_H_
#define FULLSTOP_DOCTOR_TRIAL_H_

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "doctor/rule.h"
#include "doctor/target.h"
#include "protocol/render.h"
#include "protocol/turn_protocol.h"

namespace fullstop {

// Whether TARGET has a template that renders; FINDINGS hear why not. One that
// met a limit would meet it again and again.
bool Renders(const Target& target, Findings* findings);

// Contents that no template holds.
inline constexpr const char* kTrialUser = "Quaerit 7301?";
inline constexpr const char* kTrialAnswer = "Respondet 7302.";
inline constexpr const char* kTrialAgain = "Iterum 7303?";
inline constexpr const char* kTrialSystem = "Regula 7304.";
inline constexpr const char* kTrialThought = "Cogitat 7305.";

// A message, as the API's users write it.
nlohmann::ordered_json TrialMessage(const char* role, const char* content);

// A list of the one tool that calls are tried with.
inline constexpr const char* kTrialTool = "instrumentum_7306";
nlohmann::ordered_json TrialTools();
// A message that says CONTENT and calls it; its result.
nlohmann::ordered_json TrialCall(const char* content);
nlohmann::ordered_json TrialResult();

struct Trial {
  nlohmann::ordered_json messages = nlohmann::ordered_json::array();
  nlohmann::ordered_json tools = nullptr;
  // Further names for the template; an object.
  nlohmann::ordered_json variables = nlohmann::ordered_json::object();
  bool add_generation_prompt = false;

  // nullopt where the template refuses, or fails. Needs a template.
  std::optional<RenderedPrompt> Render(const TurnProtocol& protocol) const;
};

// What TRIAL is rendered as; nullopt as above.
std::optional<std::string> RenderedText(const Target& target,
                                        const Trial& trial);

bool Holds(std::string_view text, std::string_view part);

// What of TEXT stands behind the first FROM, up to the next TO; empty where
// there is no FROM.
std::string Behind(const std::string& text, std::string_view from);
std::string Between(const std::string& text, std::string_view from,
                    std::string_view to);

}  // namespace fullstop

#endif  // FULLSTOP_DOCTOR_TRIAL_H_
