// A measurement for a program: docs/doctor.schema.json describes it.
#ifndef FULLSTOP_MEASURE_MEASUREMENT_JSON_H_
#define FULLSTOP_MEASURE_MEASUREMENT_JSON_H_

#include <nlohmann/json.hpp>
#include <string>

#include "measure/comparison.h"
#include "measure/measurement.h"
#include "tokenizer/tokenizer.h"

namespace fullstop {

// The keys `plan`, `known`, `own`, `dresses` and `sweep`. Holds no time: the
// same plan gives the same text.
nlohmann::ordered_json MeasurementToJson(const Measurement& measurement,
                                         const KnownSummary& summary,
                                         const Tokenizer& tokenizer);

// The keys `path` (of the other), `replies`, `text`, `odds`, `agreed` and
// `agreement`.
nlohmann::ordered_json ComparisonToJson(const Comparison& comparison,
                                        const std::string& path);

}  // namespace fullstop

#endif  // FULLSTOP_MEASURE_MEASUREMENT_JSON_H_
