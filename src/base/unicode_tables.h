// The generated tables behind unicode.h.
#ifndef FULLSTOP_BASE_UNICODE_TABLES_H_
#define FULLSTOP_BASE_UNICODE_TABLES_H_

#include <cstddef>
#include <cstdint>
#include <iterator>

#include "base/unicode_set.h"

namespace fullstop::unicode_tables {

// From U+0000 on, one entry for each run of code points of one category:
// length * 32 + the place of the category among the 30 names in order.
extern const uint32_t kCategoryRuns[];
extern const size_t kCategoryRunCount;

extern const CodePointRange kHanRanges[];
extern const size_t kHanRangeCount;

extern const CodePointRange kWhiteSpaceRanges[];
extern const size_t kWhiteSpaceRangeCount;

}  // namespace fullstop::unicode_tables

#endif  // FULLSTOP_BASE_UNICODE_TABLES_H_
