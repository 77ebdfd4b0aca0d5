#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "doctor/ends.h"
#include "doctor/rule.h"
#include "doctor/target.h"
#include "doctor/trial.h"

namespace fullstop {
namespace {

using Json = nlohmann::ordered_json;

// What stands behind the answer that TRIAL holds, up to the next turn; nullopt
// where the template refuses, or leaves the answer out.
std::optional<std::string> BehindAnswer(const Target& target,
                                        const Trial& trial) {
  const auto text = RenderedText(target, trial);
  if (!text || !Holds(*text, kTrialAnswer)) return std::nullopt;
  return Between(*text, kTrialAnswer, kTrialAgain);
}

// MESSAGES with each content a list of one part.
Json AsParts(Json messages) {
  for (Json& message : messages) {
    message["content"] = Json::array(
        {{{"type", "text"}, {"text", std::move(message["content"])}}});
  }
  return messages;
}

// Whether TEXT holds an end of those for which FITS holds.
template <class Fits>
bool HoldsEnd(const Target& target, const std::string& text, Fits fits) {
  return std::ranges::any_of(target.facts().stops.stops, [&](const Stop& stop) {
    return stop.role != StopRole::kTurnOpen && fits(stop) &&
           Holds(text, stop.text);
  });
}

void CheckParts(const Target& target, Findings* findings) {
  if (!Renders(target, findings)) return;
  if (target.facts().form.content_as_parts) return;
  const Json turns = {TrialMessage("user", kTrialUser),
                      TrialMessage("assistant", kTrialAnswer)};
  Json followed = turns;
  followed.push_back(TrialMessage("user", kTrialAgain));
  for (const Json& messages : {turns, followed}) {
    for (const Json& tools : {Json(), TrialTools()}) {
      const auto whole =
          BehindAnswer(target, {.messages = messages, .tools = tools});
      const auto parts =
          BehindAnswer(target, {.messages = AsParts(messages), .tools = tools});
      const auto written = [&](const Stop& stop) {
        return DerivedFrom(stop) != nullptr && Holds(*whole, stop.text);
      };
      if (!whole || !parts || !HoldsEnd(target, *whole, written) ||
          HoldsEnd(target, *parts, written)) {
        continue;
      }
      const bool is_open = !HoldsEnd(target, *parts, IsDeclared);
      return findings->Add(
          {.severity = is_open ? Severity::kError : Severity::kNote,
           .certainty = Certainty::kLikely,
           .message = std::string("an answer whose content is a list of parts "
                                  "is ended otherwise than one that is text") +
                      (is_open ? ": with none of the declared ends" : ""),
           .evidence = {{"behind an answer of text", *whole},
                        {"behind an answer of parts", *parts}},
           .repair = "end answers alike, whatever form their content has"});
    }
  }
}

// The first end that the template writes behind the answer of message 1, by its
// bytes; nullopt where it writes none before the next content.
std::optional<ByteRange> EndOfAnswer(const Target& target,
                                     const RenderedPrompt& prompt) {
  size_t begin = 0;
  size_t end = prompt.text.size();
  for (const TextSpan& span : prompt.spans) {
    if (span.message == 1) begin = span.end;
  }
  for (const TextSpan& span : prompt.spans) {
    if (span.message > 1 && span.begin >= begin)
      end = std::min(end, span.begin);
  }
  std::optional<ByteRange> first;
  for (const Stop& stop : target.facts().stops.stops) {
    if (!EndsAReply(stop) || DerivedFrom(stop) == nullptr) continue;
    const size_t at = prompt.text.find(stop.text, begin);
    if (begin == 0 || at >= end || (first && first->begin <= at)) continue;
    first = {at, at + stop.text.size()};
  }
  return first;
}

// Whether some of what message 1 says is learnt.
bool LearnsAnswer(const RenderedPrompt& prompt) {
  return std::ranges::any_of(prompt.spans, [&prompt](const TextSpan& span) {
    return span.message == 1 &&
           std::ranges::any_of(prompt.generations, [&span](ByteRange learnt) {
             return learnt.begin < span.end && span.begin < learnt.end;
           });
  });
}

void CheckLearnt(const Target& target, Findings* findings) {
  const bool marks = std::ranges::any_of(
      target.facts().templates,
      [](const auto& each) { return Holds(each.source, "endgeneration"); });
  if (!marks || !Renders(target, findings)) return;
  const Json user = TrialMessage("user", kTrialUser);
  const Json answer = TrialMessage("assistant", kTrialAnswer);
  const Json again = TrialMessage("user", kTrialAgain);
  const std::vector<Trial> trials = {
      {.messages = {user, answer}},
      {.messages = {user, answer, again}},
      {.messages = {user, TrialCall(""), TrialResult()},
       .tools = TrialTools()}};
  for (const Trial& trial : trials) {
    const auto prompt = trial.Render(target.protocol());
    if (!prompt || !LearnsAnswer(*prompt)) continue;
    const auto end = EndOfAnswer(target, *prompt);
    const bool is_learnt =
        !end ||
        std::ranges::any_of(prompt->generations, [&end](ByteRange learnt) {
          return learnt.begin <= end->begin && end->end <= learnt.end;
        });
    if (is_learnt) continue;
    return findings->Add(
        {.severity = Severity::kWarning,
         .certainty = Certainty::kLikely,
         .message = "the part of a reply that the template marks to be learnt "
                    "stops before " +
                    prompt->text.substr(end->begin, end->end - end->begin) +
                    ": who trains on that part alone never teaches the end",
         .evidence = {{"behind the reply", prompt->text.substr(end->begin)}},
         .repair = "write the end before {% endgeneration %}"});
  }
}

constexpr std::array kRules = {
    Rule{"TPL017", "answers of parts are ended otherwise", Severity::kError,
         "Behind a server that passes contents on as lists of parts, and after "
         "a training on such rows, replies run on.",
         "The template takes a content as text and as a list of parts ([{"
         "\"type\": \"text\", …}]), and closes an answer only of the first. A "
         "note where another declared end stands there.",
         "End answers alike.", "Parts that are no text; calls.", "E01",
         CheckParts},
    Rule{"TPL018", "what is learnt stops before the end", Severity::kWarning,
         "A fine-tune never stops.",
         "{% generation %} marks what trainers learn of a reply "
         "(assistant_only_loss), and the block is closed before the template "
         "writes the end.",
         "Write the end before {% endgeneration %}.",
         "Trainers that mask by themselves.", "E01, E06", CheckLearnt},
};

}  // namespace

std::span<const Rule> ContentRules() { return kRules; }

}  // namespace fullstop
