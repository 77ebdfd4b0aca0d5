#ifndef FULLSTOP_TOKENIZER_UNIGRAM_MODEL_H_
#define FULLSTOP_TOKENIZER_UNIGRAM_MODEL_H_

#include <memory>

#include "tokenizer/piece_model.h"

namespace fullstop {

// The unigram model: of all ways to cut a piece into tokens the one whose
// scores have the greatest sum, the first found of equals. Time is linear in
// the piece times the longest token. Throws Error (kFormat) for a score that is
// no number or a vocabulary without text.
std::unique_ptr<PieceModel> MakeUnigramModel(const TokenizerSpec& spec,
                                             const Tokenizer& tokenizer);

}  // namespace fullstop

#endif  // FULLSTOP_TOKENIZER_UNIGRAM_MODEL_H_
