#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "data/label_check.h"
#include "data/tokenized_rows.h"
#include "doctor/rule.h"
#include "doctor/severity_order.h"
#include "doctor/target.h"
#include "doctor/tokenized.h"

namespace fullstop {
namespace {

constexpr size_t kExamples = 3;
constexpr size_t kShownIds = 8;
// Above it a fault is the rule of the data, not its dust.
constexpr double kMuch = 0.01;

// What a fault is counted in.
enum class Unit { kTurn, kRow };

struct DataFault {
  LabelFault fault;
  std::string_view rule;
  Unit unit;
  Severity seldom;  // up to kMuch
  Severity often;
  std::string_view message;
  std::string_view repair;
};

constexpr std::array kFaults = {
    DataFault{LabelFault::kNoEnd, "DAT001", Unit::kTurn, Severity::kWarning,
              Severity::kError,
              "trained turns end without an end: the model learns to go on",
              "let the trainer's template write the end of each turn, trained"},
    DataFault{LabelFault::kMaskedEnd, "DAT002", Unit::kTurn, Severity::kWarning,
              Severity::kError,
              "trained turns are followed by their end, which is not trained",
              "give padding a token of its own, or train the end too"},
    DataFault{LabelFault::kCut, "DAT003", Unit::kTurn, Severity::kNote,
              Severity::kWarning, "trained turns are cut before their end",
              "raise the cut-off, or leave such rows out"},
    DataFault{LabelFault::kLoneEnd, "DAT004", Unit::kTurn, Severity::kWarning,
              Severity::kWarning,
              "ends are trained of turns that are not: they follow text that "
              "is masked",
              "mask the end of a masked turn too"},
    DataFault{LabelFault::kInnerEnd, "DAT005", Unit::kTurn, Severity::kWarning,
              Severity::kWarning,
              "several turns are trained as one, the user's words too",
              "mask what is not the model's"},
    DataFault{LabelFault::kNoBos, "DAT006", Unit::kRow, Severity::kWarning,
              Severity::kWarning,
              "rows lack the BOS that the template writes in chat",
              "render rows with the model's template"},
    DataFault{LabelFault::kExtraBos, "DAT007", Unit::kRow, Severity::kWarning,
              Severity::kWarning,
              "rows begin with a BOS that the template does not write in chat",
              "encode what the template wrote without special tokens"},
    DataFault{LabelFault::kSharedRow, "DAT008", Unit::kRow, Severity::kWarning,
              Severity::kWarning,
              "rows hold several texts that see each other: neither positions "
              "nor the mask begin anew",
              "pack with position_ids, or with a mask for each text"},
    DataFault{LabelFault::kOtherPieces, "DAT009", Unit::kRow, Severity::kNote,
              Severity::kWarning,
              "rows are encoded otherwise than their text as a whole: prompt "
              "and answer were encoded apart",
              "encode the whole rendering at once"},
    DataFault{LabelFault::kOtherLabels, "DAT010", Unit::kTurn, Severity::kError,
              Severity::kError,
              "labels are not the ids at their places: a trainer that shifts "
              "them shifts them twice",
              "export labels that are not shifted"},
};

struct Tally {
  size_t count = 0;
  std::vector<Exhibit> examples;
};

// The ids of a finding, as many as a line holds: those at its end.
std::string Shown(const Target& target, const TokenizedRow& row,
                  const LabelFinding& finding) {
  const size_t begin =
      std::max(finding.begin, finding.end - std::min(finding.end, kShownIds));
  std::string shown = begin > finding.begin ? "… " : "";
  for (size_t i = begin; i < finding.end; ++i) {
    const TokenId id = row.ids[i];
    const bool known = static_cast<size_t>(id) < target.vocabulary()->size();
    shown += (i > begin ? " " : "") +
             (known ? std::string(target.vocabulary()->info(id).text)
                    : std::to_string(id));
    if (row.labels[i] == kNotTrained) shown += " (not trained)";
  }
  return shown;
}

class Examiner {
 public:
  Examiner(const Target& target, const std::string& path)
      : target_(target), path_(path) {}

  void Take(const TokenizedRow& row) {
    const LabelReport report = CheckLabels(row, target_.protocol());
    ++rows_;
    turns_ += report.turns;
    longest_ = std::max(longest_, report.size);
    for (const LabelFinding& finding : report.findings) {
      Tally& tally = finding.fault == LabelFault::kCut
                         ? cut_[report.size]
                         : tallies_[finding.fault];
      ++tally.count;
      if (tally.examples.size() == kExamples) continue;
      tally.examples.push_back({path_ + ": line " + std::to_string(row.line),
                                Shown(target_, row, finding),
                                Place{.file = path_, .line = row.line}});
    }
  }

  // A cut-off shows as rows of one length, the longest: shorter ones that are
  // over before their end lack it.
  void Finish() {
    for (auto& [size, tally] : cut_) {
      Tally& all =
          tallies_[size == longest_ ? LabelFault::kCut : LabelFault::kNoEnd];
      all.count += tally.count;
      std::ranges::move(tally.examples, std::back_inserter(all.examples));
      // The first ones are kept.
      std::ranges::sort(all.examples, {}, [](const Exhibit& example) {
        return example.place->line;
      });
      all.examples.resize(std::min(all.examples.size(), kExamples));
    }
    cut_.clear();
  }

  Diagnosis Judge(const DataFault& fault) const {
    const Tally& tally = tallies_.at(fault.fault);
    const size_t all = fault.unit == Unit::kTurn ? turns_ : rows_;
    const double share =
        static_cast<double>(tally.count) / static_cast<double>(all);
    return {.rule = std::string(fault.rule),
            .severity = share > kMuch ? fault.often : fault.seldom,
            .message = std::to_string(tally.count) + " of " +
                       std::to_string(all) +
                       (fault.unit == Unit::kTurn ? " turns: " : " rows: ") +
                       std::string(fault.message),
            .evidence = tally.examples,
            .repair = std::string(fault.repair)};
  }

  bool Has(LabelFault fault) const { return tallies_.contains(fault); }

 private:
  const Target& target_;
  std::string path_;
  size_t rows_ = 0;
  size_t turns_ = 0;
  size_t longest_ = 0;
  std::map<LabelFault, Tally> tallies_;
  std::map<size_t, Tally> cut_;  // by the length of the row
};

constexpr std::array kRules = {
    Rule{"DAT001", "trained turns end without an end", Severity::kError,
         "The fine-tune never stops.",
         "The last id that is trained of a turn is no end of this model, and "
         "none follows it.",
         "Let the trainer's template write the end of each turn, trained.",
         "Ends that the protocol does not know.",
         "E01: Chinese-LLaMA-Alpaca-3#59, #60", nullptr},
    Rule{"DAT002", "the end of a trained turn is not trained", Severity::kError,
         "The fine-tune never stops.",
         "The end follows the turn, and its label is masked: as padding, where "
         "padding is eos, or as part of the template.",
         "Give padding a token of its own, or train the end too.", "",
         "E03: transformers#23530, trl#976, unsloth#416", nullptr},
    Rule{
        "DAT003", "trained turns are cut", Severity::kWarning,
        "Long answers never stop.",
        "The row is over before the turn ends, and no row is longer. A note up "
        "to one turn in a hundred.",
        "Raise the cut-off, or leave such rows out.",
        "A cut turn that was given an end (E05).",
        "E04: LLaMA-Factory#3945, MedicalGPT#157", nullptr},
    Rule{"DAT004", "ends of masked turns are trained", Severity::kWarning,
         "Answers end early.",
         "The history is masked, but for the ends of its turns.",
         "Mask them too.", "", "E06: LLaMA-Factory#10827", nullptr},
    Rule{"DAT005", "several turns are trained as one", Severity::kWarning,
         "The model writes the user's turns.",
         "An end stands within a stretch of trained ids.",
         "Mask what is not the model's.",
         "Meant so in training on whole conversations.", "E06", nullptr},
    Rule{"DAT006", "rows lack BOS", Severity::kWarning,
         "Answers are worse than the trainer's own.",
         "The template writes BOS in chat; the rows begin without it.",
         "Render rows with the model's template.", "",
         "E24: Chinese-LLaMA-Alpaca-3", nullptr},
    Rule{"DAT007", "rows begin with a BOS too many", Severity::kWarning,
         "Answers are worse than the trainer's own.",
         "The trainer added a BOS to what the template wrote.",
         "Encode without special tokens.", "", "E24, M26", nullptr},
    Rule{"DAT008", "packed texts see each other", Severity::kWarning,
         "Answers drift to other subjects.",
         "A row holds several texts, and neither position_ids nor the mask "
         "keep them apart.",
         "Pack with position_ids.", "Models whose template writes no BOS.",
         "E30", nullptr},
    Rule{"DAT009", "rows are encoded in other pieces", Severity::kWarning,
         "Answers begin oddly.",
         "Prompt and answer were encoded apart: where they meet the ids differ "
         "from those of the whole. A note up to one row in a hundred.",
         "Encode the whole rendering at once.", "", "E27", nullptr},
    Rule{"DAT010", "labels are not the ids", Severity::kError,
         "The fine-tune writes nonsense.",
         "A trained label differs from the id at its place.",
         "Export labels that are not shifted.", "", "E06", nullptr},
};

}  // namespace

std::span<const Rule> DataRules() { return kRules; }

Report ExamineTokenized(const Target& target, const std::string& path,
                        const RuleChoice& choice) {
  Examiner examiner(target, path);
  TokenizedRows rows(path);
  TokenizedRow row;
  while (rows.Next(&row)) examiner.Take(row);
  examiner.Finish();
  Report report{.path = path,
                .kind = "tokenized data",
                .hash = target.protocol().hash(),
                .main = {.file = path}};
  std::vector<Diagnosis> found;
  for (const DataFault& fault : kFaults) {
    if (examiner.Has(fault.fault) && choice.Runs(*FindRule(fault.rule))) {
      found.push_back(examiner.Judge(fault));
    }
  }
  report.diagnoses = BySeverity(found);
  return report;
}

}  // namespace fullstop
