// What a trainer is going to make of a row.
#ifndef FULLSTOP_DATA_PREDICTED_ROW_H_
#define FULLSTOP_DATA_PREDICTED_ROW_H_

#include <cstddef>
#include <optional>
#include <vector>

#include "data/labelled_row.h"
#include "data/tokenized_rows.h"
#include "data/trainer_settings.h"
#include "protocol/turn_protocol.h"

namespace fullstop {

// How the trainer's template ends turns.
struct TrainerEnds {
  // What stands behind an answer in place of the end that the model's template
  // writes; absent where that is not known to be another.
  std::optional<std::vector<TokenId>> turn = {};
  // Stands behind the row, and is the label of the first id of what is given
  // behind each answer.
  std::optional<TokenId> row = {};
};

// Those of the template that SETTINGS name, in the ids of PROTOCOL, which needs
// a tokenizer; an end that its vocabulary lacks has the id behind the last, as
// the trainer adds it.
TrainerEnds EndsOf(const TrainerSettings& settings,
                   const TurnProtocol& protocol);

struct PredictedRow {
  TokenizedRow row;
  // Of each of its ids, but the end behind the row, the place among those of
  // the whole row.
  std::vector<size_t> places;
  // Ids that the cut-off takes away, and turns that lose their end by it.
  size_t ids_cut = 0;
  size_t ends_cut = 0;
  // The last answer is cut, and has the row's end behind it.
  bool ended_behind_cut = false;
};

// The ids and labels of ROW as LLaMA-Factory makes them of one conversation
// (its data/processor/supervised.py and processor_utils.py, 0.9.5): turns in
// pairs of what is given and what is written, cut pair by pair in the order in
// which they are trained. It renders with templates of its own; here the
// model's is taken, but for ENDS. White space behind an end is the answer's, as
// in all of its templates. Pure.
PredictedRow Predict(const LabelledRow& row, const TrainerSettings& settings,
                     const TrainerEnds& ends);

}  // namespace fullstop

#endif  // FULLSTOP_DATA_PREDICTED_ROW_H_
