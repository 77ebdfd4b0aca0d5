// Tables of tokens and merges in JSON.
#ifndef FULLSTOP_TOKENIZER_JSON_MODEL_H_
#define FULLSTOP_TOKENIZER_JSON_MODEL_H_

#include "tokenizer/json_file.h"
#include "tokenizer/tokenizer_spec.h"

namespace fullstop {

// The "model" of a tokenizer.json; BYTE_LEVEL: its text is bytes. Throws as
// TokenizerSpecFromJson does.
void ReadJsonModel(const Json& model, bool byte_level, TokenizerSpec* spec);

// Ids by text. Throws Error (kFormat).
void ReadJsonVocabulary(const Json& vocab, TokenizerSpec* spec);

// The token ID, which VALUE names; those up to it are made where they are
// missing. Throws Error (kFormat) for an id that no vocabulary has.
TokenSpec& TokenAt(const Json& value, TokenId id, TokenizerSpec* spec);

}  // namespace fullstop

#endif  // FULLSTOP_TOKENIZER_JSON_MODEL_H_
