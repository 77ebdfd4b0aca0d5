// What is wrong with a row of training data as it was written, before any
// template or trainer.
#ifndef FULLSTOP_DATA_RAW_CHECK_H_
#define FULLSTOP_DATA_RAW_CHECK_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "data/file_ends.h"
#include "data/raw_row.h"

namespace fullstop {

enum class RawFault {
  kUnreadable,      // no JSON, or in no layout
  kRoleOrder,       // two answers in a row, an answer first, none at all
  kEmptyAnswer,     // a trained turn says nothing
  kControlText,     // a control token of the model, spelled out
  kForeignMarker,   // another family's marker
  kOpenThought,     // a thought that is not closed, or closed and never opened
  kEmptyThought,    // a thought without words
  kUnfinished,      // the answer breaks off
  kLoop,            // the answer repeats itself to its end
  kEcho,            // the answer is its prompt
  kPlaceholder,     // a name that somebody was to fill in
  kLabel,           // the answer begins with what it is: "Output:"
  kNoInput,         // "<noinput>"
  kEncodingDamage,  // text that was decoded wrongly
};

struct RawFinding {
  RawFault fault;
  size_t turn = 0;
  std::string shown;  // the words that show it
};

// Which strings are control tokens of the model that is trained, longest first;
// empty where none is known.
struct RawChecks {
  std::vector<std::string> control;
};

// Any number of threads. Where ENDS is not null the row's answers are added
// to it: what they say together, no row can say.
std::vector<RawFinding> CheckRaw(const RawRow& row, const RawChecks& checks,
                                 FileEnds* ends = nullptr);

// The same for all rows of one conversation, whatever their layout: 128 bits.
struct ConversationHash {
  uint64_t high = 0;
  uint64_t low = 0;
  auto operator<=>(const ConversationHash&) const = default;
};
ConversationHash HashOf(const RawRow& row);

}  // namespace fullstop

#endif  // FULLSTOP_DATA_RAW_CHECK_H_
