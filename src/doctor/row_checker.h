// One row of training data, looked at in every way that its file and its model
// allow.
#ifndef FULLSTOP_DOCTOR_ROW_CHECKER_H_
#define FULLSTOP_DOCTOR_ROW_CHECKER_H_

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "data/file_ends.h"
#include "data/json_rows.h"
#include "data/label_check.h"
#include "data/labelled_row.h"
#include "data/length_counts.h"
#include "data/predicted_row.h"
#include "data/raw_check.h"
#include "data/raw_row.h"
#include "data/rendered_text.h"
#include "data/trainer_settings.h"
#include "doctor/data_tally.h"
#include "doctor/target.h"
#include "tokenizer/piece_cache.h"

namespace fullstop {

// What rows are held against. Immutable; any number of threads may read.
struct RowContext {
  // TARGET may be null: then nothing is rendered. It must outlive the object.
  explicit RowContext(const Target* target);

  // As READER reads JSON; a text that the model's template wrote becomes its
  // turns again.
  void Read(const JsonRow& json, RawRowReader* reader, RawRow* row) const;

  const Target* target;
  RawChecks checks;
  RawColumns columns;
  // Absent without a template and a vocabulary.
  std::optional<RowLabeller> labeller;
  std::optional<RenderedTextReader> texts;
  std::optional<LabelChecker> labels;
  // Lengths at which a trainer might cut, in ids.
  std::vector<size_t> cutoffs;
  // The recipe that the rows are for.
  std::optional<TrainerSettings> trainer;
  TrainerEnds trainer_ends;
};

struct RowFinding {
  const DataFault* fault = nullptr;  // lives for ever
  std::string shown;
};

// What one cut-off takes away.
struct CutCounts {
  size_t rows = 0;
  size_t ends = 0;  // of turns
};

// Sums over rows.
struct RowCounts {
  void Add(const RowCounts& other);

  size_t rows = 0;
  size_t turns = 0;  // that a model is to write
  size_t units = 0;  // ids where rows are encoded, else bytes of words
  size_t written = 0;
  LengthCounts lengths;         // in the same units
  std::vector<CutCounts> cuts;  // by RowContext::cutoffs
  size_t predicted_turns = 0;
};

// Reads and checks rows. One thread; an object for each.
class RowChecker {
 public:
  // CONTEXT must outlive the object.
  explicit RowChecker(const RowContext& context);

  // What is wrong with the row, in no order.
  std::vector<RowFinding> Check(const JsonRow& json);

  // The row that was checked last; without turns where it was not understood.
  const RawRow& row() const { return row_; }
  // Of all rows that were checked.
  const RowCounts& counts() const { return counts_; }
  // How their answers end.
  FileEnds& answers() { return answers_; }

 private:
  void Add(const DataFault& fault, std::string shown);
  void Render();
  void Count(const LabelledRow& labelled);
  void Predict(const LabelledRow& labelled);

  const RowContext* context_;
  RawRowReader reader_;
  RawRow row_;
  std::vector<RowFinding> findings_;
  RowCounts counts_;
  FileEnds answers_;
  PieceCache pieces_;
};

}  // namespace fullstop

#endif  // FULLSTOP_DOCTOR_ROW_CHECKER_H_
