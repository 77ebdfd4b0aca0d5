// Counts what is wrong with the rows of a data file, and makes findings of it.
#ifndef FULLSTOP_DOCTOR_DATA_TALLY_H_
#define FULLSTOP_DOCTOR_DATA_TALLY_H_

#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "doctor/examine.h"
#include "doctor/rule.h"

namespace fullstop {

// What a fault is counted in.
enum class DataUnit { kRow, kTurn };

// A kind of fault. Its rule's page says the rest: the title is the message, the
// severity is what it weighs above one in a hundred.
struct DataFault {
  std::string_view rule;
  DataUnit unit = DataUnit::kRow;
  // What it weighs up to one in a hundred.
  Severity seldom = Severity::kWarning;
};

// Where a row is in its file, both from 1: several may stand on one line.
struct DataPlace {
  size_t line = 0;
  size_t number = 0;
};

// What faults are counted of.
struct DataTotals {
  size_t rows = 0;
  size_t turns = 0;
};

// How a finding of them is said.
struct DataClaim {
  Certainty certainty = Certainty::kCertain;
  std::string_view prefix = {};
};

// What RULE weighs where COUNT of ALL are at fault: SELDOM up to one in a
// hundred.
Severity WeightOf(const Rule& rule, Severity seldom, size_t count, size_t all);

// One thread. A rule's id has to live for ever.
class DataTally {
 public:
  // Of the file at PATH.
  explicit DataTally(std::string path) : path_(std::move(path)) {}

  // One more of FAULT in the row with NUMBER, which begins at LINE; SHOWN shows
  // it. Rows come in order, and each counts once where they are the unit.
  void Add(const DataFault& fault, const DataPlace& row, std::string shown);

  // Adds all that OTHER, of the same file, holds, as faults AS.
  void Merge(const DataTally& other, const DataFault& as);

  // A finding for each of FAULTS that is there and whose rule runs, with the
  // first 20 places.
  std::vector<Diagnosis> Findings(std::span<const DataFault> faults,
                                  const DataTotals& totals,
                                  const DataClaim& claim,
                                  const RuleChoice& choice) const;

 private:
  struct Entry {
    size_t count = 0;
    size_t last_number = 0;
    std::vector<Exhibit> examples;
  };

  std::string path_;
  std::map<std::string_view, Entry> entries_;
};

}  // namespace fullstop

#endif  // FULLSTOP_DOCTOR_DATA_TALLY_H_
