// What a GGUF file says of a vocabulary that came out of another file.
#ifndef FULLSTOP_TOKENIZER_GGUF_KEYS_H_
#define FULLSTOP_TOKENIZER_GGUF_KEYS_H_

#include <optional>
#include <string>
#include <vector>

#include "tokenizer/tokenizer_spec.h"

namespace fullstop {

// The value of tokenizer.ggml.pre that stands for SPEC's splitting and
// normalising: the first name whose entry means the same, however its patterns
// are spelt. nullopt where none does, or where SPEC is not byte-level.
std::optional<std::string> GgufPreName(const TokenizerSpec& spec);

// The value of tokenizer.ggml.merges, "left right" by rank. Where SPEC's merges
// are implied, each token is the merge of the two that tokens of lower ids
// leave of it. Throws Error (kUnsupported) where a token that merges has a
// space, which GGUF cannot spell.
std::vector<std::string> GgufMerges(const TokenizerSpec& spec);

}  // namespace fullstop

#endif  // FULLSTOP_TOKENIZER_GGUF_KEYS_H_
