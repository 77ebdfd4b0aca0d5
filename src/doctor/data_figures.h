// How long the rows of a data file are, and what is cut of them.
#ifndef FULLSTOP_DOCTOR_DATA_FIGURES_H_
#define FULLSTOP_DOCTOR_DATA_FIGURES_H_

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "data/length_pileup.h"
#include "doctor/row_checker.h"

namespace fullstop {

// `rows`, `turns`, `unit` ("ids" or "bytes"), `total`, `written` (ids that the
// model is to write), `lengths` {`median`, `p95`, `p99`, `longest`, `classes`
// [`most`, `rows`]}, `cutoffs` [`ids`, `rows_cut`, `ends_lost`], `pileups`
// [`from`, `to` in pieces of words, `answers`, `open` (without an end)].
nlohmann::ordered_json DataToJson(const RowCounts& counts,
                                  const RowContext& context,
                                  const std::vector<CutOff>& pileups);

// The same for a person, several lines, each ended; empty without rows.
std::string PrintData(const RowCounts& counts, const RowContext& context,
                      const std::vector<CutOff>& pileups);

}  // namespace fullstop

#endif  // FULLSTOP_DOCTOR_DATA_FIGURES_H_
