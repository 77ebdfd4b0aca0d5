// The parts of a tokenizer.json around its model.
#ifndef FULLSTOP_TOKENIZER_JSON_STEPS_H_
#define FULLSTOP_TOKENIZER_JSON_STEPS_H_

#include "tokenizer/json_file.h"
#include "tokenizer/tokenizer_spec.h"

namespace fullstop {

// Each adds to *SPEC what VALUE says; all throw as TokenizerSpecFromJson does.
void ReadJsonNormalizer(const Json& value, JsonFile* file, TokenizerSpec* spec);
// *BYTE_LEVEL: whether the steps end with bytes.
void ReadJsonPreTokenizer(const Json& value, JsonFile* file, bool* byte_level,
                          TokenizerSpec* spec);
void ReadJsonPostProcessor(const Json& value, TokenizerSpec* spec);
// Reads the normaliser's and the pre-tokenizer's steps in SPEC, too.
void ReadJsonDecoder(const Json& value, TokenizerSpec* spec);

}  // namespace fullstop

#endif  // FULLSTOP_TOKENIZER_JSON_STEPS_H_
