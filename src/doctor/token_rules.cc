#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "doctor/rule.h"
#include "doctor/target.h"

namespace fullstop {
namespace {

bool IsWritten(const Target& target, std::string_view text) {
  return std::ranges::any_of(
      target.facts().templates, [text](const auto& each) {
        return each.source.find(text) != std::string::npos;
      });
}

// A declared end that only ordinary text makes: as text it is split, or typed
// by a user it ends the reply.
void CheckEndIsControl(const Target& target, Findings* findings) {
  for (const Stop& stop : target.facts().stops.stops) {
    if (stop.role == StopRole::kTurnOpen) continue;
    const TokenInfo& token = target.vocabulary()->info(stop.id);
    if (token.kind == TokenKind::kControl ||
        token.kind == TokenKind::kUserDefined) {
      continue;
    }
    findings->Add(
        {.severity = IsWritten(target, token.text) ? Severity::kError
                                                   : Severity::kWarning,
         .message = TokenName(target, stop.id) +
                    " is an end, but an ordinary token: the template's text is "
                    "split instead, and prompts never hold it",
         .evidence = {{stop.from.front().where,
                       std::string(TokenKindName(token.kind))}},
         .repair = target.kind() == TargetKind::kGguf
                       ? "give it the type 3 (control) in "
                         "tokenizer.ggml.token_type"
                       : "list it among the added tokens, special",
         .changes =
             target.kind() == TargetKind::kGguf
                 ? std::vector<Change>{{ChangeKind::kMarkControl, stop.id}}
                 : std::vector<Change>()});
  }
}

void CheckThoughtMarkers(const Target& target, Findings* findings) {
  const ReasoningMarkers& reasoning = target.facts().reasoning;
  for (const auto* marker : {&reasoning.opening, &reasoning.closing}) {
    if (!*marker || (*marker)->ids.empty()) continue;
    const std::vector<TokenId>& ids = (*marker)->ids;
    if (ids.size() > 1) {
      findings->Add(
          {.certainty = Certainty::kLikely,
           .message = (*marker)->text + " is split into " +
                      std::to_string(ids.size()) +
                      " tokens: runtimes that look for one id find no thought",
           .evidence = {{"tokenizer", (*marker)->text}}});
    } else if (target.vocabulary()->info(ids.front()).kind ==
               TokenKind::kControl) {
      findings->Add(
          {.certainty = Certainty::kLikely,
           .message = TokenName(target, ids.front()) +
                      " marks thoughts and is special: decoding hides it, and "
                      "parsers of text find no thought",
           .evidence = {{"tokenizer", (*marker)->text}},
           .repair = "mark it as an added token that is not special"});
    }
  }
}

void CheckDisagreement(const Target& target, Findings* findings) {
  target.ForEach(FindingKind::kDisagreement, [&](const Finding& finding) {
    // Files that disagree about ends are a rule of their own.
    if (finding.evidence != "added_tokens.json") return;
    findings->Add({.message = finding.message,
                   .evidence = {{finding.evidence, ""}},
                   .repair = "write the tokenizer's files again from one "
                             "tokenizer"});
  });
}

void CheckNamed(const Target& target, Findings* findings) {
  target.ForEach(FindingKind::kOutOfRange, [&](const Finding& finding) {
    for (const DeclaredStop& stop : target.sources().stops) {
      if (finding.message.starts_with(stop.from.where)) return;
    }
    findings->Add({.message = finding.message,
                   .evidence = {{finding.evidence, ""}},
                   .repair = "name a token of the vocabulary"});
  });
}

void CheckRemarks(const Target& target, Findings* findings) {
  const HfFolder* folder = target.vocabulary().folder();
  target.ForEach(FindingKind::kRemark, [&](const Finding& finding) {
    // What a field of that file asks for is a rule of its own.
    if (folder != nullptr &&
        folder->generation_config().contains(finding.evidence)) {
      return;
    }
    findings->Add(
        {.message = finding.message, .evidence = {{finding.evidence, ""}}});
  });
}

// The rows that config.json declares against the tokens that there are.
void CheckVocabularySize(const Target& target, Findings* findings) {
  const HfFolder* folder = target.vocabulary().folder();
  if (folder == nullptr) return;
  const auto found = folder->config().find("vocab_size");
  if (found == folder->config().end() || !found->is_number_integer()) {
    return findings->CannotTell("config.json has no vocab_size");
  }
  const auto rows = found->get<int64_t>();
  const auto tokens = static_cast<int64_t>(target.vocabulary()->size());
  if (rows >= tokens) return;
  std::optional<TokenId> lost;
  for (const Stop& stop : target.facts().stops.stops) {
    if (stop.id >= rows && stop.role != StopRole::kTurnOpen) lost = stop.id;
  }
  findings->Add(
      {.severity = lost ? Severity::kError : Severity::kNote,
       .message = "the vocabulary has more tokens than the model has rows" +
                  (lost ? ": " + TokenName(target, *lost) +
                              ", an end, can never be sampled"
                        : std::string()),
       .evidence = {{"config.json: vocab_size", std::to_string(rows)},
                    {"tokenizer", std::to_string(tokens) + " tokens"}},
       .repair = "resize the embeddings, or take the tokens away"});
}

constexpr std::array kRules = {
    Rule{"TOK001", "an end is an ordinary token", Severity::kError,
         "The marker stands in the answer in pieces, and the reply goes on.",
         "A conversion typed a control token as a normal one; the template's "
         "text is then split like any other. A warning where the template does "
         "not write it.",
         "Give the token its type again.", "", "M06: distributed-llama#177",
         CheckEndIsControl},
    Rule{"TOK002", "a thought's marker is special, or split", Severity::kNote,
         "Thoughts leak into answers.",
         "A marker should be one id and not special: decoding hides special "
         "tokens, and split ones are no id.",
         "Add it as a token that is not special.", "",
         "E18: LLaMA-Factory#7119, #7253", CheckThoughtMarkers},
    Rule{"TOK003", "two files give one token different ids", Severity::kNote,
         "None, while one of the files is not read.",
         "added_tokens.json is older than the tokenizer.",
         "Write the tokenizer's files again.", "", "M11", CheckDisagreement},
    Rule{"TOK004", "a token is named that is not there", Severity::kNote,
         "An error at load in some runtimes.",
         "A key names an id or a text that the vocabulary does not have.",
         "Name a token of the vocabulary.", "", "E35", CheckNamed},
    Rule{"TOK005", "more tokens than rows", Severity::kError,
         "An error, or a reply without an end.",
         "Tokens were added and the embeddings not resized.",
         "Resize the embeddings.", "Rows of the weights themselves.",
         "E15: LLaMA-Factory#7997", CheckVocabularySize},
    Rule{"TOK006", "a remark on the tokenizer", Severity::kNote,
         "As the remark says.", "As the remark says.", "", "", "",
         CheckRemarks},
};

}  // namespace

std::span<const Rule> TokenRules() { return kRules; }

}  // namespace fullstop
