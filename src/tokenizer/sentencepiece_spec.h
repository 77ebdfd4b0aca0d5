// A vocabulary from a SentencePiece model (tokenizer.model).
#ifndef FULLSTOP_TOKENIZER_SENTENCEPIECE_SPEC_H_
#define FULLSTOP_TOKENIZER_SENTENCEPIECE_SPEC_H_

#include <memory>
#include <string>

#include "base/file.h"
#include "tokenizer/tokenizer_spec.h"

namespace fullstop {

// Text without control tokens is encoded as SentencePiece does it; control
// tokens, which SentencePiece never finds in a text, cut it into texts of their
// own. Nothing is added at either end; BOS, EOS and PAD are declared as the
// model's trainer had them.
// Throws Error: kFormat for bytes that are no such model, kUnsupported for
// models of words or characters. NAME is for errors. The spec's views live as
// long as BYTES.
TokenizerSpec ParseSentencePiece(std::string_view bytes,
                                 const std::string& name);

}  // namespace fullstop

#endif  // FULLSTOP_TOKENIZER_SENTENCEPIECE_SPEC_H_
