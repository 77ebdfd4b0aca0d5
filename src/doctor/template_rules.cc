#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "doctor/rule.h"
#include "doctor/target.h"
#include "doctor/trial.h"

namespace fullstop {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kRenderings = "the template's renderings";

// The rendering of MESSAGES; a remark where the template refuses them.
std::optional<std::string> Rendered(const Target& target, Json messages,
                                    bool add_generation_prompt) {
  return RenderedText(target, {.messages = std::move(messages),
                               .add_generation_prompt = add_generation_prompt});
}

Json Messages(std::initializer_list<Json> messages) {
  Json list = Json::array();
  for (const Json& message : messages) list.push_back(message);
  return list;
}

Json User() { return TrialMessage("user", kTrialUser); }
Json Answer() { return TrialMessage("assistant", kTrialAnswer); }

void CheckRenders(const Target& target, Findings* findings) {
  if (target.sources().templates.empty()) Renders(target, findings);
  PassOn(target, FindingKind::kTemplateError,
         {.severity = Severity::kError,
          .repair = "mend the template, or give another with --template"},
         findings);
}

void CheckPresent(const Target& target, Findings* findings) {
  PassOn(target, FindingKind::kNoTemplate,
         {.severity = Severity::kNote,
          .repair =
              "a chat model needs one: chat_template.jinja in its folder, or "
              "tokenizer.chat_template"},
         findings);
}

void CheckTwoBos(const Target& target, Findings* findings) {
  PassOn(target, FindingKind::kTwoBos,
         {.severity = Severity::kNote,
          .repair = "let either the template write it or a runtime add it"},
         findings);
}

void CheckNoBos(const Target& target, Findings* findings) {
  PassOn(target, FindingKind::kNoBos,
         {.severity = Severity::kNote,
          .repair = "let the template write bos_token where the model was "
                    "trained with it"},
         findings);
}

void CheckGenerationPrompt(const Target& target, Findings* findings) {
  if (!Renders(target, findings)) return;
  const auto without = Rendered(target, Messages({User()}), false);
  const auto with = Rendered(target, Messages({User()}), true);
  if (!without || !with) {
    return findings->CannotTell("the template refuses a single user turn");
  }
  if (*without != *with) return;
  const size_t end = with->find(kTrialUser);
  if (end == std::string::npos) return;
  findings->Add(
      {.certainty = Certainty::kLikely,
       .message = "the template does the same with and without "
                  "add_generation_prompt: a trainer that asks for none gets "
                  "what it did not ask for",
       .evidence = {{kRenderings,
                     with->substr(end + std::string_view(kTrialUser).size())}},
       .repair = "write the opening of an answer only under "
                 "{% if add_generation_prompt %}"});
}

void CheckPrefixes(const Target& target, Findings* findings) {
  if (!Renders(target, findings)) return;
  const auto shorter = Rendered(target, Messages({User(), Answer()}), false);
  const auto longer = Rendered(
      target, Messages({User(), Answer(), TrialMessage("user", kTrialAgain)}),
      false);
  if (!shorter || !longer) {
    return findings->CannotTell("the template refuses an answer in between");
  }
  if (longer->starts_with(*shorter)) return;
  size_t same = 0;
  while (same < shorter->size() && same < longer->size() &&
         (*shorter)[same] == (*longer)[same]) {
    ++same;
  }
  findings->Add({.certainty = Certainty::kLikely,
                 .message =
                     "a conversation's rendering is no beginning of the longer "
                     "one's: caches miss, and training on whole conversations "
                     "sees other ids than a chat does",
                 .evidence = {{"then", shorter->substr(same)},
                              {"later", longer->substr(same, 60)}}});
}

void CheckThoughts(const Target& target, Findings* findings) {
  if (!Renders(target, findings)) return;
  const std::string& field = target.facts().reasoning.field;
  if (field.empty()) {
    return findings->CannotTell("the template reads no thoughts from messages");
  }
  Json answer = Answer();
  answer[field] = kTrialThought;
  const auto last = Rendered(target, Messages({User(), answer}), false);
  const auto earlier = Rendered(
      target, Messages({User(), answer, TrialMessage("user", kTrialAgain)}),
      true);
  if (!last || !earlier) {
    return findings->CannotTell(
        "the template refuses an answer with a thought");
  }
  if (!Holds(*last, kTrialThought) || Holds(*earlier, kTrialThought)) return;
  findings->Add({.certainty = Certainty::kLikely,
                 .message = "the thoughts of earlier turns are left out: each "
                            "turn renders the one before it anew",
                 .evidence = {{kRenderings, field}}});
}

// What the template tells the model where nobody gave it a system text: the
// words between its start and the user's turn that a system text replaces.
void CheckHiddenSystem(const Target& target, Findings* findings) {
  if (!Renders(target, findings)) return;
  const auto plain = Rendered(target, Messages({User()}), false);
  const auto told = Rendered(
      target, Messages({TrialMessage("system", kTrialSystem), User()}), false);
  if (!plain || !told || !Holds(*told, kTrialSystem)) {
    return findings->CannotTell("the template takes no system text");
  }
  const size_t begin = told->find(kTrialSystem);
  const std::string head = told->substr(0, begin);
  const size_t user = plain->find(kTrialUser);
  // What stands around a given system text stands around a hidden one too.
  if (user == std::string::npos || !plain->starts_with(head)) return;
  const size_t tail_begin = begin + std::string_view(kTrialSystem).size();
  const std::string tail =
      told->substr(tail_begin, told->find(kTrialUser) - tail_begin);
  const std::string between = plain->substr(head.size(), user - head.size());
  if (tail.empty() || !between.ends_with(tail) ||
      between.size() <= tail.size()) {
    return;
  }
  findings->Add(
      {.certainty = Certainty::kLikely,
       .message = "a system text is added where none is given",
       .evidence = {
           {kRenderings, between.substr(0, between.size() - tail.size())}}});
}

void CheckSystem(const Target& target, Findings* findings) {
  if (!Renders(target, findings)) return;
  const auto told = Rendered(
      target, Messages({TrialMessage("system", kTrialSystem), User()}), true);
  if (told && Holds(*told, kTrialSystem)) return;
  findings->Add({.certainty = Certainty::kLikely,
                 .message = told ? "a system text is left out without a word"
                                 : "a system text is refused"});
}

void CheckTools(const Target& target, Findings* findings) {
  if (!Renders(target, findings)) return;
  const Trial trial = {.messages = Messages({User()}),
                       .tools = TrialTools(),
                       .add_generation_prompt = true};
  const auto prompt = trial.Render(target.protocol());
  if (prompt && Holds(prompt->text, kTrialTool)) return;
  findings->Add({.certainty = Certainty::kLikely,
                 .message = prompt ? "tools are left out without a word"
                                   : "tools are refused"});
}

void CheckStripped(const Target& target, Findings* findings) {
  if (!Renders(target, findings)) return;
  constexpr const char* kPadded = " \n Quaerit 7301? \n ";
  const auto rendered =
      Rendered(target, Messages({TrialMessage("user", kPadded)}), true);
  if (!rendered) {
    return findings->CannotTell("the template refuses a single user turn");
  }
  if (Holds(*rendered, kPadded) || !Holds(*rendered, kTrialUser)) return;
  findings->Add({.certainty = Certainty::kLikely,
                 .message = "white space around a user's text is taken away"});
}

void CheckOpenThought(const Target& target, Findings* findings) {
  const ReasoningMarkers& reasoning = target.facts().reasoning;
  if (!reasoning.prefilled || !reasoning.opening) return;
  findings->Add({.certainty = Certainty::kLikely,
                 .message =
                     "the prompt opens the thought itself: a parser that waits "
                     "for its marker in the reply takes the thought for the "
                     "answer",
                 .evidence = {{kRenderings, reasoning.opening->text}}});
}

constexpr std::array kRules = {
    Rule{"TPL001", "the template does not render", Severity::kError,
         "Chat is refused, or a runtime falls back to another template.",
         "It does not compile, or fails for every small conversation.",
         "Mend it; the finding has line and column.", "",
         "R14: llama.cpp#25510", CheckRenders},
    Rule{"TPL002", "there is no template", Severity::kNote,
         "Runtimes choose a template by a guess.",
         "The files of a base model, or an export that left it out.",
         "Add chat_template.jinja.", "", "M25: llama-cpp-python#1202",
         CheckPresent},
    Rule{"TPL003", "a rendering begins with two BOS", Severity::kNote,
         "Answers drift or repeat, in runtimes that do not take one away.",
         "The template writes it, and add_bos_token asks for it too.",
         "Let one of them do it.", "",
         "M26: llama-cpp-python#1501, vllm#16976, llama.cpp#7332", CheckTwoBos},
    Rule{"TPL004", "BOS is declared, and the template writes none",
         Severity::kNote, "Answers differ between runtimes.",
         "add_bos_token asks for it; transformers' chat adds what the template "
         "writes, and nothing else.",
         "Let the template write bos_token.", "", "M27, E24: llama.cpp#3966",
         CheckNoBos},
    Rule{"TPL005", "add_generation_prompt changes nothing", Severity::kNote,
         "A fine-tune begins its answers with another header.",
         "The template writes the opening of an answer always, or never.",
         "Ask for add_generation_prompt in the template.", "",
         "M09, E23: microsoft/phi-4", CheckGenerationPrompt},
    Rule{"TPL006", "a rendering is no beginning of the longer one",
         Severity::kNote, "Slow second turns; drift after training.",
         "The template writes an earlier turn otherwise than the last one.", "",
         "What changes only behind calls.", "M22: Qwen3#1826", CheckPrefixes},
    Rule{"TPL007", "earlier thoughts are left out", Severity::kNote,
         "Slow second turns.",
         "The template drops what the model thought once a user has answered.",
         "", "", "M22, E21: Qwen3#1826", CheckThoughts},
    Rule{"TPL008", "a hidden system text", Severity::kNote,
         "The model speaks in a name that nobody gave it.",
         "Without a system text the template writes one of its own.", "",
         "A text that stays beside a given one.", "E29", CheckHiddenSystem},
    Rule{"TPL009", "system texts are refused or left out", Severity::kNote,
         "Instructions have no effect, or an error.",
         "The template knows no system role.", "", "", "R14", CheckSystem},
    Rule{"TPL010", "tools are refused or left out", Severity::kNote,
         "The model does not know its tools.",
         "The template does not write them.", "", "", "R14", CheckTools},
    Rule{"TPL011", "texts are stripped", Severity::kNote,
         "Code loses its first indentation.",
         "The template trims what the user says.", "", "", "M24",
         CheckStripped},
    Rule{"TPL012", "the prompt opens a thought", Severity::kNote,
         "The thought leaks into the answer, or the answer is empty.",
         "The template ends its prompt with the marker of a thought.", "", "",
         "M21, E19: vllm#13125, lmdeploy#3303", CheckOpenThought},
};

}  // namespace

std::span<const Rule> TemplateRules() { return kRules; }

}  // namespace fullstop
