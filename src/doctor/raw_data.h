// Rows of training data as their author wrote them.
#ifndef FULLSTOP_DOCTOR_RAW_DATA_H_
#define FULLSTOP_DOCTOR_RAW_DATA_H_

#include <cstddef>
#include <functional>
#include <string>

#include "data/raw_row.h"
#include "doctor/examine.h"
#include "doctor/target.h"

namespace fullstop {

struct RawDataOptions {
  // The model that will be trained: its control tokens are looked for. May be
  // null.
  const Target* target = nullptr;
  RawColumns columns;
  // Threads that check; at least 1.
  size_t threads = 1;
  // Bytes done and their total, now and then; false gives up.
  std::function<bool(size_t done, size_t total)> progress;
};

// One finding for each kind of fault in the rows of the file at PATH, with how
// often it is there and the first places; the same on any number of threads.
// Needs 24 bytes a row beside a few megabytes. Throws what JsonRows throws; an
// empty report where it was given up.
Report ExamineRaw(const std::string& path, const RawDataOptions& options,
                  const RuleChoice& choice);

}  // namespace fullstop

#endif  // FULLSTOP_DOCTOR_RAW_DATA_H_
