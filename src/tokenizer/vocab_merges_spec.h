// A byte-level vocabulary from vocab.json and merges.txt.
#ifndef FULLSTOP_TOKENIZER_VOCAB_MERGES_SPEC_H_
#define FULLSTOP_TOKENIZER_VOCAB_MERGES_SPEC_H_

#include <memory>
#include <string>

#include "tokenizer/json_file.h"
#include "tokenizer/tokenizer_spec.h"

namespace fullstop {

// VOCAB gives ids by text, MERGES a pair a line. The files say nothing of the
// pre-tokenizer, nor of special tokens: the caller adds both. Throws Error
// (kFormat); MERGES_NAME is for errors. The spec keeps VOCAB alive.
TokenizerSpec TokenizerSpecFromVocabulary(
    const std::shared_ptr<JsonFile>& vocab, std::string merges,
    const std::string& merges_name);

}  // namespace fullstop

#endif  // FULLSTOP_TOKENIZER_VOCAB_MERGES_SPEC_H_
