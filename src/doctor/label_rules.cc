#include "doctor/label_rules.h"

#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/threads.h"
#include "data/label_check.h"
#include "data/tokenized_rows.h"
#include "doctor/data_tally.h"
#include "doctor/rule.h"
#include "doctor/severity_order.h"
#include "doctor/target.h"
#include "doctor/tokenized.h"

namespace fullstop {
namespace {

constexpr size_t kShownIds = 8;

// In the order of LabelFault.
constexpr std::array kFaults = {
    DataFault{"DAT001", DataUnit::kTurn, Severity::kWarning},
    DataFault{"DAT002", DataUnit::kTurn, Severity::kWarning},
    DataFault{"DAT003", DataUnit::kTurn, Severity::kNote},
    DataFault{"DAT004", DataUnit::kTurn, Severity::kWarning},
    DataFault{"DAT005", DataUnit::kTurn, Severity::kWarning},
    DataFault{"DAT006", DataUnit::kRow, Severity::kWarning},
    DataFault{"DAT007", DataUnit::kRow, Severity::kWarning},
    DataFault{"DAT008", DataUnit::kRow, Severity::kWarning},
    DataFault{"DAT009", DataUnit::kRow, Severity::kNote},
    DataFault{"DAT010", DataUnit::kTurn, Severity::kError},
    DataFault{"DAT011", DataUnit::kTurn, Severity::kWarning},
    DataFault{"DAT012", DataUnit::kRow, Severity::kNote},
    DataFault{"DAT013", DataUnit::kRow, Severity::kError},
};

// Rows of the greatest length that a cut-off leaves behind, at the least.
constexpr size_t kPileUp = 3;
// Rows are read until they have so many ids, then checked.
constexpr size_t kGroupIds = 1 << 20;

// Rows that are over with an end, and those of them whose words break off.
struct EndCounts {
  size_t ended = 0;
  size_t abrupt = 0;
};

// Rows of the greatest length so far: there a cut-off shows.
struct LongestRows {
  size_t size = 0;
  EndCounts ends = {};
  DataTally cut;     // without an end
  DataTally abrupt;  // with one, behind words that are not over
};

// Whether enough of the LONGEST rows break off, more of them than of the
// SHORTER ones: rows that happen to be as long are over where they end.
bool AreCut(const EndCounts& longest, const EndCounts& shorter) {
  if (longest.abrupt < kPileUp) return false;
  if (2 * longest.abrupt >= longest.ended) return true;
  return 4 * longest.abrupt >= longest.ended &&
         longest.abrupt * shorter.ended > 4 * shorter.abrupt * longest.ended;
}

// Counts the faults of a file's rows.
class Examiner {
 public:
  Examiner(const Target& target, const std::string& path)
      : target_(target), path_(path), tally_(path), longest_(Longest(0)) {}

  void Take(const TokenizedRow& row, const LabelReport& report) {
    // A packed row comes text by text.
    if (row.line != line_) ++totals_.rows;
    line_ = row.line;
    totals_.turns += report.turns;
    if (report.size > longest_.size) {
      // Rows that are over before their end are cut only where none is longer.
      tally_.Merge(longest_.cut, FaultOf(LabelFault::kNoEnd));
      shorter_.ended += longest_.ends.ended;
      shorter_.abrupt += longest_.ends.abrupt;
      longest_ = Longest(report.size);
    }
    const bool is_longest = report.size == longest_.size;
    for (const LabelFinding& finding : report.findings) {
      const DataPlace place = {row.line, row.line};
      std::string shown = ShowIds(target_, row, finding);
      if (finding.fault == LabelFault::kEndBehindCut) {
        ++(is_longest ? longest_.ends : shorter_).abrupt;
        if (!is_longest) continue;
        longest_.abrupt.Add(FaultOf(finding.fault), place, std::move(shown));
      } else if (finding.fault == LabelFault::kCut) {
        DataTally& tally = is_longest ? longest_.cut : tally_;
        tally.Add(FaultOf(LabelFault::kNoEnd), place, std::move(shown));
      } else {
        tally_.Add(FaultOf(finding.fault), place, std::move(shown));
      }
    }
    if (report.ended) ++(is_longest ? longest_.ends : shorter_).ended;
  }

  std::vector<Diagnosis> Findings(const RuleChoice& choice) {
    tally_.Merge(longest_.cut, FaultOf(LabelFault::kCut));
    if (AreCut(longest_.ends, shorter_)) {
      tally_.Merge(longest_.abrupt, FaultOf(LabelFault::kEndBehindCut));
    }
    return tally_.Findings(kFaults, totals_, {}, choice);
  }

 private:
  LongestRows Longest(size_t size) const {
    return {.size = size, .cut = DataTally(path_), .abrupt = DataTally(path_)};
  }

  const Target& target_;
  std::string path_;
  DataTotals totals_;
  DataTally tally_;
  LongestRows longest_;
  EndCounts shorter_;
  size_t line_ = 0;  // the last
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
         "A row holds several texts that neither its mask nor its positions "
         "keep apart; positions beside a mask of ones are read by "
         "FlashAttention alone.",
         "Number the texts in the mask (neat_packing), or pack with "
         "position_ids and without a mask.",
         "Texts that no position parts, where the template writes no BOS.",
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
    Rule{"DAT011", "an end stands behind words that were cut",
         Severity::kWarning, "Answers end in mid-sentence.",
         "Rows of one length, the longest, end with an end behind words that "
         "are not over: they were cut, and the end was added.",
         "Raise the cut-off, or leave such rows out.",
         "Fewer than three such rows; packed ones.",
         "E05: LLaMA-Factory's supervised processor", nullptr},
    Rule{"DAT012", "chat renders these turns otherwise", Severity::kWarning,
         "Answers are worse than the trainer's own, from the second turn on.",
         "Read back as turns and rendered as chat does, the row has other ids: "
         "another template, other white space, a thought that chat leaves out "
         "or that its prompt opens. A note up to one row in a hundred.",
         "Render rows with the model's template.",
         "Rows whose text the template can't have written at all.",
         "E26, E19, E21, E07", nullptr},
    Rule{"DAT013", "ids that the vocabulary does not have", Severity::kError,
         "Training dies of an index, or learns another model's words.",
         "An id is as large as the vocabulary or larger.",
         "Encode the rows with this model's tokenizer.",
         "Rows of another tokenizer whose ids all exist here.", "", nullptr},
};

}  // namespace

std::span<const Rule> DataRules() { return kRules; }

std::span<const DataFault> LabelFaults() { return kFaults; }

const DataFault& FaultOf(LabelFault fault) {
  return kFaults.at(static_cast<size_t>(fault));
}

std::string ShowIds(const Target& target, const TokenizedRow& row,
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

std::optional<Report> ExamineTokenized(const Target& target,
                                       const std::string& path,
                                       const TokenizedOptions& options,
                                       const RuleChoice& choice) {
  const LabelChecker checker(target.protocol());
  ThreadPool pool(options.threads);
  Examiner examiner(target, path);
  TokenizedRows rows(path);
  bool more = true;
  while (more) {
    std::vector<TokenizedRow> group;
    size_t ids = 0;
    TokenizedRow row;
    while (ids < kGroupIds && (more = rows.Next(&row))) {
      ids += row.ids.size();
      group.push_back(std::move(row));
    }
    std::vector<LabelReport> reports(group.size());
    pool.ParallelFor(group.size(), 1, [&](size_t begin, size_t end, int) {
      for (size_t i = begin; i < end; ++i) reports[i] = checker.Check(group[i]);
    });
    for (size_t i = 0; i < group.size(); ++i) {
      examiner.Take(group[i], reports[i]);
    }
    if (options.progress && !options.progress(rows.done(), rows.total())) {
      return std::nullopt;
    }
  }
  Report report{.path = path,
                .kind = "tokenized data",
                .hash = target.protocol().hash(),
                .main = {.file = path}};
  report.diagnoses = BySeverity(examiner.Findings(choice));
  return report;
}

}  // namespace fullstop
