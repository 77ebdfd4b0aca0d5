#include <array>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "doctor/ends.h"
#include "doctor/head_rows.h"
#include "doctor/rule.h"
#include "doctor/target.h"
#include "doctor/target_weights.h"
#include "doctor/unused_rows.h"
#include "model/architectures.h"
#include "model/graph_check.h"

namespace fullstop {
namespace {

// nullopt where the weights can't be read, with a remark.
std::optional<HeadRows> OpenHead(const Target& target, Findings* findings) {
  if (!target.reads_weights()) {
    findings->CannotTell("the weights are not to be opened");
    return std::nullopt;
  }
  try {
    return HeadRows(target);
  } catch (const Error& error) {
    findings->CannotTell(WhyClosed(error));
    return std::nullopt;
  }
}

void CheckEndRows(const Target& target, Findings* findings) {
  // What an adapter makes of them is for rules of its own.
  if (target.adapter() != nullptr) return;
  const std::optional<HeadRows> head = OpenHead(target, findings);
  if (!head) return;
  const std::vector<std::vector<size_t>> groups =
      UnusedRows(target, head->size());
  if (groups.empty()) {
    return findings->CannotTell(
        "there are fewer than " + std::to_string(kFewestUnusedRows) +
        " rows that are known to be unused, to compare with");
  }
  for (const std::vector<size_t>& ids : groups) {
    const RowCloud cloud =
        CloudOf([&head](size_t id) { return head->Row(id); }, ids);
    for (const Stop& stop : target.facts().stops.stops) {
      const auto id = static_cast<size_t>(stop.id);
      if (!EndsAReply(stop) || id >= head->size()) continue;
      const std::vector<float> row = head->Row(id);
      if (!LiesWithin(cloud, row)) continue;
      findings->Add(
          {.certainty = Certainty::kLikely,
           .message = "the output row of " + TokenName(target, stop.id) +
                      " lies among those of tokens that were never used: the "
                      "model has not learnt to write it",
           .evidence = {{"its distance from their mean",
                         std::to_string(RowDistance(row, cloud.mean))},
                        {"the farthest of " + std::to_string(ids.size()) +
                             " unused rows",
                         std::to_string(cloud.spread)}},
           .repair = "train the output head too, or end turns with a token "
                     "that the base model knows"});
    }
  }
}

// False, with a remark or a finding, where they can't be.
bool CanOpen(const Target& target, Findings* findings, bool is_damage_told) {
  if (!target.reads_weights()) {
    findings->CannotTell("the weights are not to be opened");
    return false;
  }
  try {
    target.weights();
    return true;
  } catch (const Error& error) {
    if (error.kind() != Error::Kind::kFormat || is_damage_told) {
      findings->CannotTell(WhyClosed(error));
      return false;
    }
    findings->Add(
        {.severity = Severity::kWarning,
         .message = "the weights are damaged: " + error.message(),
         .evidence = {{std::filesystem::path(error.file()).filename(), ""}},
         .repair = "fetch or save the file again"});
    return false;
  }
}

void CheckWhole(const Target& target, Findings* findings) {
  CanOpen(target, findings, /*is_damage_told=*/false);
}

// What a runtime that loads the model finds out.
void CheckSizes(const Target& target, Findings* findings) {
  // Whether an adapter fits its base is for rules of its own.
  if (target.adapter() != nullptr) return;
  if (!CanOpen(target, findings, /*is_damage_told=*/true)) return;
  try {
    CheckGraph(DescribeModel(CompleteModel(OpenModelFile(target))),
               target.path());
  } catch (const Error& error) {
    if (error.kind() != Error::Kind::kFormat) {
      return findings->CannotTell(WhyClosed(error));
    }
    findings->Add({.severity = Severity::kWarning,
                   .message = "the weights are not of the size that the files "
                              "declare, and are not loaded: " +
                              error.message(),
                   .evidence = {{"the weights", ""}},
                   .repair = "take the weights and what describes them from "
                             "one model"});
  }
}

constexpr std::array kRules = {
    Rule{"TOK013", "the weights are damaged", Severity::kWarning,
         "An error at load.",
         "A file of weights is cut short, or its header and its size, or two "
         "of its tensors, contradict each other.",
         "Fetch or save the file again.",
         "Damage within the numbers. A GGUF file that is damaged so can't be "
         "examined at all.",
         "", CheckWhole},
    Rule{"TOK007", "an end's row was never trained", Severity::kNote,
         "The reply never ends, or ends by chance.",
         "The output row of an end lies within three times the spread of rows "
         "that no training has touched: behind the vocabulary, or reserved. "
         "Adapters of attention alone can't reach it.",
         "Train lm_head and the embedding too, or end turns with a token that "
         "the base model knows.",
         "Models with fewer than four rows that are known to be unused. How "
         "often it happens: --live.",
         "E13, E14: Qwen3#1064, LLaMA-Factory#7943", CheckEndRows},
    Rule{"TOK012", "the weights are not of the declared size",
         Severity::kWarning, "An error at load.",
         "The file's keys, or config.json, say other lengths, layers or heads "
         "than the tensors have. A warning, not an error: nothing is answered, "
         "and so nothing ends.",
         "Take weights and configuration from one model.",
         "Architectures that fullstop does not know.", "", CheckSizes},
};

}  // namespace

std::span<const Rule> WeightRules() { return kRules; }

}  // namespace fullstop
