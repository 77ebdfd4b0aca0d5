#ifndef FULLSTOP_BASE_TEXT_HASH_H_
#define FULLSTOP_BASE_TEXT_HASH_H_

#include <cstdint>
#include <string_view>

namespace fullstop {

// 64 well mixed bits, the same in every run, others for another SEED. Not
// against chosen texts.
uint64_t HashOfText(std::string_view text, uint64_t seed = 0);

}  // namespace fullstop

#endif  // FULLSTOP_BASE_TEXT_HASH_H_
