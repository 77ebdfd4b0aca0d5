// The faults of rows of ids and labels, as the doctor counts them.
#ifndef FULLSTOP_DOCTOR_LABEL_RULES_H_
#define FULLSTOP_DOCTOR_LABEL_RULES_H_

#include <span>
#include <string>

#include "data/label_check.h"
#include "doctor/data_tally.h"
#include "doctor/target.h"

namespace fullstop {

// In the order in which they are shown.
std::span<const DataFault> LabelFaults();
const DataFault& FaultOf(LabelFault fault);

// The ids of FINDING in ROW, as many as a line holds: those at its end.
std::string ShowIds(const Target& target, const TokenizedRow& row,
                    const LabelFinding& finding);

}  // namespace fullstop

#endif  // FULLSTOP_DOCTOR_LABEL_RULES_H_
