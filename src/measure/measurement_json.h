// A measurement for a program: docs/doctor.schema.json describes it.
#ifndef FULLSTOP_MEASURE_MEASUREMENT_JSON_H_
#define FULLSTOP_MEASURE_MEASUREMENT_JSON_H_

#include <nlohmann/json.hpp>

#include "measure/measurement.h"
#include "tokenizer/tokenizer.h"

namespace fullstop {

// The keys `plan`, `known`, `own`, `dresses` and `sweep`. Holds no time: the
// same plan gives the same text.
nlohmann::ordered_json MeasurementToJson(const Measurement& measurement,
                                         const KnownSummary& summary,
                                         const Tokenizer& tokenizer);

}  // namespace fullstop

#endif  // FULLSTOP_MEASURE_MEASUREMENT_JSON_H_
