// A vocabulary from a single file of any kind.
#ifndef FULLSTOP_TOKENIZER_FILE_SPEC_H_
#define FULLSTOP_TOKENIZER_FILE_SPEC_H_

#include <string>

#include "tokenizer/tokenizer_spec.h"

namespace fullstop {

// Reads the tokenizer.json at PATH. The result owns what its views point into.
// Throws Error as the reader of that kind does; kUnsupported for a name of
// another kind.
TokenizerSpec TokenizerSpecFromFile(const std::string& path);

}  // namespace fullstop

#endif  // FULLSTOP_TOKENIZER_FILE_SPEC_H_
