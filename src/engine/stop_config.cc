#include "engine/stop_config.h"

#include <algorithm>
#include <optional>

namespace fullstop {
namespace {

bool HasControl(const ProtocolFacts& facts, const Marker& marker) {
  return std::any_of(
      marker.ids.begin(), marker.ids.end(), [&facts](TokenId id) {
        return std::any_of(facts.specials.begin(), facts.specials.end(),
                           [id](const SpecialToken& token) {
                             return token.id == id && token.control;
                           });
      });
}

void Add(const ProtocolFacts& facts, const std::optional<Marker>& marker,
         Section from, Section to, StopConfig* config) {
  if (!marker || marker->text.empty()) return;
  SectionMarker added{.from = from, .to = to, .ids = {}, .text = {}};
  if (marker->ids.size() == 1 || HasControl(facts, *marker)) {
    added.ids = marker->ids;
  } else {
    added.text = marker->text;
  }
  const auto same = [&added](const SectionMarker& other) {
    return other.from == added.from && other.ids == added.ids &&
           other.text == added.text;
  };
  if (std::none_of(config->markers.begin(), config->markers.end(), same)) {
    config->markers.push_back(std::move(added));
  }
}

}  // namespace

// A turn whose sections have headers: what a header ends with decides what
// follows, and behind a section the next header begins.
void AddHeaders(const ProtocolFacts& facts, StopConfig* config) {
  const ReasoningMarkers& reasoning = facts.reasoning;
  for (const Section from :
       {Section::kAnswer, Section::kThought, Section::kCall}) {
    Add(facts, reasoning.header, from, Section::kHeader, config);
  }
  Add(facts, reasoning.closing, Section::kThought, Section::kHeader, config);
  Add(facts, reasoning.closing, Section::kCall, Section::kHeader, config);
  Add(facts, reasoning.opening, Section::kHeader, Section::kThought, config);
  Add(facts, reasoning.answer, Section::kHeader, Section::kAnswer, config);
  Add(facts, facts.tool_calls.opening, Section::kHeader, Section::kCall,
      config);
  if (facts.tool_calls.format.kind == CallKind::kChannel && reasoning.opening &&
      !reasoning.opening->ids.empty()) {
    // Every other header leads to something that is no answer.
    Marker message;
    message.ids = {reasoning.opening->ids.back()};
    message.text = "channel";
    Add(facts, message, Section::kHeader, Section::kCall, config);
    if (config->start == Section::kAnswer) config->start = Section::kHeader;
  }
}

StopConfig StopConfigFor(const ProtocolFacts& facts, bool thought_open) {
  StopConfig config;
  config.stops = facts.stops;
  config.start = thought_open ? Section::kThought : Section::kAnswer;
  const ReasoningMarkers& reasoning = facts.reasoning;
  if (reasoning.header) AddHeaders(facts, &config);
  Add(facts, reasoning.opening, Section::kAnswer, Section::kThought, &config);
  Add(facts, reasoning.closing, Section::kThought, Section::kAnswer, &config);
  Add(facts, reasoning.answer, Section::kThought, Section::kAnswer, &config);
  const ToolCallMarkers& calls = facts.tool_calls;
  Add(facts, calls.opening, Section::kAnswer, Section::kCall, &config);
  Add(facts, calls.opening, Section::kThought, Section::kCall, &config);
  Add(facts, calls.closing, Section::kCall, Section::kAnswer, &config);
  return config;
}

void MergeUserStops(const StopConfig& user, StopConfig* config) {
  config->stop_strings = user.stop_strings;
  config->strings_in_thought = user.strings_in_thought;
  config->strings_in_call = user.strings_in_call;
  config->min_tokens = user.min_tokens;
  config->max_tokens = user.max_tokens;
}

}  // namespace fullstop
