// Properties of characters, as of Unicode 16.0.
#ifndef FULLSTOP_BASE_UNICODE_H_
#define FULLSTOP_BASE_UNICODE_H_

#include <optional>
#include <string_view>

#include "base/unicode_set.h"

namespace fullstop {

// The set that \p{NAME} stands for: a general category by its one or two
// letters ("L", "Lu"), "Han" (the script, not its extensions) or
// "White_Space". nullopt for any other name. Builds the set anew each time.
std::optional<CodePointSet> UnicodeProperty(std::string_view name);

// White_Space, in O(1).
bool IsUnicodeSpace(char32_t value);

}  // namespace fullstop

#endif  // FULLSTOP_BASE_UNICODE_H_
