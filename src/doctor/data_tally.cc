#include "doctor/data_tally.h"

#include <algorithm>
#include <utility>

namespace fullstop {
namespace {

constexpr size_t kExamples = 20;
// Above it a fault is the rule of the data, not its dust.
constexpr double kMuch = 0.01;

}  // namespace

Severity WeightOf(const Rule& rule, Severity seldom, size_t count, size_t all) {
  const bool often =
      static_cast<double>(count) > kMuch * static_cast<double>(all);
  return often ? rule.severity : seldom;
}

void DataTally::Add(const DataFault& fault, const DataPlace& row,
                    std::string shown) {
  Entry& entry = entries_[fault.rule];
  if (fault.unit == DataUnit::kRow && entry.last_number == row.number) return;
  entry.last_number = row.number;
  ++entry.count;
  if (entry.examples.size() == kExamples) return;
  std::string where = path_ + ": line " + std::to_string(row.line);
  if (row.number != row.line) where += ", row " + std::to_string(row.number);
  entry.examples.push_back({std::move(where), std::move(shown),
                            Place{.file = path_, .line = row.line}});
}

void DataTally::Merge(const DataTally& other, const DataFault& as) {
  for (const auto& [rule, theirs] : other.entries_) {
    Entry& ours = entries_[as.rule];
    ours.count += theirs.count;
    ours.last_number = std::max(ours.last_number, theirs.last_number);
    ours.examples.insert(ours.examples.end(), theirs.examples.begin(),
                         theirs.examples.end());
    std::ranges::sort(ours.examples, {}, [](const Exhibit& example) {
      return example.place->line;
    });
    ours.examples.resize(std::min(ours.examples.size(), kExamples));
  }
}

std::vector<Diagnosis> DataTally::Findings(std::span<const DataFault> faults,
                                           const DataTotals& totals,
                                           const DataClaim& claim,
                                           const RuleChoice& choice) const {
  std::vector<Diagnosis> findings;
  for (const DataFault& fault : faults) {
    const auto entry = entries_.find(fault.rule);
    const Rule& rule = *FindRule(fault.rule);
    if (entry == entries_.end() || !choice.Runs(rule)) continue;
    const bool turns = fault.unit == DataUnit::kTurn;
    const size_t all = turns ? totals.turns : totals.rows;
    findings.push_back(
        {.rule = std::string(fault.rule),
         .severity = WeightOf(rule, fault.seldom, entry->second.count, all),
         .certainty = claim.certainty,
         .message = std::string(claim.prefix) +
                    std::to_string(entry->second.count) + " of " +
                    std::to_string(all) + (turns ? " turns: " : " rows: ") +
                    std::string(rule.title),
         .evidence = entry->second.examples,
         .repair = std::string(rule.repair)});
  }
  return findings;
}

}  // namespace fullstop
