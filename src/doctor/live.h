// What the weights do, held against what the files say.
#ifndef FULLSTOP_DOCTOR_LIVE_H_
#define FULLSTOP_DOCTOR_LIVE_H_

#include <string>
#include <vector>

#include "base/token_id.h"
#include "doctor/examine.h"
#include "doctor/target.h"
#include "measure/measurement.h"

namespace fullstop {

// The ends that TARGET's files declare.
std::vector<TokenId> DeclaredIds(const Target& target);

// Judges what was measured of TARGET; the report holds the figures too.
Report ExamineLive(const Target& target, const Measurement& measurement,
                   const RuleChoice& choice);

// The figures for a person: known replies, own ones, other dresses, settings.
std::string PrintFigures(const Target& target, const Measurement& measurement,
                         const KnownSummary& summary);

}  // namespace fullstop

#endif  // FULLSTOP_DOCTOR_LIVE_H_
