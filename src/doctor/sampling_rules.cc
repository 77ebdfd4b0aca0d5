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
#include "protocol/token_scan.h"

namespace fullstop {
namespace {

// Of a penalty of 1.1 and less the harm is small, and many authors declare it.
constexpr double kMildPenalty = 1.1;

// Fields of generation_config.json.
constexpr const char* kMinLength = "min_length";
constexpr const char* kMinNew = "min_new_tokens";
constexpr const char* kMaxLength = "max_length";
constexpr const char* kMaxNew = "max_new_tokens";

const SamplingDefault* FindSetting(const Target& target,
                                   std::string_view name) {
  for (const SamplingDefault& setting : target.facts().sampling) {
    if (setting.name == name) return &setting;
  }
  return nullptr;
}

std::optional<double> Number(const Target& target, std::string_view name) {
  const SamplingDefault* setting = FindSetting(target, name);
  if (setting == nullptr || !setting->value.is_number()) return std::nullopt;
  return setting->value.get<double>();
}

// The field, or the key of a GGUF file, that declares SETTING.
std::string KeyOf(const SamplingDefault& setting) {
  const std::string& where = setting.from.where;
  const size_t colon = where.rfind(": ");
  return colon == std::string::npos ? where : where.substr(colon + 2);
}

void CheckPenalty(const Target& target, Findings* findings) {
  const SamplingDefault* setting = FindSetting(target, "penalty_repeat");
  const std::optional<double> value = Number(target, "penalty_repeat");
  if (!value || *value <= 1) return;
  const bool mild = *value <= kMildPenalty;
  findings->Add(
      {.severity = mild ? Severity::kNote : Severity::kWarning,
       .message = "a penalty on repetition is declared: runtimes that apply it "
                  "to ends too make a later reply end later than the first",
       .evidence = {{setting->from.where, setting->value.dump()}},
       .repair = mild ? "" : "declare none, or one of 1.1 at most",
       .changes = mild ? std::vector<Change>()
                       : std::vector<Change>{{.kind = ChangeKind::kDropSetting,
                                              .setting = KeyOf(*setting)}},
       .safety = Safety::kUnsafe});
}

// A field of generation_config.json; null in a GGUF file, which has none.
nlohmann::ordered_json GenerationField(const Target& target, const char* name) {
  const HfFolder* folder = target.vocabulary().folder();
  if (folder == nullptr) return nullptr;
  const auto& config = folder->generation_config();
  const auto found = config.find(name);
  return found == config.end() ? nlohmann::ordered_json() : *found;
}

Exhibit ShownField(const char* name, const nlohmann::ordered_json& value) {
  return {std::string("generation_config.json: ") + name, value.dump()};
}

// The greatest length that is sure to be met where LEAST, a setting, is: the
// name of the setting. Of two greatest lengths transformers takes the one that
// does not count the prompt, with which min_length can't be compared.
const char* GreatestFor(const Target& target, std::string_view least) {
  if (GenerationField(target, kMaxNew).is_null()) return kMaxLength;
  return least == kMinNew ? kMaxNew : nullptr;
}

void CheckLeastLength(const Target& target, Findings* findings) {
  for (const char* name : {kMinLength, kMinNew}) {
    const nlohmann::ordered_json value = GenerationField(target, name);
    if (!value.is_number()) continue;
    const char* most = GreatestFor(target, name);
    const auto limit = most == nullptr ? nlohmann::ordered_json()
                                       : GenerationField(target, most);
    const bool never = value.get<double>() > 0 && limit.is_number() &&
                       value.get<double>() >= limit.get<double>();
    if (value.get<double>() <= 1 && !never) continue;
    std::vector<Exhibit> evidence = {ShownField(name, value)};
    if (never) evidence.push_back(ShownField(most, limit));
    findings->Add(
        {.severity = never ? Severity::kError : Severity::kWarning,
         .message = never ? "the least length is the greatest, or more: no end "
                            "can ever be sampled"
                          : "a least length is declared: no reply may end "
                            "before it",
         .evidence = std::move(evidence),
         .repair = std::string("take ") + name + " away",
         .changes = {{.kind = ChangeKind::kDropSetting, .setting = name}},
         .safety = Safety::kUnsafe});
  }
}

// Runtimes count the prompt's tokens too, so that what closes its turns may not
// come again: an n-gram of one is the end itself, a longer one an end behind
// the tokens that it followed before.
void CheckRepeatedRuns(const Target& target, Findings* findings) {
  constexpr const char* kName = "no_repeat_ngram_size";
  const nlohmann::ordered_json value = GenerationField(target, kName);
  if (!value.is_number_integer() || value.get<int64_t>() < 1) return;
  const bool one = value.get<int64_t>() == 1;
  findings->Add(
      {.severity = one ? Severity::kError : Severity::kWarning,
       .message = one ? "no token may come twice, the prompt's included: an "
                        "end that stands in the prompt can't be sampled"
                      : "no run of " + value.dump() +
                            " tokens may come twice, the prompt's included: "
                            "an end can't follow what it followed before",
       .evidence = {ShownField(kName, value)},
       .repair = std::string("take ") + kName + " away",
       .changes = {{.kind = ChangeKind::kDropSetting, .setting = kName}},
       .safety = Safety::kUnsafe});
}

// What the template writes of the reply that TRIAL ends with, from where the
// prompt stops to its end; empty where it refuses.
std::string ReplyText(const Target& target, const Trial& trial) {
  Trial opened = {.messages = trial.messages,
                  .tools = trial.tools,
                  .add_generation_prompt = true};
  opened.messages.erase(opened.messages.size() - 1);
  const auto prompt = opened.Render(target.protocol());
  const auto reply = trial.Render(target.protocol());
  if (!prompt || !reply) return "";
  const std::string& text = reply->text;
  std::optional<size_t> begin;
  size_t end = 0;
  for (const TextSpan& span : reply->spans) {
    if (span.message != trial.messages.size() - 1) continue;
    if (!begin) begin = span.begin;
    end = span.end;
  }
  if (!begin) return "";
  const auto same = std::ranges::mismatch(text, prompt->text).in1;
  begin = std::min(*begin, static_cast<size_t>(same - text.begin()));
  size_t closed = text.size();
  for (const Stop& stop : target.facts().stops.stops) {
    if (!EndsAReply(stop) || DerivedFrom(stop) == nullptr) continue;
    closed = std::min(closed, text.find(stop.text, end));
  }
  return text.substr(*begin, closed - *begin);
}

// An answer of several lines, one behind a thought, a call.
std::vector<std::string> Replies(const Target& target) {
  using Json = nlohmann::ordered_json;
  constexpr const char* kLines = "Respondet 7302.\n\nUnum:\n- duo";
  const Json user = TrialMessage("user", kTrialUser);
  const Json answer = TrialMessage("assistant", kLines);
  Json thought = answer;
  for (const char* field : kThoughtFields) thought[field] = kTrialThought;
  std::vector<std::string> replies;
  for (const Json& message : {answer, thought}) {
    replies.push_back(
        ReplyText(target, {.messages = Json::array({user, message})}));
  }
  replies.push_back(ReplyText(
      target,
      {.messages = Json::array({user, TrialCall("")}), .tools = TrialTools()}));
  return replies;
}

void CheckStopStrings(const Target& target, Findings* findings) {
  constexpr const char* kName = "stop_strings";
  nlohmann::ordered_json strings = GenerationField(target, kName);
  if (strings.is_string()) strings = nlohmann::ordered_json::array({strings});
  if (!strings.is_array() || strings.empty()) return;
  const std::vector<std::string> replies = target.protocol().has_template()
                                               ? Replies(target)
                                               : std::vector<std::string>();
  for (const nlohmann::ordered_json& each : strings) {
    if (!each.is_string() || each.get_ref<const std::string&>().empty()) {
      continue;
    }
    const auto& string = each.get_ref<const std::string&>();
    const auto reply = std::ranges::find_if(
        replies,
        [&string](const std::string& text) { return Holds(text, string); });
    const bool cuts = reply != replies.end() || IsWhiteSpace(string);
    std::vector<Exhibit> evidence = {ShownField(kName, each)};
    if (reply != replies.end()) evidence.push_back({"a reply", *reply});
    findings->Add(
        {.severity = cuts ? Severity::kWarning : Severity::kNote,
         .certainty = cuts ? Certainty::kLikely : Certainty::kCertain,
         .message = cuts ? "a stop string stands inside of replies: they are "
                           "cut there"
                         : "a stop string is declared: a reply ends wherever "
                           "the model writes it, and transformers asks its "
                           "caller for the tokenizer",
         .evidence = std::move(evidence),
         .repair = cuts ? "take it out of stop_strings" : "",
         .changes = cuts
                        ? std::vector<Change>{{.kind = ChangeKind::kDropSetting,
                                               .setting = kName}}
                        : std::vector<Change>(),
         .safety = Safety::kUnsafe});
  }
}

void CheckForced(const Target& target, Findings* findings) {
  for (const char* name : {"forced_bos_token_id", "forced_eos_token_id",
                           "begin_suppress_tokens", "bad_words_ids"}) {
    const nlohmann::ordered_json value = GenerationField(target, name);
    if (value.is_null() || (value.is_array() && value.empty())) continue;
    findings->Add({.message = std::string(name) +
                              " changes what may be sampled, and fullstop does "
                              "not do it",
                   .evidence = {{std::string("generation_config.json: ") + name,
                                 value.dump()}}});
  }
}

void CheckGreedyThought(const Target& target, Findings* findings) {
  const std::optional<double> temperature = Number(target, "temp");
  const bool thinks = target.facts().reasoning.closing.has_value();
  if (!thinks || !temperature || *temperature > 0) return;
  findings->Add(
      {.message = "the model thinks, and greedy sampling is declared: thoughts "
                  "that loop never close",
       .evidence = {{FindSetting(target, "temp")->from.where,
                     FindSetting(target, "temp")->value.dump()}},
       .repair = "declare a temperature, as the makers of such models advise"});
}

constexpr std::array kRules = {
    Rule{"GEN020", "a penalty on repetition is declared", Severity::kWarning,
         "Long replies drift off their subject; a later reply runs on.",
         "transformers and llama.cpp apply the penalty to every token that "
         "stands in the window, ends too: by the formula the odds of stopping "
         "fall once an end stands there.",
         "Declare none, or one of 1.1 at most.",
         "Penalties that a caller sets.", "M29, M30: exllamav2#9",
         CheckPenalty},
    Rule{"GEN021", "a least length is declared", Severity::kError,
         "Short questions get padded answers; where it is the greatest length "
         "too, every reply runs up to that.",
         "min_length and min_new_tokens forbid all ends until they are "
         "reached. A warning where the greatest length lies behind them.",
         "Take it away.", "A greatest length that a caller sets.", "M29",
         CheckLeastLength},
    Rule{"GEN022", "ids are forced or banned", Severity::kNote,
         "A reply that begins or ends with something the model did not mean.",
         "generation_config.json asks for it.", "", "", "M29", CheckForced},
    Rule{"GEN023", "a model that thinks is declared greedy", Severity::kNote,
         "16,000 tokens of the same thought.",
         "Greedy decoding of a long thought ends in a loop more often.",
         "Declare a temperature.", "How often it happens: --live.",
         "M23: ollama#9575", CheckGreedyThought},
    Rule{"GEN024", "no run of tokens may come twice", Severity::kError,
         "The reply never ends, or avoids words it has used.",
         "no_repeat_ngram_size forbids what would complete a run that stands "
         "in the prompt or the reply; the prompt's turns were closed with an "
         "end. A warning where the runs are longer than one token.",
         "Take it away.", "Runs that a caller forbids.", "M29",
         CheckRepeatedRuns},
    Rule{"GEN025", "a stop string is declared", Severity::kWarning,
         "Replies break off: behind their first line, at the end of a thought.",
         "stop_strings of generation_config.json ends a reply wherever the "
         "text stands; here replies hold it on their way, or it is white "
         "space. A note where they don't.",
         "Take it out.", "Words that only some replies hold.", "M17",
         CheckStopStrings},
};

}  // namespace

std::span<const Rule> SamplingRules() { return kRules; }

}  // namespace fullstop
