// Reports for the programs that show findings beside the files.
#ifndef FULLSTOP_DOCTOR_SARIF_H_
#define FULLSTOP_DOCTOR_SARIF_H_

#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>

#include "doctor/examine.h"

namespace fullstop {

// SARIF 2.1.0 (OASIS, 2020): one run, with the pages of all rules, a result for
// each finding, those that are suppressed marked so, and a notification for
// each rule that was not evaluated. Places are lines, or bytes of a GGUF file.
// VERSION is the program's.
nlohmann::ordered_json ToSarif(std::span<const Report> reports,
                               std::string_view version);

// Workflow commands of GitHub's runners, a line for each finding that counts.
std::string PrintAnnotations(const Report& report);

}  // namespace fullstop

#endif  // FULLSTOP_DOCTOR_SARIF_H_
