#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "doctor/rule.h"
#include "doctor/target.h"

namespace fullstop {
namespace {

// Of a penalty of 1.1 and less the harm is small, and many authors declare it.
constexpr double kMildPenalty = 1.1;

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

void CheckLeastLength(const Target& target, Findings* findings) {
  for (const char* name : {"min_length", "min_new_tokens"}) {
    const nlohmann::ordered_json value = GenerationField(target, name);
    if (!value.is_number() || value.get<double>() <= 1) continue;
    findings->Add(
        {.severity = Severity::kWarning,
         .message = "a least length is declared: no reply may end before it",
         .evidence = {{std::string("generation_config.json: ") + name,
                       value.dump()}},
         .repair = std::string("take ") + name + " away",
         .changes = {{.kind = ChangeKind::kDropSetting, .setting = name}},
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
    Rule{"GEN021", "a least length is declared", Severity::kWarning,
         "Short questions get padded answers.",
         "min_length and min_new_tokens forbid all ends until they are "
         "reached.",
         "Take it away.", "", "M29", CheckLeastLength},
    Rule{"GEN022", "ids are forced or banned", Severity::kNote,
         "A reply that begins or ends with something the model did not mean.",
         "generation_config.json asks for it.", "", "", "M29", CheckForced},
    Rule{"GEN023", "a model that thinks is declared greedy", Severity::kNote,
         "16,000 tokens of the same thought.",
         "Greedy decoding of a long thought ends in a loop more often.",
         "Declare a temperature.", "How often it happens: --live.",
         "M23: ollama#9575", CheckGreedyThought},
};

}  // namespace

std::span<const Rule> SamplingRules() { return kRules; }

}  // namespace fullstop
