// Files of training data as their author wrote them.
#ifndef FULLSTOP_DOCTOR_RAW_DATA_H_
#define FULLSTOP_DOCTOR_RAW_DATA_H_

#include <cstddef>
#include <functional>
#include <optional>
#include <string>

#include "doctor/examine.h"
#include "doctor/row_checker.h"

namespace fullstop {

struct RawDataOptions {
  // Threads that check; at least 1.
  int threads = 1;
  // Bytes done and their total, now and then; false gives up.
  std::function<bool(size_t done, size_t total)> progress;
  // Whether the ids that a trainer made are looked at beside the rows.
  bool has_tokenized = false;
  // Where the rows without a finding above a note are written, each
  // conversation once, as JSONL; and the others, with what was found of them.
  // Empty where they are not. Neither may be the file of the rows.
  std::string emit;
  std::string rejects;
};

// What was found in the rows of the file at PATH: one finding for each kind of
// fault, with how often it is there and the first places; how long rows are,
// and how many are cut. The same on any number of threads. Needs 24 bytes a row
// beside a few megabytes. Throws what JsonRows and NewFile throw; nullopt where
// it was given up, and nothing is written then.
std::optional<Report> ExamineRaw(const std::string& path,
                                 const RowContext& context,
                                 const RawDataOptions& options,
                                 const RuleChoice& choice);

}  // namespace fullstop

#endif  // FULLSTOP_DOCTOR_RAW_DATA_H_
