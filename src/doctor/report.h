// What the doctor found, for people and for programs.
#ifndef FULLSTOP_DOCTOR_REPORT_H_
#define FULLSTOP_DOCTOR_REPORT_H_

#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "doctor/examine.h"

namespace fullstop {

// The target, a paragraph for each finding, what was not evaluated, and a
// count; several lines, the last one ended. COLOUR adds escape sequences.
std::string PrintReport(const Report& report, bool colour);

// Reasons, each with the rules that it kept from being evaluated.
std::vector<std::pair<std::string, std::string>> ByReason(
    const std::vector<NotEvaluated>& unknown);

// `path`, `kind`, `hash`, `findings` [`rule`, `title`, `severity`, `certainty`,
// `message`, `evidence` [`where`, `shown`, where it is a place `file` and
// `line` or `byte`], `repair`, `fix` ("safe", "unsafe" or null), `reports`,
// `fingerprint`], `suppressed` [the same with `reason`, null where it stands in
// the baseline], `not_evaluated` [`rule`, `why`], `counts` {`note`, `warning`,
// `error`, `suppressed`}, and where it was measured `live`.
nlohmann::ordered_json ToJson(const Report& report);

// A rule's page, in Markdown: of --explain and of docs/rules.md.
std::string PrintPage(const Rule& rule);

}  // namespace fullstop

#endif  // FULLSTOP_DOCTOR_REPORT_H_
