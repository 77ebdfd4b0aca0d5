// The order in which findings are shown.
#ifndef FULLSTOP_DOCTOR_SEVERITY_ORDER_H_
#define FULLSTOP_DOCTOR_SEVERITY_ORDER_H_

#include <vector>

#include "doctor/rule.h"

namespace fullstop {

// FOUND with errors first, and those of one severity as they were.
std::vector<Diagnosis> BySeverity(const std::vector<Diagnosis>& found);

}  // namespace fullstop

#endif  // FULLSTOP_DOCTOR_SEVERITY_ORDER_H_
