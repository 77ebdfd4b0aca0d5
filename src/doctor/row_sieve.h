// Parts the rows of a data file into those to train on and the others.
#ifndef FULLSTOP_DOCTOR_ROW_SIEVE_H_
#define FULLSTOP_DOCTOR_ROW_SIEVE_H_

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "data/json_rows.h"
#include "doctor/examine.h"
#include "doctor/row_checker.h"

namespace fullstop {

// JSONL, a row a line; a rejected one is an object of `line`, `reasons`
// [`rule`, `title`, `shown`] and `row` (its text where that is no JSON). Both
// files appear when all is done. One thread.
class RowSieve {
 public:
  // Empty paths write nothing. Throws what NewFile throws, as all others do.
  RowSieve(const std::string& emit, const std::string& rejects);

  // A row is rejected for every finding of a rule that CHOICE runs, unless that
  // is a note; and where it REPEATS a row before.
  void Take(const JsonRow& json, const std::vector<RowFinding>& findings,
            bool repeats, const RuleChoice& choice);
  void Commit();

  size_t emitted() const { return emitted_; }
  size_t rejected() const { return rejected_; }

 private:
  // Gathers what is written.
  struct Output {
    explicit Output(const std::string& path);
    void Write(const std::string& line);
    void Flush();

    std::optional<NewFile> file;
    std::string waiting;
  };

  Output emit_;
  Output rejects_;
  size_t emitted_ = 0;
  size_t rejected_ = 0;
};

}  // namespace fullstop

#endif  // FULLSTOP_DOCTOR_ROW_SIEVE_H_
