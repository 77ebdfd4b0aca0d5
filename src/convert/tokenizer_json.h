// A vocabulary as Hugging Face's tokenizer.json holds it.
#ifndef FULLSTOP_CONVERT_TOKENIZER_JSON_H_
#define FULLSTOP_CONVERT_TOKENIZER_JSON_H_

#include <nlohmann/json.hpp>

#include "tokenizer/tokenizer_spec.h"

namespace fullstop {

// The tokenizer.json of SPEC, a vocabulary read from a GGUF file: byte-level
// BPE, or SentencePiece BPE whose merges are those that the scores give. Throws
// Error (kUnsupported) for other kinds.
nlohmann::ordered_json TokenizerJson(const TokenizerSpec& spec);

}  // namespace fullstop

#endif  // FULLSTOP_CONVERT_TOKENIZER_JSON_H_
