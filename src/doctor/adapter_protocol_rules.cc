#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "doctor/adapter_pair.h"
#include "doctor/ends.h"
#include "doctor/rule.h"
#include "doctor/target.h"

namespace fullstop {
namespace {

// Both, where both have a vocabulary.
const Target* ComparableBase(const Target& target, Findings* findings) {
  const Target* base = BaseOf(target, findings);
  if (base == nullptr) return nullptr;
  if (target.has_vocabulary()) return base;
  findings->CannotTell("neither the adapter nor its base has a tokenizer");
  return nullptr;
}

// What the template writes behind an answer, by its texts: ids may have moved.
std::set<std::string> WrittenEnds(const Target& target) {
  std::set<std::string> ends;
  for (const Stop& stop : target.facts().stops.stops) {
    if (stop.role != StopRole::kTurnEnd || DerivedFrom(stop) == nullptr) {
      continue;
    }
    ends.insert(stop.text);
  }
  const std::vector<std::string>& strings = target.facts().stops.strings;
  ends.insert(strings.begin(), strings.end());
  return ends;
}

std::string Listed(const std::set<std::string>& texts) {
  std::string list;
  for (const std::string& text : texts) {
    list += (list.empty() ? "" : ", ") + text;
  }
  return list.empty() ? "nothing that was found" : list;
}

std::string DefaultTemplate(const Target& target) {
  const auto& templates = target.facts().templates;
  return templates.empty() ? "" : templates.front().source;
}

std::vector<Exhibit> Hashes(const Target& target, const Target& base) {
  constexpr size_t kDigits = 16;
  return {{"protocol here", target.protocol().hash().substr(0, kDigits)},
          {"protocol of the base", base.protocol().hash().substr(0, kDigits)}};
}

void CheckProtocol(const Target& target, Findings* findings) {
  const Target* base = ComparableBase(target, findings);
  if (base == nullptr || target.protocol().hash() == base->protocol().hash() ||
      !target.protocol().has_template()) {
    return;
  }
  std::vector<Exhibit> evidence = Hashes(target, *base);
  if (!base->protocol().has_template()) {
    if (target.adapter() == nullptr) return;
    findings->Add({.message = "the base has no chat template, and the adapter "
                              "has: who serves the base with it needs the "
                              "adapter's",
                   .evidence = std::move(evidence),
                   .repair = "give the server the template that was trained"});
    return;
  }
  const auto ours = WrittenEnds(target);
  const auto theirs = WrittenEnds(*base);
  if (ours != theirs) {
    evidence.push_back({"ends turns here", Listed(ours)});
    evidence.push_back({"ends turns in the base", Listed(theirs)});
    // A model is served with its own files; an adapter often with the base's.
    const bool is_adapter = target.adapter() != nullptr;
    findings->Add(
        {.severity = is_adapter ? Severity::kWarning : Severity::kNote,
         .certainty = Certainty::kLikely,
         .message = std::string("the template ends turns otherwise than the "
                                "base's") +
                    (is_adapter ? ": who serves the adapter with the base's "
                                  "files prompts what was not trained, and "
                                  "waits for another end"
                                : ""),
         .evidence = std::move(evidence),
         .repair = is_adapter ? "give the server the adapter's template and "
                                "its end, or train with the base's template"
                              : ""});
    return;
  }
  if (DefaultTemplate(target) == DefaultTemplate(*base)) return;
  findings->Add({.message = "the template is another than the base's, and ends "
                            "turns alike",
                 .evidence = std::move(evidence)});
}

// Of two vocabularies of one model a few tokens may differ.
constexpr size_t kOneInTexts = 50;

void CheckVocabulary(const Target& target, Findings* findings) {
  const Target* base = ComparableBase(target, findings);
  if (base == nullptr) return;
  const Tokenizer& ours = *target.vocabulary();
  const Tokenizer& theirs = *base->vocabulary();
  std::vector<TokenId> others = OtherTexts(ours, theirs);
  // A converter names padded rows, which stand for nothing.
  std::erase_if(others, [&theirs](TokenId id) {
    return theirs.info(id).kind == TokenKind::kUnused;
  });
  if (others.empty()) return;
  const TokenId first = others.front();
  std::vector<Exhibit> evidence = {{"here", TokenName(target, first)},
                                   {"in the base", TokenName(*base, first)}};
  const size_t size = std::min(ours.size(), theirs.size());
  if (others.size() > size / kOneInTexts) {
    findings->Add(
        {.severity = Severity::kWarning,
         .message = std::to_string(others.size()) + " of " +
                    HowMany(size, "token") +
                    " have another text than in the base: the tokenizer is "
                    "another model's",
         .evidence = std::move(evidence),
         .repair = "take the tokenizer of the base, or give the right base"});
    return;
  }
  const bool lost_end = std::ranges::any_of(others, [base](TokenId id) {
    const Stop* stop = base->protocol().stops().Find(id);
    return stop != nullptr && EndsAReply(*stop);
  });
  findings->Add(
      {.severity = lost_end ? Severity::kWarning : Severity::kNote,
       .message = HowMany(others.size(), "token") +
                  " of the base got another text" +
                  (lost_end ? ", an end of the base among them: its row stands "
                              "for what it was trained for"
                            : ": reserved ones, if the rows were trained"),
       .evidence = std::move(evidence),
       .repair = lost_end ? "add new tokens behind the base's" : ""});
}

// Ids that a model's own files declare for generation.
std::set<int64_t> DeclaredFor(const Target& target, Provenance provenance) {
  std::set<int64_t> ids;
  for (const DeclaredStop& stop : target.sources().stops) {
    if (stop.from.provenance == provenance) ids.insert(stop.id);
  }
  return ids;
}

void CheckStaleEnds(const Target& target, Findings* findings) {
  const Target* base = ComparableBase(target, findings);
  if (base == nullptr || WrittenEnds(target) == WrittenEnds(*base)) return;
  for (const Provenance provenance :
       {Provenance::kGenerationConfig, Provenance::kConfig, Provenance::kGguf,
        Provenance::kFullstop}) {
    const std::set<int64_t> ours = DeclaredFor(target, provenance);
    // What comes behind the first that declares any is not asked.
    if (ours.empty()) continue;
    if (ours != DeclaredFor(*base, provenance)) return;
    for (const Stop& stop : target.facts().stops.stops) {
      if (stop.role != StopRole::kTurnEnd || DerivedFrom(stop) == nullptr ||
          ours.contains(stop.id)) {
        continue;
      }
      const auto where = std::ranges::find(
          target.sources().stops, provenance,
          [](const DeclaredStop& each) { return each.from.provenance; });
      const std::vector<int64_t> shown(ours.begin(), ours.end());
      findings->Add(
          {.message = "the ends of " + where->from.where +
                      " are still the base's, and the template ends turns "
                      "with " +
                      TokenName(target, stop.id),
           .evidence = {{where->from.where, ShownIds(shown)},
                        {DerivedFrom(stop)->where, TokenName(target, stop.id)}},
           .repair = target.adapter() != nullptr
                         ? "save a generation_config.json with that end beside "
                           "the adapter, and again once it is merged"
                         : DeclareEnd(target, stop)});
    }
    return;
  }
}

constexpr std::array kRules = {
    Rule{"ADP010", "training changed how turns end", Severity::kWarning,
         "The reply goes on behind its end where the base's files are served.",
         "The template of the adapter, or of the trained model, is another "
         "than the base's. A warning where an adapter's ends turns with "
         "another token; a note otherwise. The hashes of both protocols stand "
         "beside it.",
         "Serve with the files that were trained.",
         "Whether a server takes the base's files or the adapter's.",
         "E07: LLaMA-Factory#7978, #8720", CheckProtocol},
    Rule{"ADP011", "tokens of the base got another meaning", Severity::kWarning,
         "Wrong words; an end that is not written.",
         "The tokenizer gives ids of the base another text. A warning where "
         "they are many, or an end of the base is among them.",
         "Add new tokens behind the base's.", "", "E14", CheckVocabulary},
    Rule{"ADP012", "the declared ends are still the base's", Severity::kNote,
         "The reply goes on behind its end.",
         "Training brought a template that ends turns with another token; "
         "generation_config.json and config.json are copied from the base as "
         "they are. That the end is not declared is another rule's finding "
         "(GEN001, GEN004): this one says where it comes from.",
         "Write the new end into generation_config.json.", "",
         "E11: LLaMA-Factory#9338, #10834", CheckStaleEnds},
};

}  // namespace

std::span<const Rule> AdapterProtocolRules() { return kRules; }

}  // namespace fullstop
