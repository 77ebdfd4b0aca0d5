// The generated tables behind normalized_text.h.
#ifndef FULLSTOP_TOKENIZER_NFC_TABLES_H_
#define FULLSTOP_TOKENIZER_NFC_TABLES_H_

#include <cstddef>

#include "base/unicode_set.h"

namespace fullstop::nfc_tables {

// Characters whose decomposition begins with a combining mark, or with the
// second half of a composition.
extern const CodePointRange kFollows[];
extern const size_t kFollowsCount;

// Other characters that NFC never leaves alone.
extern const CodePointRange kDecomposes[];
extern const size_t kDecomposesCount;

}  // namespace fullstop::nfc_tables

#endif  // FULLSTOP_TOKENIZER_NFC_TABLES_H_
