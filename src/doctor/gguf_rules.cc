#include <algorithm>
#include <array>
#include <iterator>
#include <optional>
#include <span>
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

constexpr const char* kConvertAgain =
    "write it again with fullstop convert FILE --metadata-from FOLDER -o NEW, "
    "or with --fix";

// How many tokens a finding names.
constexpr size_t kNamed = 5;

// What TARGET was made from; nullptr where that is not known, and a remark
// where it could be.
const Target* Model(const Target& target, Findings* findings) {
  if (target.kind() == TargetKind::kGguf && target.against() == nullptr) {
    findings->CannotTell("needs --against FOLDER, what the file was made from");
  }
  return target.against();
}

bool IsStop(const Target& target, TokenId id) {
  const Stop* stop = target.protocol().stops().Find(id);
  return stop != nullptr && stop->role != StopRole::kTurnOpen;
}

std::string Named(const Target& target, std::span<const TokenId> ids) {
  std::string names;
  for (const TokenId id : ids.first(std::min(ids.size(), kNamed))) {
    names += (names.empty() ? "" : ", ") + TokenName(target, id);
  }
  return ids.size() > kNamed ? names + ", …" : names;
}

std::string Tokens(size_t n) {
  return std::to_string(n) + (n == 1 ? " token" : " tokens");
}

void CheckLostEnds(const Target& target, Findings* findings) {
  const Target* model = Model(target, findings);
  if (model == nullptr) return;
  for (const Stop& stop : model->protocol().stops().stops) {
    const Stop* here = target.protocol().stops().Find(stop.id);
    if (!IsDeclared(stop) || (here != nullptr && IsDeclared(*here))) continue;
    const bool ends_reply = EndsAReply(stop);
    std::vector<Exhibit> evidence;
    for (const Source& source : stop.from) {
      if (source.provenance == Provenance::kDerived) continue;
      evidence.push_back({source.where, std::to_string(stop.id)});
    }
    std::ranges::move(DeclaredEnds(target), std::back_inserter(evidence));
    findings->Add(
        {.severity = ends_reply ? Severity::kWarning : Severity::kNote,
         .message = TokenName(*model, stop.id) +
                    " is declared as an end, and the file has lost it" +
                    WhatLlamaCppDoes(target, stop.id),
         .evidence = std::move(evidence),
         .repair = kConvertAgain,
         .changes = {{.kind = ChangeKind::kTakeModel}}});
  }
}

void CheckAddedEnds(const Target& target, Findings* findings) {
  const Target* model = Model(target, findings);
  if (model == nullptr) return;
  for (const Stop& stop : target.protocol().stops().stops) {
    if (!IsDeclared(stop) || DerivedFrom(stop) != nullptr) continue;
    if (model->protocol().stops().Find(stop.id) != nullptr) continue;
    findings->Add(
        {.severity = Severity::kWarning,
         .message = TokenName(target, stop.id) +
                    " is declared as an end in the file alone: a "
                    "reply that holds it is cut there",
         .evidence = {{stop.from.front().where, std::to_string(stop.id)}},
         .repair = kConvertAgain,
         .changes = {{.kind = ChangeKind::kTakeModel}}});
  }
}

// What may be said to a model, from the least on.
std::vector<Json> Conversations() {
  const Json user = TrialMessage("user", kTrialUser);
  const Json answer = TrialMessage("assistant", kTrialAnswer);
  const Json again = TrialMessage("user", kTrialAgain);
  const Json system = TrialMessage("system", kTrialSystem);
  return {Json::array({user}), Json::array({system, user}),
          Json::array({user, answer}), Json::array({user, answer, again}),
          Json::array({system, user, answer, again})};
}

std::optional<std::string> Rendered(const Target& target, const Json& messages,
                                    bool add_generation_prompt) {
  return RenderedText(target, {.messages = messages,
                               .add_generation_prompt = add_generation_prompt});
}

std::string OrRefused(const std::optional<std::string>& text) {
  return text ? *text : "refused";
}

// The first conversation that the two render otherwise, each from where they
// part.
std::vector<Exhibit> FirstDifference(const Target& target,
                                     const Target& model) {
  for (const Json& messages : Conversations()) {
    for (const bool prompt : {true, false}) {
      const auto ours = Rendered(target, messages, prompt);
      const auto theirs = Rendered(model, messages, prompt);
      if (ours == theirs) continue;
      const std::string here = OrRefused(ours);
      const std::string there = OrRefused(theirs);
      const auto parted = std::ranges::mismatch(here, there);
      return {{"the file", std::string(parted.in1, here.end())},
              {"the folder", std::string(parted.in2, there.end())}};
    }
  }
  return {};
}

void CheckTemplate(const Target& target, Findings* findings) {
  const Target* model = Model(target, findings);
  if (model == nullptr) return;
  const auto& ours = target.facts().templates;
  for (const TemplateFact& theirs : model->facts().templates) {
    const auto same = std::ranges::find(ours, theirs.name, &TemplateFact::name);
    if (same != ours.end() && same->source == theirs.source) continue;
    if (same == ours.end()) {
      findings->Add({.severity = theirs.name == "default" ? Severity::kWarning
                                                          : Severity::kNote,
                     .message = "the template '" + theirs.name +
                                "' was lost: runtimes guess another",
                     .evidence = {{theirs.from.where, ""}},
                     .repair = kConvertAgain,
                     .changes = {{.kind = ChangeKind::kTakeModel}}});
      continue;
    }
    std::vector<Exhibit> evidence;
    if (theirs.name == "default") evidence = FirstDifference(target, *model);
    const bool differs = !evidence.empty();
    if (!differs) evidence = {{same->from.where, ""}, {theirs.from.where, ""}};
    findings->Add(
        {.severity = differs ? Severity::kWarning : Severity::kNote,
         .certainty = differs ? Certainty::kCertain : Certainty::kLikely,
         .message = "the template '" + theirs.name +
                    "' is another than the folder's" +
                    (differs ? ", and renders otherwise"
                             : ", and renders small conversations alike"),
         .evidence = std::move(evidence),
         .repair = kConvertAgain,
         .changes = {{.kind = ChangeKind::kTakeModel}}});
  }
}

// Whether text is split around the token, or it is part of text.
bool IsWhole(TokenKind kind) {
  return kind == TokenKind::kControl || kind == TokenKind::kUserDefined;
}

void CheckKinds(const Target& target, Findings* findings) {
  const Target* model = Model(target, findings);
  if (model == nullptr) return;
  std::vector<TokenId> split;
  std::vector<TokenId> shown;
  bool is_stop = false;
  const size_t size =
      std::min(target.vocabulary()->size(), model->vocabulary()->size());
  for (TokenId id = 0; id < static_cast<TokenId>(size); ++id) {
    const TokenKind here = target.vocabulary()->info(id).kind;
    const TokenKind there = model->vocabulary()->info(id).kind;
    if (IsWhole(there) && !IsWhole(here)) {
      split.push_back(id);
      is_stop |= IsStop(*model, id);
    } else if (IsWhole(there) && here != there) {
      shown.push_back(id);
    }
  }
  if (!split.empty()) {
    findings->Add(
        {.severity = is_stop ? Severity::kWarning : Severity::kNote,
         .message = Tokens(split.size()) +
                    " became ordinary text: where the template writes them "
                    "they are split into pieces",
         .evidence = {{"tokenizer.ggml.token_type", Named(*model, split)}},
         .repair = kConvertAgain,
         .changes = {{.kind = ChangeKind::kTakeModel}}});
  }
  if (!shown.empty()) {
    findings->Add(
        {.message = Tokens(shown.size()) +
                    " are special in the one and not in the other: they are "
                    "hidden from answers, or shown in them",
         .evidence = {{"tokenizer.ggml.token_type", Named(*model, shown)}},
         .repair = kConvertAgain,
         .changes = {{.kind = ChangeKind::kTakeModel}}});
  }
}

void CheckTexts(const Target& target, Findings* findings) {
  const Target* model = Model(target, findings);
  if (model == nullptr) return;
  const Tokenizer& ours = *target.vocabulary();
  const Tokenizer& theirs = *model->vocabulary();
  const std::vector<TokenId> others = OtherTexts(ours, theirs);
  if (!others.empty()) {
    const bool is_stop = std::ranges::any_of(
        others, [&](TokenId id) { return IsStop(*model, id); });
    findings->Add({.severity = is_stop ? Severity::kWarning : Severity::kNote,
                   .message = Tokens(others.size()) +
                              " have another text than in the folder" +
                              (is_stop ? ", an end among them" : ""),
                   .evidence = {{"the file", Named(target, others)},
                                {"the folder", Named(*model, others)}},
                   .repair = kConvertAgain,
                   .changes = {{.kind = ChangeKind::kTakeModel}}});
  }
  if (theirs.size() <= ours.size()) return;
  std::vector<TokenId> lost;
  for (size_t id = ours.size(); id < theirs.size(); ++id) {
    lost.push_back(static_cast<TokenId>(id));
  }
  const bool is_stop =
      std::ranges::any_of(lost, [&](TokenId id) { return IsStop(*model, id); });
  findings->Add({.severity = is_stop ? Severity::kError : Severity::kNote,
                 .message = Tokens(lost.size()) +
                            " of the folder's vocabulary are not in the file",
                 .evidence = {{"the folder", Named(*model, lost)}},
                 .repair = kConvertAgain,
                 .changes = {{.kind = ChangeKind::kTakeModel}}});
}

void CheckSettings(const Target& target, Findings* findings) {
  const Target* model = Model(target, findings);
  if (model == nullptr) return;
  const auto& ours = target.facts().sampling;
  std::vector<Exhibit> lost;
  for (const SamplingDefault& theirs : model->facts().sampling) {
    const auto same =
        std::ranges::find(ours, theirs.name, &SamplingDefault::name);
    const auto number = [](const Json& value) { return value.get<float>(); };
    if (same != ours.end() && number(same->value) == number(theirs.value)) {
      continue;
    }
    lost.push_back({theirs.from.where, theirs.value.dump()});
    if (same != ours.end()) {
      lost.push_back({same->from.where, same->value.dump()});
    }
  }
  if (lost.empty()) return;
  findings->Add({.message = "what the makers advise for sampling is not what "
                            "the file says",
                 .evidence = std::move(lost),
                 .repair = kConvertAgain,
                 .changes = {{.kind = ChangeKind::kTakeModel}}});
}

void CheckNames(const Target& target, Findings* findings) {
  const Target* model = Model(target, findings);
  if (model == nullptr) return;
  for (const NamedToken& theirs : model->facts().named) {
    const NamedToken* ours = target.facts().FindNamed(theirs.name);
    if (ours != nullptr && ours->id == theirs.id) continue;
    // A template's own names have no key in the format.
    if (ours == nullptr && theirs.name != "bos" && theirs.name != "eos") {
      continue;
    }
    std::vector<Exhibit> evidence = {
        {theirs.from.where, TokenName(*model, theirs.id)}};
    if (ours != nullptr) {
      evidence.push_back({ours->from.where, TokenName(target, ours->id)});
    }
    findings->Add({.message = theirs.name + (ours == nullptr
                                                 ? " was lost"
                                                 : " is another token than in "
                                                   "the folder"),
                   .evidence = std::move(evidence),
                   .repair = kConvertAgain,
                   .changes = {{.kind = ChangeKind::kTakeModel}}});
  }
}

// What patterns, normalisers and merges disagree about.
constexpr std::array<std::string_view, 12> kTexts = {
    "Hello world, it's 12345.678 o'clock: WE'LL see!",
    "  two  spaces\t\ttabs\n\n\nlines   \n  indented",
    "for (int i = 0; i < 10; ++i) { x[i] = i*i; }  // 0xFF",
    "naïve café, Ångström, ﬁ, e\u0301",
    "你好，世界。今天是2026年。",
    "こんにちは、カタカナ。",
    "Привет, мир! Ёлка.",
    "مرحبا بالعالم ١٢٣",
    "שלום 42",
    "नमस्ते दुनिया",
    "👩‍👩‍👧 🙂🇩🇪 ½ ²",
    "https://example.org/a_b?c=d&e=%20 user@example.org",
};

std::string Ids(std::span<const TokenId> ids) {
  std::string text;
  for (const TokenId id : ids) {
    text += (text.empty() ? "" : " ") + std::to_string(id);
  }
  return text;
}

void CheckEncoding(const Target& target, Findings* findings) {
  const Target* model = Model(target, findings);
  if (model == nullptr) return;
  size_t others = 0;
  std::vector<Exhibit> evidence;
  for (const std::string_view text : kTexts) {
    const std::vector<TokenId> here = target.vocabulary()->Encode(text);
    const std::vector<TokenId> there = model->vocabulary()->Encode(text);
    if (here == there) continue;
    ++others;
    if (!evidence.empty()) continue;
    evidence = {{"text", std::string(text)},
                {"the file", Ids(here)},
                {"the folder", Ids(there)}};
  }
  if (others == 0) return;
  findings->Add({.message = std::to_string(others) + " of " +
                            std::to_string(kTexts.size()) +
                            " texts become other ids than in the folder: the "
                            "model reads what it was not trained on",
                 .evidence = std::move(evidence),
                 .repair = kConvertAgain,
                 .changes = {{.kind = ChangeKind::kTakeModel}}});
}

constexpr std::array kRules = {
    Rule{"GGUF001", "the conversion lost an end", Severity::kWarning,
         "The reply goes on behind its end.",
         "The folder declares several ends; the format has one key for each "
         "kind, and converters keep the first, or none. A note where the id "
         "ends no answer and no call.",
         "Convert with fullstop, which keeps all of them in "
         "fullstop.stop_token_ids, and one of each kind for llama.cpp.",
         "What the folder itself does not declare.",
         "M02, M05, M06, M13, E35: llama.cpp#6772, distributed-llama#186, "
         "llama.cpp#12957",
         CheckLostEnds},
    Rule{"GGUF002", "the conversion made an end up", Severity::kWarning,
         "Replies are cut.",
         "The file declares an end that neither the folder nor its template "
         "knows.",
         "Convert again.", "", "M20, E35: AnyLanguageModel#16, ollama#17939",
         CheckAddedEnds},
    Rule{"GGUF003", "the template is another than the folder's",
         Severity::kWarning, "Answers drift; ends are missed.",
         "The conversion took an older template, changed it, or lost it. A "
         "note where small conversations are rendered alike.",
         "Convert again.", "Differences that show in calls and tools only.",
         "M25, E07: LLaMA-Factory#7978", CheckTemplate},
    Rule{"GGUF004", "tokens changed their kind", Severity::kWarning,
         "Markers stand in the answer in pieces, or are hidden.",
         "The conversion typed control tokens as ordinary ones, or the other "
         "way round. A note where no end is among them.",
         "Convert again.", "", "M06, E18: distributed-llama#177", CheckKinds},
    Rule{"GGUF005", "tokens have other texts, or are not there",
         Severity::kError, "Wrong words; markers that are not found.",
         "The file and the folder are of different revisions.",
         "Convert again from the folder that the weights belong to.", "",
         "M11, E14: InternLM#615", CheckTexts},
    Rule{"GGUF006", "sampling settings were lost", Severity::kNote,
         "Answers are wilder, or duller, than the makers' own.",
         "The conversion left out generation_config.json.", "Convert again.",
         "Settings that GGUF has no key for.", "", CheckSettings},
    Rule{"GGUF007", "named tokens are others", Severity::kNote,
         "Answers differ between runtimes.",
         "bos or eos names another token than in the folder.", "Convert again.",
         "", "M27: llama.cpp#3966", CheckNames},
    Rule{"GGUF008", "texts become other ids", Severity::kNote,
         "Answers are worse than the makers' own.",
         "tokenizer.ggml.pre names another pattern, or merges were lost.",
         "Convert again.", "Differences in other texts than the dozen tried.",
         "", CheckEncoding},
};

}  // namespace

std::span<const Rule> GgufRules() { return kRules; }

}  // namespace fullstop
