// The generated tables behind unicode_forms.h.
#ifndef FULLSTOP_TOKENIZER_UNICODE_FORMS_TABLES_H_
#define FULLSTOP_TOKENIZER_UNICODE_FORMS_TABLES_H_

#include <cstddef>

#include "base/unicode_set.h"

namespace fullstop::unicode_forms_tables {

// Characters whose decomposition begins with a combining mark, or with the
// second half of a composition.
extern const CodePointRange kFollows[];
extern const size_t kFollowsCount;

// Others that do so in their compatible decomposition.
extern const CodePointRange kFollowsCompatibly[];
extern const size_t kFollowsCompatiblyCount;

// Other characters that NFC never leaves alone.
extern const CodePointRange kDecomposes[];
extern const size_t kDecomposesCount;

// Characters with a decomposition or a combining class that Unicode 9 does not
// have.
extern const CodePointRange kLater[];
extern const size_t kLaterCount;

// Combining marks of Unicode 9.
extern const CodePointRange kMarks[];
extern const size_t kMarksCount;

}  // namespace fullstop::unicode_forms_tables

#endif  // FULLSTOP_TOKENIZER_UNICODE_FORMS_TABLES_H_
