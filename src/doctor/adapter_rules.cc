#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "doctor/adapter_pair.h"
#include "doctor/base_fit.h"
#include "doctor/rule.h"
#include "doctor/target.h"
#include "doctor/target_weights.h"
#include "format/quote.h"

namespace fullstop {
namespace {

// How many tensors, modules or ids a finding names.
constexpr size_t kNamed = 4;

constexpr const char* kRank = "adapter_config.json: r";
constexpr const char* kBaseName =
    "adapter_config.json: base_model_name_or_path";

// Whether the factors are plain ones, as this room knows them.
bool IsLora(const PeftConfig& config) {
  return config.type.empty() || config.type == "LORA";
}

void CheckBase(const Target& target, Findings* findings) {
  if (target.adapter() == nullptr) return;
  const Target* base = BaseOf(target, findings);
  if (base == nullptr) return;
  const TargetWeights* weights = WeightsOf(target, target, findings);
  if (weights == nullptr) return;
  // The base's size is in its small files too.
  Findings unheard("");
  const TargetWeights* theirs = WeightsOf(target, *base, &unheard);
  const PeftConfig& config = target.adapter()->config();
  const BaseFit fit(config, *base,
                    theirs == nullptr ? nullptr : theirs->tensors());
  if (!fit.KnowsAnything()) {
    return findings->CannotTell("the base's files do not say how large it is");
  }
  std::vector<Exhibit> evidence;
  size_t others = 0;
  for (const AdapterTensor& part : weights->parts()) {
    const std::string misfit = fit.Misfit(part);
    if (misfit.empty()) continue;
    if (++others > kNamed) continue;
    evidence.push_back({QuoteName(part.tensor->name),
                        ShownShape(*part.tensor) + ", " + misfit});
  }
  if (others == 0) return;
  evidence.push_back({kBaseName, QuoteName(config.base)});
  findings->Add(
      {.severity = Severity::kWarning,
       .message = std::to_string(others) + " of the adapter's " +
                  HowMany(weights->parts().size(), "tensor") +
                  " do not fit the base: it was trained on another model, and "
                  "can't be loaded over this one",
       .evidence = std::move(evidence),
       .repair = "give the model that it was trained on"});
}

// The two factors of a module.
struct Factors {
  const SafetensorsTensor* a = nullptr;
  const SafetensorsTensor* b = nullptr;
  bool embedding = false;
};

std::map<std::string, Factors> FactorsOf(const TargetWeights& weights) {
  std::map<std::string, Factors> factors;
  for (const auto& [name, tensor] : weights.parts()) {
    switch (name.part) {
      case PeftPart::kEmbeddingA:
        factors[name.module].embedding = true;
        [[fallthrough]];
      case PeftPart::kLoraA:
        factors[name.module].a = tensor;
        break;
      case PeftPart::kEmbeddingB:
      case PeftPart::kLoraB:
        factors[name.module].b = tensor;
        break;
      case PeftPart::kTokens:
      case PeftPart::kWhole:
      case PeftPart::kCopy:
      case PeftPart::kOther:
        break;
    }
  }
  return factors;
}

// What is wrong with the factors of one module; empty where nothing is.
std::string FactorFault(const Factors& factors,
                        const std::set<int64_t>& ranks) {
  if (factors.a == nullptr) return "has no lora_A";
  if (factors.b == nullptr) return "has no lora_B";
  // A convolution's are of another form.
  if (factors.a->shape.size() != 2 || factors.b->shape.size() != 2) return "";
  const uint64_t rank = factors.a->shape[0];
  if (rank != factors.b->shape[1]) {
    return ShownShape(*factors.a) + " and " + ShownShape(*factors.b) +
           " have no rank in common";
  }
  if (rank > INT64_MAX || !ranks.contains(static_cast<int64_t>(rank))) {
    return "has the rank " + std::to_string(rank);
  }
  return "";
}

void CheckRanks(const PeftConfig& config, Findings* findings) {
  std::vector<Exhibit> evidence;
  if (config.rank <= 0) {
    evidence.push_back({kRank, std::to_string(config.rank)});
  }
  for (const auto& [module, rank] : config.rank_pattern) {
    if (rank > 0 || evidence.size() >= kNamed) continue;
    evidence.push_back({"adapter_config.json: rank_pattern",
                        QuoteName(module) + ": " + std::to_string(rank)});
  }
  if (evidence.empty()) return;
  findings->Add({.severity = Severity::kWarning,
                 .message = "the adapter declares a rank below 1: it can't be "
                            "loaded",
                 .evidence = std::move(evidence),
                 .repair = "set the rank that its tensors have"});
}

// Matrices without numbers: a trainer that shares weights out among machines
// saved the part that it held.
void CheckEmpty(const TargetWeights& weights, Findings* findings) {
  std::vector<Exhibit> evidence;
  for (const AdapterTensor& part : weights.parts()) {
    if (!part.tensor->data.empty() || evidence.size() >= kNamed) continue;
    evidence.push_back(
        {QuoteName(part.tensor->name), ShownShape(*part.tensor)});
  }
  if (evidence.empty()) return;
  findings->Add(
      {.severity = Severity::kWarning,
       .message = "the adapter has tensors that hold no numbers: they were "
                  "shared out when it was saved, and never gathered",
       .evidence = std::move(evidence),
       .repair = "save it again with the weights gathered (DeepSpeed: "
                 "stage3_gather_16bit_weights_on_model_save)"});
}

void CheckNumbers(const Target& target, Findings* findings) {
  if (target.adapter() == nullptr) return;
  const PeftConfig& config = target.adapter()->config();
  if (IsLora(config)) CheckRanks(config, findings);
  const TargetWeights* weights = WeightsOf(target, target, findings);
  if (weights == nullptr) return;
  CheckEmpty(*weights, findings);
  if (!IsLora(config)) return;
  std::set<int64_t> ranks = {config.rank};
  for (const auto& [module, rank] : config.rank_pattern) ranks.insert(rank);
  std::vector<Exhibit> evidence;
  size_t others = 0;
  for (const auto& [module, factors] : FactorsOf(*weights)) {
    const std::string fault = FactorFault(factors, ranks);
    if (fault.empty()) continue;
    if (++others > kNamed) continue;
    evidence.push_back({QuoteName(module), fault});
  }
  if (others == 0) return;
  evidence.push_back({kRank, std::to_string(config.rank)});
  findings->Add(
      {.severity = Severity::kWarning,
       .message = "the factors of " + HowMany(others, "module") +
                  " are not what adapter_config.json says: the adapter can't "
                  "be loaded",
       .evidence = std::move(evidence),
       .repair = "take the configuration that it was saved with"});
}

// What names may mean of an adapter's modules: each as it stands, and runs of a
// few of its parts. Views WEIGHTS.
std::set<std::string_view> NamesOf(const TargetWeights& weights) {
  constexpr size_t kMostParts = 4;
  std::set<std::string_view> names;
  for (const AdapterTensor& part : weights.parts()) {
    const std::string_view module = part.name.module;
    names.insert(module);
    for (size_t begin = 0; begin < module.size();) {
      size_t end = begin;
      for (size_t i = 0; i < kMostParts && end != module.npos; ++i) {
        end = module.find('.', end + 1);
        names.insert(module.substr(begin, end - begin));
      }
      const size_t dot = module.find('.', begin);
      if (dot == module.npos) break;
      begin = dot + 1;
    }
  }
  return names;
}

// The names of a list of which the adapter holds nothing.
std::vector<std::string> NotHeld(const std::set<std::string_view>& held,
                                 const std::vector<std::string>& names) {
  std::vector<std::string> missing;
  for (const std::string& name : names) {
    if (!held.contains(name)) missing.push_back(name);
  }
  return missing;
}

std::string Listed(std::span<const std::string> names) {
  std::string text;
  for (const std::string& name : names.first(std::min(names.size(), kNamed))) {
    text += (text.empty() ? "" : ", ") + QuoteName(name);
  }
  return names.size() > kNamed ? text + ", …" : text;
}

void CheckModules(const Target& target, Findings* findings) {
  if (target.adapter() == nullptr) return;
  const TargetWeights* weights = WeightsOf(target, target, findings);
  if (weights == nullptr) return;
  const PeftConfig& config = target.adapter()->config();
  if (weights->parts().empty()) {
    findings->Add({.severity = Severity::kWarning,
                   .message = "the adapter holds no tensors: nothing was "
                              "trained, or nothing was saved",
                   .evidence = {{"adapter_model.safetensors", ""}},
                   .repair = "train it again, or save it again"});
    return;
  }
  if (!config.targets.pattern.empty() &&
      config.targets.pattern != "all-linear") {
    findings->CannotTell("target_modules is a pattern, which is not matched");
  }
  const std::set<std::string_view> held = NamesOf(*weights);
  const auto targets = NotHeld(held, config.targets.names);
  if (!targets.empty()) {
    findings->Add(
        {.message = "the adapter holds nothing for " + Listed(targets) +
                    ", which it says it trained",
         .evidence = {{"adapter_config.json: target_modules", Listed(targets)}},
         .repair = "name modules that the base has"});
  }
  const auto saved = NotHeld(held, config.saved);
  if (saved.empty()) return;
  // Of a matrix that is the other one as well, one is saved.
  const bool held_as_other =
      weights->Find(TokenMatrix::kEmbedding) != nullptr ||
      weights->Find(TokenMatrix::kHead) != nullptr;
  const bool is_token_matrix = std::ranges::any_of(
      saved,
      [](const std::string& name) { return TokenMatrixOf(name).has_value(); });
  findings->Add(
      {.severity = is_token_matrix && !held_as_other ? Severity::kWarning
                                                     : Severity::kNote,
       .message = "modules_to_save names " + Listed(saved) +
                  ", which the adapter does not hold: what was learnt there is "
                  "lost",
       .evidence = {{"adapter_config.json: modules_to_save", Listed(saved)}},
       .repair = "save the adapter again with PEFT"});
}

// How many rows of tokens there are to name; nullopt where that is not known.
std::optional<uint64_t> RowsOf(const Target& target,
                               const TargetWeights* weights) {
  const TokenRows* saved =
      weights == nullptr ? nullptr : weights->Find(TokenMatrix::kEmbedding);
  if (saved != nullptr) return saved->size();
  if (target.base() == nullptr) return std::nullopt;
  return ShapeOf(*target.base()).rows;
}

void CheckTokenIndices(const Target& target, Findings* findings) {
  if (target.adapter() == nullptr) return;
  const PeftConfig& config = target.adapter()->config();
  if (config.tokens.empty()) return;
  Findings unheard("");
  const TargetWeights* weights = WeightsOf(target, target, &unheard);
  const std::optional<uint64_t> rows = RowsOf(target, weights);
  if (!rows) static_cast<void>(BaseOf(target, findings));
  constexpr const char* kWhere = "adapter_config.json: trainable_token_indices";
  for (const PeftTokens& tokens : config.tokens) {
    const auto outside = std::ranges::find_if(tokens.ids, [&](int64_t id) {
      return id < 0 || (rows && static_cast<uint64_t>(id) >= *rows);
    });
    if (outside != tokens.ids.end()) {
      findings->Add(
          {.severity = Severity::kWarning,
           .message = "trainable_token_indices names the row " +
                      std::to_string(*outside) +
                      (rows ? ", and there are " + std::to_string(*rows) : "") +
                      ": the adapter can't be loaded",
           .evidence = {{kWhere, std::to_string(*outside)}},
           .repair = "resize the base's embedding first, or name a token that "
                     "it has"});
    }
    const auto matrix = tokens.module.empty() ? TokenMatrix::kEmbedding
                                              : TokenMatrixOf(tokens.module);
    const TokenRows* held =
        weights == nullptr || !matrix ? nullptr : weights->FindTokens(*matrix);
    if (held == nullptr || held->size() == tokens.ids.size()) continue;
    findings->Add(
        {.severity = Severity::kWarning,
         .message = "the adapter names " +
                    HowMany(tokens.ids.size(), "trained token") +
                    " and holds " + HowMany(held->size(), "row") +
                    ": it can't be loaded",
         .evidence = {{kWhere, HowMany(tokens.ids.size(), "id")},
                      {QuoteName(held->name()), HowMany(held->size(), "row")}},
         .repair = "take the configuration that it was saved with"});
  }
}

constexpr std::array kRules = {
    Rule{"ADP001", "the adapter was trained on another model",
         Severity::kWarning, "An error at load.",
         "Lengths of the adapter's tensors, or the numbers of their layers, "
         "are not those of the base. A warning, not an error: nothing is "
         "answered, and so nothing ends.",
         "Give the model that it was trained on.",
         "Another model of the same size. Modules of a GGUF base, beyond the "
         "length of its rows and its number of layers.",
         "E15: LLaMA-Factory#5661", CheckBase},
    Rule{"ADP002", "the adapter's numbers contradict each other",
         Severity::kWarning, "An error at load, or an adapter without effect.",
         "The rank is below 1, factors have another one or no partner, or "
         "tensors hold no numbers (a shared-out training that was not "
         "gathered).",
         "Save it again.", "Methods other than LoRA, but for empty tensors.",
         "E15", CheckNumbers},
    Rule{"ADP003", "a module was to be trained, and nothing is there",
         Severity::kWarning,
         "The model behaves as before; where it is the head, replies do not "
         "end.",
         "A name in target_modules or modules_to_save that the base does not "
         "have is passed over without a word, and some trainers lose modules "
         "on saving. A warning where the head or the embedding was to be "
         "saved.",
         "Name modules that the base has; save again.",
         "Modules named by a pattern, or by more than four parts of their "
         "paths.",
         "E13, E15", CheckModules},
    Rule{"ADP004", "a trained token is not there", Severity::kWarning,
         "An error at load.",
         "trainable_token_indices names a row that the base's embedding does "
         "not have: tokens were added, and the base was not resized.",
         "Resize the base's embedding first, or name a token that it has.",
         "Without --base, ids that are too high.", "E13, E15",
         CheckTokenIndices},
};

}  // namespace

std::span<const Rule> AdapterRules() { return kRules; }

}  // namespace fullstop
