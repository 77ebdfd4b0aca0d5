#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "doctor/bans.h"
#include "doctor/ends.h"
#include "doctor/rule.h"
#include "doctor/target.h"
#include "doctor/trial.h"
#include "format/quote.h"

namespace fullstop {
namespace {

using Json = nlohmann::ordered_json;

bool HasDerivedTurnEnd(const Target& target) {
  return std::ranges::any_of(target.facts().stops.stops, [](const Stop& stop) {
    return stop.role == StopRole::kTurnEnd && DerivedFrom(stop) != nullptr;
  });
}

// What shows a derived end: the template, or that of several.
std::string TemplateOf(const Source& derived) {
  if (derived.template_name.empty()) return "the template";
  return "the template '" + derived.template_name +
         "', which is used where tools are given,";
}

// nullptr where the template opens the next answer only when asked to.
const Finding* PromptsUnasked(const Target& target) {
  const auto& findings = target.facts().findings;
  const auto found =
      std::ranges::find(findings, FindingKind::kPromptsUnasked, &Finding::kind);
  return found == findings.end() ? nullptr : &*found;
}

// A derived end of ROLE that no file declares. A section's end is the answer's
// where no other is derived.
void CheckUndeclared(const Target& target, StopRole role, const char* what,
                     Findings* findings) {
  const bool sections_count =
      role == StopRole::kTurnEnd && !HasDerivedTurnEnd(target);
  for (const Stop& stop : target.facts().stops.stops) {
    const bool is_section = stop.role == StopRole::kSection && sections_count;
    const Source* derived = DerivedFrom(stop);
    if ((stop.role != role && !is_section) || derived == nullptr ||
        IsDeclared(stop)) {
      continue;
    }
    if (const Finding* unasked = PromptsUnasked(target);
        is_section && unasked != nullptr) {
      findings->CannotTell(unasked->message);
      continue;
    }
    // Declared, it would cut replies where they write it on their way.
    constexpr const char* kEndApart =
        "close answers with a token that stands nowhere inside of them, and "
        "declare it";
    const Change declared = {ChangeKind::kDeclareEnd, stop.id};
    std::vector<Exhibit> evidence = DeclaredEnds(target);
    evidence.push_back({derived->where, TokenName(target, stop.id)});
    findings->Add({.severity = Severity::kError,
                   .certainty = Certainty::kLikely,
                   .message = TemplateOf(*derived) + " ends " + what +
                              " with " + TokenName(target, stop.id) +
                              ", which no file declares as an end" +
                              WhatLlamaCppDoes(target, stop.id),
                   .evidence = std::move(evidence),
                   .repair = is_section ? kEndApart : DeclareEnd(target, stop),
                   .changes = is_section ? std::vector<Change>()
                                         : std::vector<Change>{declared}});
  }
}

void CheckAnswerEnd(const Target& target, Findings* findings) {
  CheckUndeclared(target, StopRole::kTurnEnd, "an answer", findings);
}

void CheckCallEnd(const Target& target, Findings* findings) {
  CheckUndeclared(target, StopRole::kToolCall, "a call", findings);
}

// A template that closes its turns with text, beside declared ends.
void CheckUnwrittenEnds(const Target& target, Findings* findings) {
  const std::vector<Stop>& stops = target.facts().stops.stops;
  const bool writes_one = std::ranges::any_of(
      stops, [](const Stop& stop) { return DerivedFrom(stop) != nullptr; });
  if (writes_one || std::ranges::none_of(stops, IsDeclared)) return;
  Trial trial;
  trial.messages = {TrialMessage("user", kTrialUser),
                    TrialMessage("assistant", kTrialAnswer),
                    TrialMessage("user", kTrialAgain)};
  const auto text = RenderedText(target, trial);
  if (!text || !Holds(*text, kTrialAnswer)) return;
  std::vector<Exhibit> evidence = DeclaredEnds(target);
  evidence.push_back(
      {"behind an answer", Between(*text, kTrialAnswer, kTrialAgain)});
  findings->Add(
      {.severity = Severity::kWarning,
       .certainty = Certainty::kLikely,
       .message = "the template writes no token behind an answer, and none of "
                  "the declared ends: it is another model's, or this "
                  "vocabulary lacks its markers",
       .evidence = std::move(evidence),
       .repair = "take the template that the model was trained with"});
}

// A template for requests with tools that closes answers with text, where the
// default one writes ends.
void CheckToolTemplate(const Target& target, Findings* findings) {
  const TurnProtocol& protocol = target.protocol();
  const jinja::Template* used = &protocol.TemplateFor(true);
  if (used == &protocol.TemplateFor(false)) return;
  const auto text = RenderedText(
      target, {.messages = Json::array({TrialMessage("user", kTrialUser),
                                        TrialMessage("assistant", kTrialAnswer),
                                        TrialMessage("user", kTrialAgain)}),
               .tools = TrialTools()});
  if (!text || !Holds(*text, kTrialAnswer)) return;
  const std::string behind = Between(*text, kTrialAnswer, kTrialAgain);
  const auto& stops = target.facts().stops.stops;
  if (std::ranges::none_of(stops, DerivedFrom) ||
      std::ranges::any_of(stops, [&behind](const Stop& stop) {
        return DerivedFrom(stop) != nullptr && Holds(behind, stop.text);
      })) {
    return;
  }
  std::vector<Exhibit> evidence = DeclaredEnds(target);
  evidence.push_back({"behind an answer, with tools", behind});
  findings->Add({.severity = Severity::kError,
                 .certainty = Certainty::kLikely,
                 .message = "the template that is used where tools are given "
                            "writes none of the ends behind an answer that the "
                            "default one writes: it is another model's",
                 .evidence = std::move(evidence),
                 .repair = "end answers alike in both templates"});
}

void CheckNoEnd(const Target& target, Findings* findings) {
  if (!target.protocol().has_template()) {
    return findings->CannotTell("the files hold no chat template");
  }
  CheckUnwrittenEnds(target, findings);
  CheckToolTemplate(target, findings);
  for (const FindingKind kind : {FindingKind::kNoEnd, FindingKind::kTextStop}) {
    target.ForEach(kind, [&](const Finding& finding) {
      findings->Add(
          {.severity = Severity::kError,
           .certainty = Certainty::kLikely,
           .message = finding.message,
           .evidence = {{"the template's renderings", finding.evidence}},
           .repair = "let the template write an end behind each answer, and "
                     "declare it"});
    });
  }
}

void CheckGenerationEnds(const Target& target, Findings* findings) {
  if (!target.DeclaresInJson()) return;
  const Provenance asked = GenerationSource(target);
  for (const Stop& stop : target.facts().stops.stops) {
    const bool is_asked = std::ranges::any_of(
        stop.from,
        [asked](const Source& from) { return from.provenance == asked; });
    if (!EndsAReply(stop) || DerivedFrom(stop) == nullptr ||
        !IsDeclared(stop) || is_asked) {
      continue;
    }
    findings->Add(
        {.severity = Severity::kWarning,
         .certainty = Certainty::kLikely,
         .message = TokenName(target, stop.id) + " ends " +
                    (stop.role == StopRole::kToolCall ? "calls" : "answers") +
                    " and is declared, but not in " +
                    (asked == Provenance::kConfig ? "config.json"
                                                  : "generation_config.json") +
                    ", whose ends are the ones that generation stops at",
         .evidence = DeclaredEnds(target),
         .repair = DeclareEnd(target, stop),
         .changes = {{ChangeKind::kDeclareEnd, stop.id}}});
  }
}

// A string, a fraction, a list within a list; null is nothing.
bool IsNoId(const Json& value) {
  return !value.is_null() && !value.is_number_integer();
}

void CheckNoIds(const HfFolder& folder, Findings* findings) {
  const std::pair<const char*, const Json*> files[] = {
      {"generation_config.json", &folder.generation_config()},
      {"config.json", &folder.config()}};
  for (const auto& [file, object] : files) {
    const auto field = object->find("eos_token_id");
    if (field == object->end()) continue;
    const Json ids = field->is_array() ? *field : Json::array({*field});
    const auto wrong = std::ranges::find_if(ids, IsNoId);
    if (wrong == ids.end()) continue;
    findings->Add({.severity = Severity::kWarning,
                   .message = "an end is declared by what is no id",
                   .evidence = {{std::string(file) + ": eos_token_id",
                                 QuoteName(wrong->dump())}},
                   .repair = "declare the token's id, a whole number"});
  }
}

void CheckOutOfRange(const Target& target, Findings* findings) {
  const auto size = static_cast<int64_t>(target.vocabulary()->size());
  std::map<std::string, std::vector<int64_t>> places;
  for (const DeclaredStop& stop : target.sources().stops) {
    if (stop.id >= 0 && stop.id < size) continue;
    places[stop.from.where].push_back(stop.id);
  }
  for (const auto& [where, ids] : places) {
    std::vector<Change> changes;
    // More are not mistyped ids, and a person has to look.
    constexpr size_t kMostChanges = 100;
    if (ids.size() <= kMostChanges) {
      for (const int64_t id : ids) {
        changes.push_back({ChangeKind::kWithdrawEnd, id});
      }
    }
    findings->Add({.severity = Severity::kWarning,
                   .message = "an end is declared that the vocabulary of " +
                              std::to_string(size) + " tokens does not have",
                   .evidence = {{where, ShownIds(ids)}},
                   .repair = "take it away, or name the id that was meant",
                   .changes = std::move(changes)});
  }
  const HfFolder* folder = target.vocabulary().folder();
  if (folder != nullptr) CheckNoIds(*folder, findings);
}

// Whether BANS leave no end of the kind of reply that STOP, a derived one,
// ends.
bool LeavesNone(const Target& target, const std::vector<Ban>& bans,
                const Stop& stop) {
  return std::ranges::none_of(
      target.facts().stops.stops, [&](const Stop& other) {
        const Source* derived = DerivedFrom(other);
        return derived != nullptr && IsDeclared(other) &&
               other.role == stop.role &&
               derived->template_name == DerivedFrom(stop)->template_name &&
               std::ranges::none_of(bans, [&other](const Ban& ban) {
                 return ban.id == other.id && !ban.is_lifted;
               });
      });
}

void CheckBanned(const Target& target, Findings* findings) {
  const std::vector<Ban> bans = Bans(target);
  for (const Ban& ban : bans) {
    const auto& stops = target.facts().stops.stops;
    const auto stop = std::ranges::find_if(
        stops, [&ban](const Stop& each) { return each.id == ban.id; });
    if (stop == stops.end() || stop->role == StopRole::kTurnOpen) continue;
    const bool needed = DerivedFrom(*stop) != nullptr;
    const bool is_hard = needed && LeavesNone(target, bans, *stop);
    findings->Add(
        {.severity = is_hard ? Severity::kError : Severity::kWarning,
         .message = TokenName(target, stop->id) +
                    (needed ? " ends replies" : " is declared as an end") +
                    ", but the files forbid it to be sampled" +
                    (ban.is_lifted ? "; transformers takes that back for an "
                                     "end, others may not"
                                   : ""),
         .evidence = {{ban.where, std::to_string(stop->id)}},
         .repair = "take it out of that list",
         .changes = {{ChangeKind::kPermit, stop->id}}});
  }
}

void CheckNotWritten(const Target& target, Findings* findings) {
  PassOn(target, FindingKind::kDeclaredNotWritten,
         {.certainty = Certainty::kLikely}, findings);
}

void CheckSection(const Target& target, Findings* findings) {
  for (const Stop& stop : target.facts().stops.stops) {
    if (stop.role != StopRole::kSection || !IsDeclared(stop)) continue;
    findings->Add({.severity = Severity::kWarning,
                   .certainty = Certainty::kLikely,
                   .message = TokenName(target, stop.id) +
                              " is declared as an end, but the template writes "
                              "it on the way of one turn: the reply is cut "
                              "there by whoever stops at it",
                   .evidence = DeclaredEnds(target),
                   .repair = "take it out of the declared ends; what ends the "
                             "turn is declared by itself",
                   .changes = {{ChangeKind::kWithdrawEnd, stop.id}},
                   .safety = Safety::kUnsafe});
  }
}

std::vector<Change> Changes(bool any, ChangeKind kind, int64_t id) {
  if (!any) return {};
  return {{kind, id}};
}

void CheckGuess(const Target& target, Findings* findings) {
  for (const Stop& stop : target.facts().stops.stops) {
    if (stop.from.front().provenance != Provenance::kGuessed) continue;
    // Beside an end of the turn a guessed one does no more than a net does.
    const bool alone = !HasDerivedTurnEnd(target);
    findings->Add({.severity = alone ? Severity::kWarning : Severity::kNote,
                   .certainty = Certainty::kPossible,
                   .message = TokenName(target, stop.id) +
                              " is taken for an end by its name alone",
                   .evidence = DeclaredEnds(target),
                   .repair = alone ? DeclareEnd(target, stop) : "",
                   .changes = Changes(alone, ChangeKind::kDeclareEnd, stop.id),
                   .safety = Safety::kUnsafe});
  }
}

// Roles that one token should not have both of.
void CheckSharedRoles(const Target& target, Findings* findings) {
  const NamedToken* eos = target.facts().FindNamed("eos");
  if (eos == nullptr) return;
  for (const char* name : {"pad", "bos"}) {
    const NamedToken* other = target.facts().FindNamed(name);
    if (other == nullptr || other->id != eos->id) continue;
    const bool pad = std::string_view(name) == "pad";
    findings->Add(
        {.message =
             TokenName(target, eos->id) + " is both eos and " + name +
             (pad ? ": a trainer that masks padding masks the end of each "
                    "answer with it"
                  : ": a text that begins with it has ended already for a "
                    "runtime that looks for it in the prompt"),
         .evidence = {{eos->from.where, std::to_string(eos->id)},
                      {other->from.where, std::to_string(other->id)}},
         .repair =
             pad ? "give padding a token of its own before training" : ""});
  }
}

// What each of a folder's files declares as ends; a part of a file that some
// runtimes read alone ("config.json: text_config") counts as one.
std::map<std::string, std::set<int64_t>> EndsByFile(const Target& target) {
  std::map<std::string, std::set<int64_t>> files;
  for (const DeclaredStop& stop : target.sources().stops) {
    const std::string& where = stop.from.where;
    files[where.substr(0, where.rfind(": "))].insert(stop.id);
  }
  return files;
}

// Every one of the ends becomes one of the file that generation asks.
std::vector<Change> DeclareAll(const Target& target, const std::set<int64_t>& a,
                               const std::set<int64_t>& b) {
  const auto size = static_cast<int64_t>(target.vocabulary()->size());
  std::vector<Change> changes;
  for (const auto* ids : {&a, &b}) {
    for (const int64_t id : *ids) {
      if (id < 0 || id >= size) continue;
      changes.push_back({ChangeKind::kDeclareEnd, id});
    }
  }
  return changes;
}

bool HaveOneInCommon(const std::set<int64_t>& a, const std::set<int64_t>& b) {
  return std::ranges::any_of(a, [&b](int64_t id) { return b.contains(id); });
}

void CheckFilesAgree(const Target& target, Findings* findings) {
  if (!target.DeclaresInJson()) return;
  const auto files = EndsByFile(target);
  for (auto first = files.begin(); first != files.end(); ++first) {
    for (auto second = std::next(first); second != files.end(); ++second) {
      if (first->second == second->second) continue;
      const bool apart = !HaveOneInCommon(first->second, second->second);
      const auto shown = [](const auto& file) {
        return Exhibit{file.first,
                       ShownIds(std::vector<int64_t>(file.second.begin(),
                                                     file.second.end()))};
      };
      findings->Add(
          {.severity = apart ? Severity::kWarning : Severity::kNote,
           .message = first->first + " and " + second->first +
                      (apart ? " have no end in common: where a reply ends "
                               "depends on which of them a runtime reads"
                             : " declare different ends, some in common"),
           .evidence = {shown(*first), shown(*second)},
           .repair = apart ? "declare the ends of both in both" : "",
           .changes = apart ? DeclareAll(target, first->second, second->second)
                            : std::vector<Change>(),
           .safety = Safety::kUnsafe});
    }
  }
}

constexpr std::array kRules = {
    Rule{"GEN001", "an answer ends with an id that no file declares",
         Severity::kError,
         "The reply goes on behind its end: the model answers itself, or its "
         "marker is printed.",
         "The id that the template writes behind an answer was derived from "
         "renderings; no eos_token_id and no other key declares it, so that a "
         "runtime that reads the keys does not stop there.",
         "Add the id to eos_token_id of generation_config.json; in a GGUF file "
         "set tokenizer.ggml.eot_token_id.",
         "A template whose end of a turn the derivation does not see, or that "
         "opens the next answer behind the last one and closes earlier ones "
         "as it closes thoughts: TPL005 first.",
         "M01, M02, M07, M10, M11, M14: vllm#4180, llama.cpp#6772, "
         "llama.cpp#6903, mlx-engine#142, llama.cpp#5305, DeepSeek-Coder#74",
         CheckAnswerEnd},
    Rule{"GEN002", "a call ends with an id that no file declares",
         Severity::kError,
         "Behind a call of a tool the model makes up the tool's result.",
         "The template closes a call that waits for its result with an id that "
         "is no declared end.",
         "Add the id to eos_token_id of generation_config.json; in a GGUF file "
         "set tokenizer.ggml.eom_token_id.",
         "Templates that write no calls.",
         "M04, M18: llama.cpp#8858, qvac#1812", CheckCallEnd},
    Rule{"GEN003", "no token ends a turn", Severity::kError,
         "The model goes on as the user.",
         "The template writes text between turns, and no id is declared or "
         "derived as an end; a warning where ends are declared that it never "
         "writes. Or only the template that is used where tools are given "
         "does so.",
         "Let the template write an end behind each answer and declare it.",
         "What a fine-tune learnt without the template.", "M11: InternLM#615",
         CheckNoEnd},
    Rule{"GEN004",
         "the declared end of a turn is none that generation asks for",
         Severity::kWarning, "One runtime stops, another does not.",
         "transformers stops at the ends of generation_config.json (of "
         "config.json where that is absent); the id that ends a turn stands in "
         "another file alone.",
         "Add the id to eos_token_id of generation_config.json.",
         "Ends that a caller gives by hand.",
         "M08, M12, M15: mlx-vlm#1496, Yi#217, Qwen3#927", CheckGenerationEnds},
    Rule{
        "GEN005", "an end is declared that the vocabulary does not have",
        Severity::kWarning, "As GEN001, or an error at load.",
        "A declared id is negative, behind the last token, or no whole number.",
        "Name the id that was meant.", "", "E35: ollama#17939",
        CheckOutOfRange},
    Rule{"GEN006", "an end may not be sampled", Severity::kError,
         "The reply never ends.",
         "suppress_tokens forbids the sampler an id that ends replies, or "
         "bad_words_ids does, or a bias of -10 and less in sequence_bias. A "
         "warning where another end of such replies is left, or the template "
         "never writes the id.",
         "Take the id out of that list.",
         "A ban that a runtime adds by itself; sequences of several ids.",
         "M29: exllamav2#410", CheckBanned},
    Rule{"GEN007", "a declared end is never written", Severity::kNote,
         "Nothing, as a rule: many models declare the end of a text beside the "
         "end of a turn.",
         "No rendering of the template holds the id.", "", "",
         "M01, M20: AnyLanguageModel#16", CheckNotWritten},
    Rule{"GEN008", "a declared end stands inside of replies",
         Severity::kWarning,
         "Empty answers: the reply ends behind its thought.",
         "The template writes the id between a thought and what follows it in "
         "the same turn, or to open a thought, a header or a call.",
         "Take it out of the declared ends.", "", "M17: vmlx-swift#91",
         CheckSection},
    Rule{"GEN009", "an end was guessed from a token's name", Severity::kWarning,
         "Replies end by luck.",
         "No file declares an end of that kind, and the template writes none. "
         "A note where the template writes another end of the turn.",
         "Declare it.", "", "M20", CheckGuess},
    Rule{"GEN010", "one token has two roles", Severity::kNote,
         "A fine-tune never stops.",
         "Collators mask padding; where padding is eos they mask each end.",
         "Give padding a token of its own before training.",
         "Harm is seen in tokenised data only.",
         "M09, E03: transformers#23530, trl#976", CheckSharedRoles},
    Rule{"GEN011", "two files declare different ends", Severity::kWarning,
         "One runtime stops, another does not.",
         "config.json, its text_config, generation_config.json and the "
         "tokenizer's files each name ends, and runtimes read one or the "
         "other. A note where they have one in common.",
         "Declare the ends of all in each of them.", "",
         "M08, M12, M15, E11: Yi#217, LLaMA-Factory#1727, Qwen3#927",
         CheckFilesAgree},
};

}  // namespace

std::span<const Rule> EndRules() { return kRules; }

}  // namespace fullstop
