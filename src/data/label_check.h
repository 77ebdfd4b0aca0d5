// What a model learns of ends from a row of training data.
#ifndef FULLSTOP_DATA_LABEL_CHECK_H_
#define FULLSTOP_DATA_LABEL_CHECK_H_

#include <cstddef>
#include <optional>
#include <vector>

#include "data/rendering_check.h"
#include "data/tokenized_rows.h"
#include "protocol/turn_protocol.h"

namespace fullstop {

enum class LabelFault {
  kNoEnd,         // a trained turn ends with no end, and none follows it
  kMaskedEnd,     // its end follows, but is not trained
  kCut,           // the row is over before it ends
  kLoneEnd,       // an end is trained without the turn that it ends
  kInnerEnd,      // an end is trained before the last: several turns as one
  kNoBos,         // the row lacks the BOS that the template writes
  kExtraBos,      // the row begins with a BOS that the template does not write
  kSharedRow,     // several texts in a row, and nothing keeps them apart
  kOtherPieces,   // the text of the row is encoded otherwise as a whole
  kOtherLabels,   // a trained label is not the id at its place
  kEndBehindCut,  // a turn that breaks off has an end all the same
  kOtherRendering,  // chat would render the row's turns otherwise
  kUnknownId,       // the vocabulary does not have an id
};

struct LabelFinding {
  LabelFault fault = LabelFault::kNoEnd;
  // Ids [begin, end) of the row that show it.
  size_t begin = 0;
  size_t end = 0;
};

struct LabelReport {
  size_t turns = 0;    // stretches of trained ids
  size_t size = 0;     // ids, less padding
  bool ended = false;  // the last of them is an end, trained
  std::vector<LabelFinding> findings;
};

// Holds rows against a protocol. Immutable; any number of threads may check.
class LabelChecker {
 public:
  // Whether the ids are held against another encoding of their text, and
  // against chat's rendering of its turns: of rows that were made of those
  // nothing is found by it.
  enum class Ids { kForeign, kOurs };

  // PROTOCOL needs a tokenizer, and must outlive the object.
  explicit LabelChecker(const TurnProtocol& protocol, Ids ids = Ids::kForeign);

  // The first id that the vocabulary does not have is told. A trained turn is
  // right where stops and white space close it and no stop stands before. A
  // stop may be a label alone, in place of the next turn's first id: so
  // LLaMA-Factory's templates with an `efficient_eos` end a turn. The first
  // label is never learnt. Padding by a token of its own at the end is left
  // out. kEndBehindCut is said of every row whose last words break off: only
  // those of the greatest length, of which a file has many, were cut.
  LabelReport Check(const TokenizedRow& row) const;

 private:
  const TurnProtocol* protocol_;
  // Whether BOS stands before every text and nowhere else.
  bool bos_parts_texts_ = false;
  std::optional<RenderingCheck> rendering_;
};

}  // namespace fullstop

#endif  // FULLSTOP_DATA_LABEL_CHECK_H_
