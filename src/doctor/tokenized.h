// What a trainer really made of its data, held against a model.
#ifndef FULLSTOP_DOCTOR_TOKENIZED_H_
#define FULLSTOP_DOCTOR_TOKENIZED_H_

#include <string>

#include "doctor/examine.h"
#include "doctor/target.h"

namespace fullstop {

// One finding for each kind of fault in the rows of the file at PATH, with how
// often it is there and the first places. Holds one row. Throws what
// TokenizedRows throws.
Report ExamineTokenized(const Target& target, const std::string& path,
                        const RuleChoice& choice);

}  // namespace fullstop

#endif  // FULLSTOP_DOCTOR_TOKENIZED_H_
