// What a trainer is going to make of a row.
#ifndef FULLSTOP_DATA_PREDICTED_ROW_H_
#define FULLSTOP_DATA_PREDICTED_ROW_H_

#include <cstddef>
#include <vector>

#include "data/labelled_row.h"
#include "data/tokenized_rows.h"
#include "data/trainer_settings.h"

namespace fullstop {

struct PredictedRow {
  TokenizedRow row;
  // Of each of its ids the place among those of the whole row.
  std::vector<size_t> places;
  // Ids that the cut-off takes away, and turns that lose their end by it.
  size_t ids_cut = 0;
  size_t ends_cut = 0;
};

// The ids and labels of ROW as LLaMA-Factory makes them of one conversation
// (its data/processor/supervised.py and processor_utils.py, 0.9.4): turns in
// pairs of what is given and what is written, cut pair by pair in the order in
// which they are trained. It renders with templates of its own; here the
// model's is taken. Pure.
PredictedRow Predict(const LabelledRow& row, const TrainerSettings& settings);

}  // namespace fullstop

#endif  // FULLSTOP_DATA_PREDICTED_ROW_H_
