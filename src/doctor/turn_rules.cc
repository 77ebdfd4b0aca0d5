#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "doctor/ends.h"
#include "doctor/rule.h"
#include "doctor/target.h"
#include "doctor/trial.h"

namespace fullstop {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kRefused = "the template refuses small conversations";

Json User() { return TrialMessage("user", kTrialUser); }
Json Answer() { return TrialMessage("assistant", kTrialAnswer); }
Json Again() { return TrialMessage("user", kTrialAgain); }

std::optional<std::string> Prompt(const Target& target) {
  return RenderedText(target, {.messages = Json::array({User()}),
                               .add_generation_prompt = true});
}

void CheckLastTurn(const Target& target, Findings* findings) {
  if (!Renders(target, findings)) return;
  const auto last =
      RenderedText(target, {.messages = Json::array({User(), Answer()})});
  const auto inner = RenderedText(
      target, {.messages = Json::array({User(), Answer(), Again()})});
  if (!last || !inner) return findings->CannotTell(kRefused);
  const std::string behind_last = Behind(*last, kTrialAnswer);
  const std::string behind_inner = Between(*inner, kTrialAnswer, kTrialAgain);
  const std::string before = last->substr(0, last->find(kTrialUser));
  for (const Stop& stop : target.facts().stops.stops) {
    if (!EndsAReply(stop)) continue;
    // One that is written behind the last answer is its end.
    if (Holds(behind_last, stop.text)) return;
  }
  for (const Stop& stop : target.facts().stops.stops) {
    // What opens the user's turn closes none of its own.
    if (!EndsAReply(stop) || !Holds(behind_inner, stop.text) ||
        Holds(before, stop.text)) {
      continue;
    }
    findings->Add(
        {.certainty = Certainty::kLikely,
         .message = "an answer is closed with " + TokenName(target, stop.id) +
                    " only where another turn follows: who trains on whole "
                    "conversations never shows the end of the last answer",
         .evidence = {{"behind the last answer", behind_last},
                      {"behind an earlier one", behind_inner}},
         .repair = "close every answer alike"});
  }
}

// TEXT up to where a thought is opened or closed behind byte FROM, less the
// white space before that.
std::string WithoutThought(const Target& target, const std::string& text,
                           size_t from) {
  const ReasoningMarkers& reasoning = target.facts().reasoning;
  size_t end = text.size();
  for (const auto* marker : {&reasoning.opening, &reasoning.closing}) {
    if (!*marker || (*marker)->text.empty()) continue;
    end = std::min(end, text.find((*marker)->text, from));
  }
  if (end == text.size()) return text;
  return text.substr(0, text.find_last_not_of(" \n\t", end - 1) + 1);
}

void CheckPromptIsHistory(const Target& target, Findings* findings) {
  if (!Renders(target, findings)) return;
  const auto prompt = Prompt(target);
  const auto unprompted =
      RenderedText(target, {.messages = Json::array({User()})});
  const auto history =
      RenderedText(target, {.messages = Json::array({User(), Answer()})});
  if (!prompt || !history || !Holds(*prompt, kTrialUser) ||
      !Holds(*history, kTrialAnswer)) {
    return findings->CannotTell(kRefused);
  }
  const std::string head = history->substr(0, history->find(kTrialAnswer));
  // What closes a thought may close the user's turn as well.
  const bool tells =
      unprompted && prompt->starts_with(*unprompted) && *unprompted != *prompt;
  const size_t turn_end = tells ? unprompted->size() : prompt->find(kTrialUser);
  if (head.starts_with(*prompt) ||
      head.starts_with(WithoutThought(target, *prompt, turn_end))) {
    return;
  }
  findings->Add({.certainty = Certainty::kLikely,
                 .message = "the prompt opens an answer otherwise than earlier "
                            "answers are opened: the model is asked in a form "
                            "that it was not trained on",
                 .evidence = {{"the prompt", Behind(*prompt, kTrialUser)},
                              {"an earlier turn",
                               Between(head, kTrialUser, kTrialAnswer)}},
                 .repair = "open answers alike under add_generation_prompt and "
                           "in the loop over messages"});
}

// Whether the prompt with NAME set to VALUE opens a thought behind the user's
// words and leaves it open; nullopt where the template refuses.
std::optional<std::string> OpenThought(const Target& target,
                                       const std::string& name, bool value) {
  const ReasoningMarkers& reasoning = target.facts().reasoning;
  const auto prompt = RenderedText(target, {.messages = Json::array({User()}),
                                            .variables = {{name, value}},
                                            .add_generation_prompt = true});
  if (!prompt) return std::nullopt;
  const std::string behind = Behind(*prompt, kTrialUser);
  const size_t opened = behind.rfind(reasoning.opening->text);
  if (opened == std::string::npos ||
      Holds(behind.substr(opened), reasoning.closing->text)) {
    return "";
  }
  return behind.substr(opened);
}

void CheckSwitch(const Target& target, Findings* findings) {
  const ReasoningMarkers& reasoning = target.facts().reasoning;
  if (!Renders(target, findings)) return;
  if (!reasoning.opening || !reasoning.closing) {
    return findings->CannotTell("the template opens no thoughts");
  }
  for (const std::string& name :
       target.protocol().TemplateFor(false).undeclared()) {
    const auto off = OpenThought(target, name, false);
    const auto on = OpenThought(target, name, true);
    if (!off || !on || off->empty() || !on->empty()) continue;
    findings->Add({.certainty = Certainty::kPossible,
                   .message = "with " + name +
                              " off the prompt opens a thought and does not "
                              "close it: the answer is written as a thought",
                   .evidence = {{"the prompt", *off}},
                   .repair = "close the empty thought in the prompt"});
  }
}

// What a call whose message has CONTENT is rendered as, just as it came;
// nullopt where the template refuses.
std::optional<std::string> CallText(const Target& target, Json content) {
  Json call = TrialCall("");
  call["content"] = std::move(content);
  const std::optional<CallForm>& form = target.facts().form.calls;
  if (form && form->arguments == CallArguments::kText) {
    Json& arguments = call["tool_calls"][0]["function"]["arguments"];
    arguments = arguments.dump();
  }
  RenderRequest request;
  request.messages = Json::array({User(), call, TrialResult()});
  try {
    return RenderText(target.protocol(), request).text;
  } catch (const Error&) {
    // What a template refuses is an answer, not an error.
    return std::nullopt;
  }
}

// What TEXT has in the middle and OTHER has not.
std::string Inserted(std::string_view text, std::string_view other) {
  const auto begin = std::ranges::mismatch(text, other);
  text.remove_prefix(static_cast<size_t>(begin.in1 - text.begin()));
  other.remove_prefix(static_cast<size_t>(begin.in2 - other.begin()));
  while (!text.empty() && !other.empty() && text.back() == other.back()) {
    text.remove_suffix(1);
    other.remove_suffix(1);
  }
  return std::string(text);
}

void CheckNullContent(const Target& target, Findings* findings) {
  if (!Renders(target, findings)) return;
  const auto empty = CallText(target, "");
  if (!empty) {
    return findings->CannotTell("the template refuses a call without content");
  }
  const auto null = CallText(target, nullptr);
  const std::string word = null ? Inserted(*null, *empty) : "";
  // Jinja's word for it, and JSON's.
  if (null && !Holds(word, "None") && !Holds(word, "null")) return;
  findings->Add(
      {.certainty = Certainty::kLikely,
       .message = std::string("a call whose message has the content null is ") +
                  (null ? "rendered with a word for it" : "refused") +
                  ", and clients send null there",
       .evidence = {{"the template's renderings", word}},
       .repair = "write the content only where there is one, or give calls "
                 "the content \"\""});
}

constexpr std::array kRules = {
    Rule{"TPL013", "the last answer is not closed", Severity::kNote,
         "A fine-tune never stops.",
         "The template closes an answer only where another turn follows it.",
         "Close every answer alike.", "Templates that close no answer at all.",
         "E01: Chinese-LLaMA-Alpaca-3#59", CheckLastTurn},
    Rule{"TPL014", "the prompt opens answers otherwise than history does",
         Severity::kNote, "Worse answers; another speaker's words.",
         "What stands under add_generation_prompt is not what the loop over "
         "messages writes before an answer.",
         "Write the same in both places.",
         "Prompts that leave out what answers open with: models write that "
         "themselves.",
         "M09, M24, E26: microsoft/phi-4, mistral-common#3",
         CheckPromptIsHistory},
    Rule{"TPL015", "thoughts can't be switched off", Severity::kNote,
         "The answer is empty, and its words stand in the thought.",
         "With a variable of the template off its prompt opens a thought and "
         "does not close it; with it on it does not open one.",
         "Close the empty thought.",
         "Switches that are no variable, or that "
         "turn thoughts off when they are on.",
         "M23, E20: LLaMA-Factory#9392", CheckSwitch},
    Rule{"TPL016", "a call's null content is refused or written",
         Severity::kNote, "An error behind a call, or the word None.",
         "Clients give a message with calls the content null; the template "
         "joins it to text as it is.",
         "Write the content only where there is one.",
         "Templates that want other parts of a call than the usual ones. "
         "Runtimes that take null for an empty text, as fullstop does.",
         "R14", CheckNullContent},
};

}  // namespace

std::span<const Rule> TurnRules() { return kRules; }

}  // namespace fullstop
