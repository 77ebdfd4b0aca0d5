// The faults of rows of training data as they were written, as the doctor
// counts them.
#ifndef FULLSTOP_DOCTOR_RAW_DATA_RULES_H_
#define FULLSTOP_DOCTOR_RAW_DATA_RULES_H_

#include <span>

#include "data/raw_check.h"
#include "doctor/data_tally.h"

namespace fullstop {

inline constexpr DataFault kRepeatedRow = {.rule = "DAT034",
                                           .seldom = Severity::kNote};
inline constexpr DataFault kRefusedRow = {.rule = "DAT035"};
inline constexpr DataFault kEndlessTurn = {.rule = "DAT036",
                                           .unit = DataUnit::kTurn};
inline constexpr DataFault kDroppedRow = {.rule = "DAT040"};

// All of them, in the order in which they are shown.
std::span<const DataFault> RawFaults();
const DataFault& FaultOf(RawFault fault);

}  // namespace fullstop

#endif  // FULLSTOP_DOCTOR_RAW_DATA_RULES_H_
