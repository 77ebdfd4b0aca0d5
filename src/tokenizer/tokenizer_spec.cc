#include "tokenizer/tokenizer_spec.h"

#include "base/error.h"
#include "tokenizer/byte_level_tokenizer.h"
#include "tokenizer/sentencepiece_tokenizer.h"

namespace fullstop {

std::unique_ptr<Tokenizer> MakeTokenizer(TokenizerSpec spec) {
  if (spec.tokens.empty()) throw Error::Format("the vocabulary has no tokens");
  if (spec.adds_bos && !spec.declared.bos) {
    spec.remarks.push_back(
        "text of this vocabulary begins with BOS, but no BOS is declared: none "
        "is added");
  }
  if (spec.model == TokenizerModel::kByteLevelBpe) {
    return std::make_unique<ByteLevelTokenizer>(spec);
  }
  return std::make_unique<SentencePieceTokenizer>(spec);
}

}  // namespace fullstop
