#include "doctor/raw_data.h"

#include <algorithm>
#include <cstdint>
#include <deque>
#include <future>
#include <iterator>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/threads.h"
#include "data/file_ends.h"
#include "data/json_rows.h"
#include "data/raw_check.h"
#include "doctor/data_figures.h"
#include "doctor/data_tally.h"
#include "doctor/label_rules.h"
#include "doctor/raw_data_rules.h"
#include "doctor/row_sieve.h"
#include "doctor/severity_order.h"

namespace fullstop {
namespace {

// Rows that are read before they are checked.
constexpr size_t kGroup = 4096;
// Of them so many go to a thread at once.
constexpr size_t kGrain = 16;

struct HashedRow {
  ConversationHash hash;
  uint32_t number = 0;
  uint32_t line = 0;
  auto operator<=>(const HashedRow&) const = default;
};
constexpr size_t kMostLines = std::numeric_limits<uint32_t>::max();

struct Checked {
  std::vector<RowFinding> findings;
  // Absent where the row was not understood.
  std::optional<ConversationHash> hash;
};

// As many rows as are checked at once; none at the end.
std::vector<JsonRow> ReadGroup(JsonRows* rows) {
  std::vector<JsonRow> group;
  JsonRow row;
  while (group.size() < kGroup && rows->Next(&row)) group.push_back(row);
  return group;
}

// Checks rows on several threads.
class RowPool {
 public:
  RowPool(const RowContext& context, int threads) : pool_(threads) {
    for (int i = 0; i < threads; ++i) checkers_.emplace_back(context);
  }

  // One for each of ROWS.
  std::vector<Checked> Check(std::span<const JsonRow> rows) {
    std::vector<Checked> checked(rows.size());
    pool_.ParallelFor(
        rows.size(), kGrain, [&](size_t begin, size_t end, int worker) {
          RowChecker& checker = checkers_[static_cast<size_t>(worker)];
          for (size_t i = begin; i < end; ++i) {
            checked[i].findings = checker.Check(rows[i]);
            if (checker.row().turns.empty()) continue;
            checked[i].hash = HashOf(checker.row());
          }
        });
    return checked;
  }

  FileEnds Answers() {
    FileEnds answers;
    for (RowChecker& checker : checkers_) answers.Take(&checker.answers());
    return answers;
  }

  RowCounts Counts() const {
    RowCounts counts;
    for (const RowChecker& checker : checkers_) counts.Add(checker.counts());
    return counts;
  }

 private:
  ThreadPool pool_;
  std::deque<RowChecker> checkers_;
};

// Goes through the rows of a file.
class Examiner {
 public:
  Examiner(const std::string& path, const RowContext& context,
           const RawDataOptions& options)
      : path_(path), context_(context), options_(options), tally_(path) {}

  // False where it was given up.
  bool Run(const RuleChoice& choice) {
    // Made first: what can't be written is told before any work.
    std::optional<RowSieve> sieve;
    if (!options_.emit.empty() || !options_.rejects.empty()) {
      sieve.emplace(options_.emit, options_.rejects);
    }
    passes_ = sieve ? 2 : 1;
    RowPool pool(context_, options_.threads);
    const bool done = Pass(&pool, [this](const JsonRow& json, Checked row) {
      for (RowFinding& each : row.findings) {
        tally_.Add(*each.fault, {json.line, json.number},
                   std::move(each.shown));
      }
      if (std::max(json.line, json.number) > kMostLines) {
        throw Error::Limit("there are more than 4,294,967,295 lines").In(path_);
      }
      if (row.hash) {
        hashes_.push_back({*row.hash, static_cast<uint32_t>(json.number),
                           static_cast<uint32_t>(json.line)});
      }
    });
    if (!done) return false;
    counts_ = pool.Counts();
    FindCutAnswers(pool.Answers());
    FindRepeated();
    return !sieve || Sieve(choice, &*sieve);
  }

  Report Finish(const RuleChoice& choice) const {
    Report report{.path = path_, .kind = "raw data", .main = {.file = path_}};
    if (context_.target != nullptr) {
      report.hash = context_.target->protocol().hash();
    }
    report.figures = PrintData(counts_, context_, cut_offs_);
    report.data = DataToJson(counts_, context_, cut_offs_);
    if (sieved_) {
      report.data["emitted"] = sieved_->first;
      report.data["rejected"] = sieved_->second;
    }
    const DataTotals written = {counts_.rows, counts_.turns};
    const DataTotals predicted = {counts_.rows, counts_.predicted_turns};
    std::vector<Diagnosis> found =
        tally_.Findings(RawFaults(), written, {Certainty::kLikely, {}}, choice);
    const auto add = [&found](std::vector<Diagnosis> more) {
      std::ranges::move(more, std::back_inserter(found));
    };
    add(tally_.Findings(LabelFaults(), predicted,
                        {Certainty::kLikely, "predicted: "}, choice));
    add(OfCutoffs(choice));
    add(OfRecipe(choice));
    report.diagnoses = BySeverity(found);
    if (!context_.trainer && !options_.has_tokenized) {
      for (const DataFault& fault : LabelFaults()) {
        if (!choice.Runs(*FindRule(fault.rule))) continue;
        report.not_evaluated.push_back(
            {std::string(fault.rule), "needs --tokenized or --trainer"});
      }
    }
    return report;
  }

 private:
  // Hands each row to USE, in order.
  template <typename Use>
  bool Pass(RowPool* pool, const Use& use) {
    JsonRows rows(path_);
    std::vector<JsonRow> group = ReadGroup(&rows);
    while (!group.empty()) {
      // The next rows are found while these are checked.
      std::future<std::vector<JsonRow>> next =
          std::async(std::launch::async, [&rows] { return ReadGroup(&rows); });
      std::vector<Checked> checked = pool->Check(group);
      for (size_t i = 0; i < group.size(); ++i) {
        use(group[i], std::move(checked[i]));
      }
      group = next.get();
      const size_t before = pass_ * rows.total();
      if (options_.progress &&
          !options_.progress(before + rows.done(), passes_ * rows.total())) {
        return false;
      }
    }
    ++pass_;
    return true;
  }

  // Answers that break off as the others of the file tell.
  void FindCutAnswers(const FileEnds& answers) {
    cut_offs_ = answers.CutOffs();
    cut_ = answers.BrokenOff(cut_offs_);
    DataTally cut(path_);
    for (const FileEnds::Broken& each : cut_) {
      cut.Add(FaultOf(RawFault::kUnfinished), {each.line, each.number},
              ShownOf(each));
    }
    tally_.Merge(cut, FaultOf(RawFault::kUnfinished));
  }

  static std::string ShownOf(const FileEnds::Broken& broken) {
    return broken.at_length
               ? "without an end, as many answers of this length"
               : "without an end, behind a word that others go on with";
  }

  void FindRepeated() {
    std::ranges::sort(hashes_);
    std::vector<std::pair<DataPlace, size_t>> repeated;
    for (size_t i = 1; i < hashes_.size(); ++i) {
      if (hashes_[i].hash != hashes_[i - 1].hash) continue;
      repeated.push_back(
          {{hashes_[i].line, hashes_[i].number}, hashes_[i - 1].number});
    }
    hashes_ = {};
    std::ranges::sort(repeated, {},
                      [](const auto& each) { return each.first.number; });
    for (const auto& [place, before] : repeated) {
      tally_.Add(kRepeatedRow, place, "as row " + std::to_string(before));
      repeated_.push_back(place.number);
    }
  }

  // Once more, since only now it is known which rows repeat others.
  bool Sieve(const RuleChoice& choice, RowSieve* sieve) {
    RowPool pool(context_, options_.threads);
    auto next_repeated = repeated_.begin();
    auto next_cut = cut_.begin();
    const bool done = Pass(&pool, [&](const JsonRow& json, Checked row) {
      const bool repeats =
          next_repeated != repeated_.end() && *next_repeated == json.number;
      if (repeats) ++next_repeated;
      if (next_cut != cut_.end() && next_cut->number == json.number) {
        row.findings.push_back(
            {&FaultOf(RawFault::kUnfinished), ShownOf(*next_cut++)});
      }
      sieve->Take(json, row.findings, repeats, choice);
    });
    if (!done) return false;
    sieve->Commit();
    sieved_ = {sieve->emitted(), sieve->rejected()};
    return true;
  }

  std::vector<Diagnosis> OfCutoffs(const RuleChoice& choice) const {
    std::vector<Diagnosis> found;
    const Rule& rule = *FindRule("DAT037");
    for (size_t i = 0; i < context_.cutoffs.size(); ++i) {
      const CutCounts& cut = counts_.cuts[i];
      if (cut.ends == 0 || !choice.Runs(rule)) continue;
      found.push_back(
          {.rule = std::string(rule.id),
           .severity = WeightOf(rule, Severity::kNote, cut.ends, counts_.turns),
           .message = "cut at " + std::to_string(context_.cutoffs[i]) +
                      " ids, " + std::to_string(cut.ends) + " of " +
                      std::to_string(counts_.turns) +
                      " turns lose their end, and " + std::to_string(cut.rows) +
                      " of " + std::to_string(counts_.rows) + " rows a part",
           .repair = std::string(rule.repair)});
    }
    return found;
  }

  std::vector<Diagnosis> OfRecipe(const RuleChoice& choice) const {
    std::vector<Diagnosis> found;
    const auto add = [&](std::string_view id, std::string message) {
      const Rule& rule = *FindRule(id);
      if (!choice.Runs(rule)) return;
      found.push_back({.rule = std::string(id),
                       .severity = rule.severity,
                       .message = "predicted: " + std::move(message),
                       .repair = std::string(rule.repair)});
    };
    const auto& trainer = context_.trainer;
    if (!trainer) return found;
    if (trainer->packing && !trainer->neat_packing) {
      add("DAT038",
          "packing without neat_packing: texts of a packed row see "
          "each other");
    }
    if (!trainer->tokenized_path.empty()) {
      add("DAT039", "rows are kept in " + trainer->tokenized_path +
                        ", and taken from there whatever becomes of the data");
    }
    return found;
  }

  const std::string& path_;
  const RowContext& context_;
  const RawDataOptions& options_;
  size_t passes_ = 1;
  size_t pass_ = 0;
  DataTally tally_;
  RowCounts counts_;
  std::vector<HashedRow> hashes_;
  // Where answers pile up at one length.
  std::vector<CutOff> cut_offs_;
  // The rows whose answers break off as others tell, ascending.
  std::vector<FileEnds::Broken> cut_;
  // The numbers of rows that stood before, ascending.
  std::vector<size_t> repeated_;
  std::optional<std::pair<size_t, size_t>> sieved_;
};

}  // namespace

std::optional<Report> ExamineRaw(const std::string& path,
                                 const RowContext& context,
                                 const RawDataOptions& options,
                                 const RuleChoice& choice) {
  Examiner examiner(path, context, options);
  if (!examiner.Run(choice)) return std::nullopt;
  return examiner.Finish(choice);
}

}  // namespace fullstop
