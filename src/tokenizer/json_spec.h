// A vocabulary from Hugging Face's tokenizer.json.
#ifndef FULLSTOP_TOKENIZER_JSON_SPEC_H_
#define FULLSTOP_TOKENIZER_JSON_SPEC_H_

#include <memory>
#include <string>

#include "tokenizer/json_file.h"
#include "tokenizer/tokenizer_spec.h"

namespace fullstop {

// Throws Error: kFormat for what is no such file, kUnsupported naming the part
// that is not served (WordPiece, WordLevel, a pre-tokenizer, a pattern). BOS
// and EOS are declared where the post-processor adds one of each. The spec
// keeps FILE alive.
TokenizerSpec TokenizerSpecFromJson(const std::shared_ptr<JsonFile>& file);

}  // namespace fullstop

#endif  // FULLSTOP_TOKENIZER_JSON_SPEC_H_
