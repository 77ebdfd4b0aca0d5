// The checks that every ForwardModel makes of its caller.
#ifndef FULLSTOP_MODEL_ROWS_H_
#define FULLSTOP_MODEL_ROWS_H_

#include <cstdint>
#include <map>
#include <span>

#include "model/forward.h"

namespace fullstop {

// The length that each sequence of ROWS will have afterwards. Throws Error:
// kUsage where a position does not follow its sequence, or a token, a chosen id
// or top_k is out of range; kLimit where a sequence would outgrow
// model.context_length().
std::map<SequenceId, int32_t> CheckRows(std::span<const Row> rows,
                                        const ForwardModel& model);

// Throws Error (kUsage) unless 0 <= LENGTH <= model.SequenceLength(SEQUENCE).
void CheckPrefix(SequenceId sequence, int32_t length,
                 const ForwardModel& model);

}  // namespace fullstop

#endif  // FULLSTOP_MODEL_ROWS_H_
