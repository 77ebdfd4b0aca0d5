// A vocabulary from a Hugging Face folder.
#ifndef FULLSTOP_TOKENIZER_FOLDER_SPEC_H_
#define FULLSTOP_TOKENIZER_FOLDER_SPEC_H_

#include <string>
#include <string_view>
#include <vector>

#include "format/hf_folder.h"
#include "tokenizer/tokenizer_spec.h"

namespace fullstop {

// Reads the first of FOLDER's tokenizer files; a tokenizer.json holds
// everything, the others leave the pre-tokenizer to `tokenizer_class`. On top,
// as transformers does it: the tokens that tokenizer_config.json, or else
// added_tokens.json and special_tokens_map.json, add, their flags, the roles of
// special tokens, and whether BOS and EOS are added. Where the folder has
// several tokenizer files, what they disagree on becomes remarks. The result
// owns what its views point into.
// Throws Error as TokenizerSpecFromFile does; kNotFound where there is no
// tokenizer file, kUnsupported where nothing says how text is split.
TokenizerSpec TokenizerSpecFromFolder(const HfFolder& folder);

// How two vocabularies of one model differ: in tokens, and in the ids of a few
// texts. A sentence each, empty where they agree.
std::vector<std::string> CompareTokenizers(const Tokenizer& first,
                                           std::string_view first_name,
                                           const Tokenizer& second,
                                           std::string_view second_name);

}  // namespace fullstop

#endif  // FULLSTOP_TOKENIZER_FOLDER_SPEC_H_
