// What a model learns of ends from a row of training data.
#ifndef FULLSTOP_DATA_LABEL_CHECK_H_
#define FULLSTOP_DATA_LABEL_CHECK_H_

#include <cstddef>
#include <vector>

#include "data/tokenized_rows.h"
#include "protocol/turn_protocol.h"

namespace fullstop {

enum class LabelFault {
  kNoEnd,        // a trained turn ends with no end, and none follows it
  kMaskedEnd,    // its end follows, but is not trained
  kCut,          // the row is over before it ends
  kLoneEnd,      // an end is trained without the turn that it ends
  kInnerEnd,     // an end is trained before the last: several turns as one
  kNoBos,        // the row lacks the BOS that the template writes
  kExtraBos,     // the row begins with a BOS that the template does not write
  kSharedRow,    // several texts in a row, and nothing keeps them apart
  kOtherPieces,  // the text of the row is encoded otherwise as a whole
  kOtherLabels,  // a trained label is not the id at its place
};

struct LabelFinding {
  LabelFault fault = LabelFault::kNoEnd;
  // Ids [begin, end) of the row that show it.
  size_t begin = 0;
  size_t end = 0;
};

struct LabelReport {
  size_t turns = 0;  // stretches of trained ids
  size_t size = 0;   // ids, less padding
  std::vector<LabelFinding> findings;
};

// Holds ROW against PROTOCOL, which needs a tokenizer; ids that it does not
// have are skipped. A trained turn is right where its last id but white space
// is a stop and no other is. Padding (an attention mask of 0 at the end) is
// left out. Any number of threads.
LabelReport CheckLabels(const TokenizedRow& row, const TurnProtocol& protocol);

}  // namespace fullstop

#endif  // FULLSTOP_DATA_LABEL_CHECK_H_
