// The index of a token in a vocabulary: 0 to size - 1, where 0 is an id like
// any other. Absence is std::optional, never a number.
#ifndef FULLSTOP_BASE_TOKEN_ID_H_
#define FULLSTOP_BASE_TOKEN_ID_H_

#include <cstdint>

namespace fullstop {

using TokenId = int32_t;

}  // namespace fullstop

#endif  // FULLSTOP_BASE_TOKEN_ID_H_
