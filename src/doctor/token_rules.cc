#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/file.h"
#include "doctor/ends.h"
#include "doctor/rule.h"
#include "doctor/target.h"
#include "doctor/target_weights.h"
#include "doctor/trial.h"
#include "format/json_file.h"
#include "format/json_member.h"
#include "protocol/token_scan.h"

namespace fullstop {
namespace {

bool IsWritten(const Target& target, std::string_view text) {
  return std::ranges::any_of(
      target.facts().templates, [text](const auto& each) {
        return each.source.find(text) != std::string::npos;
      });
}

// Whether ordinary text is encoded as ID, so that answers may hold it.
bool IsWord(const Tokenizer& tokenizer, TokenId id) {
  const std::string text(tokenizer.TokenBytes(id));
  return std::ranges::any_of(
      std::array{text, "." + text}, [&](const std::string& each) {
        const std::vector<TokenId> ids = tokenizer.Encode(each);
        return !ids.empty() && ids.back() == id;
      });
}

// Whether the template writes TEXT right behind an answer.
bool ClosesAnswers(const Target& target, std::string_view text) {
  if (!target.protocol().has_template()) return false;
  const auto rendered = RenderedText(
      target, {.messages = {TrialMessage("user", kTrialUser),
                            TrialMessage("assistant", kTrialAnswer),
                            TrialMessage("user", kTrialAgain)}});
  if (!rendered) return false;
  const std::string behind = Between(*rendered, kTrialAnswer, kTrialAgain);
  return behind.starts_with(text) ||
         (!IsWhiteSpace(text) && Strip(behind).starts_with(Strip(text)));
}

void AddWordAsEnd(const Target& target, const Stop& word, Findings* findings) {
  // Without it something has to end replies.
  const bool ends_without = std::ranges::any_of(
      target.facts().stops.stops, [&word](const Stop& stop) {
        return stop.id != word.id && IsDeclared(stop) &&
               DerivedFrom(stop) != nullptr;
      });
  findings->Add(
      {.severity = Severity::kWarning,
       .message = TokenName(target, word.id) +
                  " is declared as an end, but is ordinary text that the "
                  "template ends no answer with: replies that hold it are cut "
                  "there",
       .evidence = {{word.from.front().where, std::to_string(word.id)}},
       .repair =
           "take " + std::to_string(word.id) + " out of the declared ends",
       .changes = ends_without
                      ? std::vector<Change>{{ChangeKind::kWithdrawEnd, word.id}}
                      : std::vector<Change>(),
       .safety = Safety::kUnsafe});
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
    if (IsWord(*target.vocabulary(), stop.id) &&
        !ClosesAnswers(target, target.vocabulary()->TokenBytes(stop.id))) {
      AddWordAsEnd(target, stop, findings);
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

// The rows that are declared, or that a GGUF file has, against the tokens that
// there are.
void CheckVocabularySize(const Target& target, Findings* findings) {
  // An adapter may bring rows along: a rule of its own.
  if (target.adapter() != nullptr) return;
  const bool is_folder = target.vocabulary().folder() != nullptr;
  const std::optional<uint64_t> rows = ShapeOf(target).rows;
  if (!rows) {
    return findings->CannotTell(is_folder
                                    ? "config.json has no vocab_size"
                                    : "the file has no token_embd.weight");
  }
  const size_t tokens = target.vocabulary()->size();
  if (*rows >= tokens) return;
  std::optional<TokenId> lost;
  for (const Stop& stop : target.facts().stops.stops) {
    const bool has_row = static_cast<uint64_t>(stop.id) < *rows;
    if (!has_row && stop.role != StopRole::kTurnOpen) lost = stop.id;
  }
  findings->Add(
      {.severity = lost ? Severity::kError : Severity::kNote,
       .message = "the vocabulary has more tokens than the model has rows" +
                  (lost ? ": " + TokenName(target, *lost) +
                              ", an end, can never be sampled"
                        : std::string()),
       .evidence = {{is_folder ? "config.json: vocab_size"
                               : "token_embd.weight",
                     std::to_string(*rows)},
                    {"tokenizer", std::to_string(tokens) + " tokens"}},
       .repair = "resize the embeddings, or take the tokens away"});
}

// What tokenizer.json says under KEY; null where there is no such file.
nlohmann::ordered_json TokenizerField(const Target& target,
                                      std::string_view key) {
  const HfFolder* folder = target.vocabulary().folder();
  const auto path =
      folder == nullptr ? std::nullopt : folder->Find("tokenizer.json");
  if (!path) return nullptr;
  const MappedFile file = MappedFile::Open(*path);
  const std::string_view text(
      reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size());
  const auto member = FindJsonMember(text, key);
  if (!member) return nullptr;
  return ParseJson(
      text.substr(member->value_begin, member->end - member->value_begin),
      *path);
}

// Whether a normalizer changes the text before TOKEN, an added one, is looked
// for, and nothing else narrows that.
bool IsNormalizedAway(const Target& target, std::string_view token) {
  if (!TokenizerField(target, "normalizer").is_object()) return false;
  const nlohmann::ordered_json added = TokenizerField(target, "added_tokens");
  return std::ranges::any_of(added, [token](const auto& each) {
    const auto has = [&each](const char* key,
                             const nlohmann::ordered_json& is) {
      const auto field = each.find(key);
      return field != each.end() && *field == is;
    };
    return has("content", token) && has("normalized", true) &&
           !has("single_word", true);
  });
}

// Ends that are recognised only beside some characters.
void CheckMatched(const Target& target, Findings* findings) {
  const Tokenizer& tokenizer = *target.vocabulary();
  for (const Stop& stop : target.facts().stops.stops) {
    if (!EndsAReply(stop) && !IsWritten(target, stop.text)) continue;
    if (stop.role == StopRole::kTurnOpen) continue;
    const TokenKind kind = tokenizer.info(stop.id).kind;
    // That one never is, is a rule of its own.
    if (kind == TokenKind::kNormal) continue;
    for (const std::string_view before : {"word", "7301", ".", "\n", " "}) {
      const std::string text = std::string(before) + stop.text;
      const ByteRange whole = {0, text.size()};
      const std::vector<TokenId> ids = tokenizer.Encode(
          text, {.control_ranges = {&whole, 1},
                 .extra_control = target.protocol().extra_control()});
      if (!ids.empty() && ids.back() == stop.id) continue;
      const bool normalized = IsNormalizedAway(target, stop.text);
      std::vector<Exhibit> evidence = {{"tokenizer", text}};
      if (normalized) {
        evidence.insert(evidence.begin(),
                        {{"tokenizer.json: normalizer", ""},
                         {"tokenizer.json: added_tokens", "normalized"}});
      }
      findings->Add(
          {.severity = Severity::kError,
           .message = TokenName(target, stop.id) +
                      " is an end, but behind some characters the tokenizer "
                      "does not see it" +
                      (normalized ? ", since it is looked for in normalized "
                                    "text"
                                  : "") +
                      ": there it falls into pieces",
           .evidence = std::move(evidence),
           .repair = normalized
                         ? "set normalized of the added token to false, or "
                           "mend the normalizer"
                         : "take single_word, or what else narrows it, from "
                           "the added token"});
      break;
    }
  }
}

void CheckSuffix(const Target& target, Findings* findings) {
  const Tokenizer& tokenizer = *target.vocabulary();
  for (const TokenId id : tokenizer.text_suffix()) {
    if (target.facts().stops.Find(id) == nullptr) continue;
    findings->Add(
        {.message = "the tokenizer ends each text with " +
                    TokenName(target, id) +
                    ": a prompt that is encoded with special tokens has ended "
                    "before the reply begins",
         .evidence = {{"tokenizer: post_processor, add_eos_token", ""}},
         .repair = "take add_eos_token and the step that appends it away once "
                   "training is over"});
  }
}

void CheckSplit(const Target& target, Findings* findings) {
  constexpr const char* kField = "split_special_tokens";
  const HfFolder* folder = target.vocabulary().folder();
  if (folder == nullptr) return;
  const auto field = folder->tokenizer_config().find(kField);
  if (field == folder->tokenizer_config().end() || *field != true) return;
  const auto& stops = target.facts().stops.stops;
  const auto end = std::ranges::find_if(stops, [&target](const Stop& stop) {
    return EndsAReply(stop) && DerivedFrom(stop) != nullptr &&
           target.vocabulary()->info(stop.id).kind == TokenKind::kControl;
  });
  const bool splits_end = end != stops.end();
  findings->Add(
      {.severity = splits_end ? Severity::kError : Severity::kNote,
       .message = "special tokens in a text are taken for ordinary text" +
                  (splits_end ? ": " + TokenName(target, end->id) +
                                    ", an end, is pieces in every prompt and "
                                    "in every row of a training"
                              : std::string()),
       .evidence = {{std::string("tokenizer_config.json: ") + kField,
                     field->dump()}},
       .repair = std::string("set ") + kField + " to false"});
}

void CheckTruncation(const Target& target, Findings* findings) {
  const nlohmann::ordered_json cut = TokenizerField(target, "truncation");
  if (!cut.is_object()) return;
  findings->Add(
      {.message = "the tokenizer cuts texts that are longer than " +
                  cut.value("max_length", nlohmann::ordered_json()).dump() +
                  " tokens: a longer prompt loses its end, and with "
                  "it the question",
       .evidence = {{"tokenizer.json: truncation", cut.dump()}},
       .repair = "set truncation to null"});
}

bool IsNameByte(char byte) {
  return std::isalnum(static_cast<unsigned char>(byte)) != 0 || byte == '_' ||
         byte == '-';
}

// What stands around the names of control tokens: "<|" and "|>". Brackets of
// one character are anybody's.
std::set<std::pair<std::string, std::string>> Brackets(const Target& target) {
  std::set<std::pair<std::string, std::string>> brackets;
  for (const SpecialToken& token : target.facts().specials) {
    if (token.kind != TokenKind::kControl) continue;
    const std::string& text = token.text;
    const auto begin = std::ranges::find_if(text, IsNameByte);
    const auto end =
        std::find_if(text.rbegin(), text.rend(), IsNameByte).base();
    if (begin - text.begin() < 2 || text.end() - end < 2) continue;
    brackets.emplace(std::string(text.begin(), begin),
                     std::string(end, text.end()));
  }
  return brackets;
}

// Texts of TEXT that look like control tokens: a name in one of BRACKETS.
void AddMarkers(const std::string& text,
                const std::pair<std::string, std::string>& brackets,
                std::set<std::string>* markers) {
  const auto& [open, close] = brackets;
  for (size_t at = text.find(open); at != std::string::npos;
       at = text.find(open, at + open.size())) {
    size_t end = at + open.size();
    while (end < text.size() && IsNameByte(text[end])) ++end;
    if (end == at + open.size() ||
        text.compare(end, close.size(), close) != 0) {
      continue;
    }
    markers->insert(text.substr(at, end + close.size() - at));
  }
}

void CheckMarkersAreTokens(const Target& target, Findings* findings) {
  if (!Renders(target, findings)) return;
  const nlohmann::ordered_json system = TrialMessage("system", kTrialSystem);
  const nlohmann::ordered_json user = TrialMessage("user", kTrialUser);
  const nlohmann::ordered_json answer = TrialMessage("assistant", kTrialAnswer);
  const nlohmann::ordered_json again = TrialMessage("user", kTrialAgain);
  std::set<std::string> markers;
  for (const nlohmann::ordered_json& messages :
       {nlohmann::ordered_json::array({user, answer, again}),
        nlohmann::ordered_json::array({system, user})}) {
    const auto text = RenderedText(
        target, {.messages = messages, .add_generation_prompt = true});
    if (!text) continue;
    for (const auto& brackets : Brackets(target)) {
      AddMarkers(*text, brackets, &markers);
    }
  }
  for (const std::string& marker : markers) {
    const ByteRange whole = {0, marker.size()};
    const size_t pieces =
        target.vocabulary()
            ->Encode(marker,
                     {.control_ranges = {&whole, 1},
                      .extra_control = target.protocol().extra_control()})
            .size();
    if (pieces < 2) continue;
    findings->Add(
        {.certainty = Certainty::kLikely,
         .message = "the template writes " + marker +
                    " in the form of a control token, but the vocabulary has "
                    "no such token: it is split into " +
                    std::to_string(pieces),
         .evidence = {{"the template's renderings", marker}},
         .repair = "take the vocabulary and the template from one model"});
  }
}

constexpr std::array kRules = {
    Rule{"TOK001", "an end is an ordinary token", Severity::kError,
         "The marker stands in the answer in pieces, and the reply goes on.",
         "A conversion typed a control token as a normal one; the template's "
         "text is then split like any other. A warning where the template does "
         "not write it; there it may be a word of ordinary text, an id of "
         "another vocabulary, at which replies are cut.",
         "Give the token its type again; take a word out of the declared ends.",
         "", "M06: distributed-llama#177", CheckEndIsControl},
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
         "Resize the embeddings.", "Rows of a folder's weights themselves.",
         "E15: LLaMA-Factory#7997", CheckVocabularySize},
    Rule{"TOK006", "a remark on the tokenizer", Severity::kNote,
         "As the remark says.", "As the remark says.", "", "", "",
         CheckRemarks},
    Rule{"TOK008", "an end is recognised only beside some characters",
         Severity::kError, "The marker stands in the answer in pieces.",
         "The added token is matched as a word of its own (single_word), so "
         "that behind a letter or a digit it is text; or it is looked for in "
         "normalized text (normalized), where a normalizer has changed what "
         "stands there.",
         "Take single_word, or normalized, from the added token.", "",
         "M06: "
         "distributed-llama#177",
         CheckMatched},
    Rule{"TOK009", "the tokenizer ends each text", Severity::kNote,
         "Empty replies, or answers to nothing.",
         "add_eos_token, or a step of the tokenizer that appends an end, was "
         "left on after training.",
         "Take it away.",
         "Runtimes that encode prompts without special tokens "
         "are not hit.",
         "", CheckSuffix},
    Rule{"TOK010", "the tokenizer cuts texts", Severity::kNote,
         "Long questions are not answered.",
         "tokenizer.json was saved with the cut-off of a training.",
         "Set truncation to null.", "", "E04: LLaMA-Factory#3945",
         CheckTruncation},
    Rule{"TOK014", "special tokens are split", Severity::kError,
         "Answers drift, as the prompt has no markers; a fine-tune never "
         "stops.",
         "split_special_tokens, an option of some trainers, was saved along: "
         "transformers then takes the text of a special token for ordinary "
         "text. A note where no end is special.",
         "Set it to false.",
         "Runtimes that read tokenizer.json alone are not hit.", "E18, E06",
         CheckSplit},
    Rule{"TOK011", "a marker of the template is no token", Severity::kNote,
         "Worse answers; turns that run into each other.",
         "The template writes a name in the brackets of the vocabulary's "
         "control tokens, and there is no such token.",
         "Take vocabulary and template from one model.",
         "Markers in brackets of one character. Models that were trained on "
         "markers as text have the note too.",
         "", CheckMarkersAreTokens},
};

}  // namespace

std::span<const Rule> TokenRules() { return kRules; }

}  // namespace fullstop
