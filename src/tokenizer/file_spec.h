// A vocabulary from a single file of any kind.
#ifndef FULLSTOP_TOKENIZER_FILE_SPEC_H_
#define FULLSTOP_TOKENIZER_FILE_SPEC_H_

#include <string>

#include "tokenizer/tokenizer_spec.h"

namespace fullstop {

// Reads the file at PATH, whatever it holds: a tokenizer.json, a tekken.json, a
// SentencePiece model, tiktoken's ranks, or a vocab.json with its merges.txt
// beside it. The last two say nothing of the pre-tokenizer, nor of special
// tokens: the spec has no steps and no added tokens. The result owns what its
// views point into. Throws Error as the reader of that kind does; kFormat where
// the content is of none of these kinds.
TokenizerSpec TokenizerSpecFromFile(const std::string& path);

}  // namespace fullstop

#endif  // FULLSTOP_TOKENIZER_FILE_SPEC_H_
