// What a trainer really made of its data, held against a model.
#ifndef FULLSTOP_DOCTOR_TOKENIZED_H_
#define FULLSTOP_DOCTOR_TOKENIZED_H_

#include <cstddef>
#include <functional>
#include <optional>
#include <string>

#include "doctor/examine.h"
#include "doctor/target.h"

namespace fullstop {

struct TokenizedOptions {
  // Threads that check; at least 1.
  int threads = 1;
  // Bytes done and their total, now and then; false gives up.
  std::function<bool(size_t done, size_t total)> progress;
};

// One finding for each kind of fault in the rows of the file at PATH, with how
// often it is there and the first places; the same on any number of threads.
// Holds some rows. Throws what TokenizedRows throws; nullopt where it was given
// up.
std::optional<Report> ExamineTokenized(const Target& target,
                                       const std::string& path,
                                       const TokenizedOptions& options,
                                       const RuleChoice& choice);

}  // namespace fullstop

#endif  // FULLSTOP_DOCTOR_TOKENIZED_H_
