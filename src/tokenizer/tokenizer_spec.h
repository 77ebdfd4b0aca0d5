// What a tokenizer is made from, whatever file it came out of.
#ifndef FULLSTOP_TOKENIZER_TOKENIZER_SPEC_H_
#define FULLSTOP_TOKENIZER_TOKENIZER_SPEC_H_

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tokenizer/splitter.h"
#include "tokenizer/tokenizer.h"

namespace fullstop {

struct TokenSpec {
  std::string_view text;
  TokenKind kind = TokenKind::kNormal;
  float score = 0;  // SentencePiece only; higher merges first
  bool lstrip = false;
  bool rstrip = false;
};

enum class TokenizerModel { kByteLevelBpe, kSentencePieceBpe };

// Views need to live until MakeTokenizer returns.
struct TokenizerSpec {
  TokenizerModel model = TokenizerModel::kByteLevelBpe;
  // By id.
  std::vector<TokenSpec> tokens;
  // By rank; byte-level only.
  std::vector<std::pair<std::string_view, std::string_view>> merges;
  // The pre-tokenizer; byte-level only.
  std::vector<SplitStep> steps;
  // Whether text is normalised to NFC first (normalizer.h); byte-level only.
  bool nfc = false;
  // Whether a piece that is a token becomes that token without any merging;
  // byte-level only.
  bool ignore_merges = false;
  // Whether a space is put before the first word and before a word behind an
  // added or control token; SentencePiece only.
  bool add_space_prefix = false;
  Tokenizer::Declared declared;
  bool adds_bos = false;
  bool adds_eos = false;
  std::vector<std::string> remarks;
};

// Throws Error: kFormat for tables that no text could be encoded with or that
// contradict each other, kUnsupported for a pattern outside of the language of
// split_pattern.h. What can be lived with (an id twice, a merge of unknown
// tokens, a byte without a token, a declared id past the end) becomes a remark.
std::unique_ptr<Tokenizer> MakeTokenizer(TokenizerSpec spec);

}  // namespace fullstop

#endif  // FULLSTOP_TOKENIZER_TOKENIZER_SPEC_H_
