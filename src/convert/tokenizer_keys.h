// A vocabulary as GGUF's keys hold it.
#ifndef FULLSTOP_CONVERT_TOKENIZER_KEYS_H_
#define FULLSTOP_CONVERT_TOKENIZER_KEYS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "format/gguf_writer.h"
#include "tokenizer/tokenizer_spec.h"

namespace fullstop {

// Adds tokenizer.ggml.{model,pre,tokens,token_type,merges,scores,…}, and
// fullstop.token_* for the flags of added tokens that GGUF has no key for: ids
// of tokens with lstrip, rstrip, single_word, normalized. Where the model has
// more ROWS than the vocabulary, tokens that stand for nothing fill up. What
// the keys can't say goes to REMARKS, a sentence each. ADD_BOS is what the
// files declare. Throws Error (kUnsupported) for a vocabulary that GGUF has no
// kind for.
void AddTokenizerKeys(const TokenizerSpec& spec, std::optional<bool> add_bos,
                      uint64_t rows, GgufWriter* writer,
                      std::vector<std::string>* remarks);

// The value of tokenizer.ggml.pre that stands for the steps of SPEC, which is
// byte-level; nullopt where none does.
std::optional<std::string> PreTokenizerName(const TokenizerSpec& spec);

}  // namespace fullstop

#endif  // FULLSTOP_CONVERT_TOKENIZER_KEYS_H_
