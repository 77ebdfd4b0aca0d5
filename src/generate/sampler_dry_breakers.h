// DRY's sequence breakers, from texts to token sequences.
#ifndef FULLSTOP_GENERATE_SAMPLER_DRY_BREAKERS_H_
#define FULLSTOP_GENERATE_SAMPLER_DRY_BREAKERS_H_

#include <span>
#include <string>
#include <vector>

#include "base/token_id.h"
#include "tokenizer/tokenizer.h"

namespace fullstop {

// All token sequences, ascending, in which one of TEXTS may stand: each token
// that contains it; and each token that ends with its beginning, followed by
// the tokens of its rest, at most 20 of them (koboldcpp pull request 982, as
// llama.cpp has it). Control tokens take no part. Looks at the whole
// vocabulary: do it once per model. Throws Error (kUsage) for an empty text
// and for one of more than 40 bytes.
std::vector<std::vector<TokenId>> CompileDryBreakers(
    const Tokenizer& tokenizer, std::span<const std::string> texts);

}  // namespace fullstop

#endif  // FULLSTOP_GENERATE_SAMPLER_DRY_BREAKERS_H_
