// A vocabulary from the tokenizer.ggml.* keys of a GGUF file.
#ifndef FULLSTOP_TOKENIZER_GGUF_SPEC_H_
#define FULLSTOP_TOKENIZER_GGUF_SPEC_H_

#include "format/gguf.h"
#include "tokenizer/tokenizer_spec.h"

namespace fullstop {

// The result's views live as long as FILE. Throws Error: kFormat for a missing
// key, a wrong type or lengths that disagree; kUnsupported for a
// tokenizer.ggml.model or .pre that is not known or not served.
TokenizerSpec TokenizerSpecFromGguf(const GgufFile& file);

}  // namespace fullstop

#endif  // FULLSTOP_TOKENIZER_GGUF_SPEC_H_
