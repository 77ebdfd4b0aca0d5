// Vocabularies of byte sequences with ranks: Mistral's tekken.json and
// tiktoken's rank files.
#ifndef FULLSTOP_TOKENIZER_TEKKEN_SPEC_H_
#define FULLSTOP_TOKENIZER_TEKKEN_SPEC_H_

#include <memory>
#include <string>
#include <string_view>

#include "tokenizer/json_file.h"
#include "tokenizer/tokenizer_spec.h"

namespace fullstop {

// Of a tekken.json. Throws Error: kFormat for what is no such file,
// kUnsupported for a pattern outside of the language. The spec keeps FILE
// alive.
TokenizerSpec TokenizerSpecFromTekken(const std::shared_ptr<JsonFile>& file);

// Of a rank file: lines of a token's bytes in Base64, a space and its rank,
// which is its id. The file says nothing of the pattern, nor of special tokens:
// the caller adds both. Throws Error (kFormat); NAME is for errors.
TokenizerSpec TokenizerSpecFromRanks(std::string_view bytes,
                                     const std::string& name);

}  // namespace fullstop

#endif  // FULLSTOP_TOKENIZER_TEKKEN_SPEC_H_
