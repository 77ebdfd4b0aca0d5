#ifndef FULLSTOP_TOKENIZER_TEXT_HASH_H_
#define FULLSTOP_TOKENIZER_TEXT_HASH_H_

#include <cstdint>
#include <string_view>

namespace fullstop {

// 64 well mixed bits, the same in every run. Not against chosen texts.
uint64_t HashOfText(std::string_view text);

}  // namespace fullstop

#endif  // FULLSTOP_TOKENIZER_TEXT_HASH_H_
