// What the weights do, held against what the files say.
#ifndef FULLSTOP_DOCTOR_LIVE_H_
#define FULLSTOP_DOCTOR_LIVE_H_

#include <cstddef>
#include <string>
#include <vector>

#include "base/token_id.h"
#include "doctor/examine.h"
#include "doctor/target.h"
#include "measure/comparison.h"
#include "measure/measurement.h"

namespace fullstop {

// The ends that TARGET's files declare.
std::vector<TokenId> DeclaredIds(const Target& target);
// Of these, what the template writes behind an answer.
std::vector<TokenId> WrittenIds(const Target& target);

// A model that a target is compared with.
struct Other {
  std::string path;
  Measurement measurement;
  size_t vocabulary_size = 0;
};

// Judges what was measured of TARGET, beside OTHER where it is not null; the
// report holds the figures too.
Report ExamineLive(const Target& target, const Measurement& measurement,
                   const Other* other, const RuleChoice& choice);

// The figures for a person: known replies, own ones, other dresses, settings.
std::string PrintFigures(const Target& target, const Measurement& measurement,
                         const KnownSummary& summary);
// The same beside those of OTHER.
std::string PrintComparison(const Measurement& measurement,
                            const KnownSummary& summary, const Other& other);

}  // namespace fullstop

#endif  // FULLSTOP_DOCTOR_LIVE_H_
