// What a tokenizer is made from, whatever file it came out of.
#ifndef FULLSTOP_TOKENIZER_TOKENIZER_SPEC_H_
#define FULLSTOP_TOKENIZER_TOKENIZER_SPEC_H_

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tokenizer/normalizer.h"
#include "tokenizer/segmenter.h"
#include "tokenizer/tokenizer.h"

namespace fullstop {

// Where an added, control or unknown token is looked for as a whole.
enum class TokenMatch {
  kText,        // in the text as it comes
  kNormalText,  // behind the normaliser
  kNever,
};

struct TokenSpec {
  std::string_view text = {};
  TokenKind kind = TokenKind::kNormal;
  double score = 0;  // SentencePiece and unigram; higher is better
  bool lstrip = false;
  bool rstrip = false;
  // Matched only where no letter, digit or underscore is beside it.
  bool single_word = false;
  TokenMatch match = TokenMatch::kText;
  // False for a token that was added to the vocabulary: no text is merged into
  // it.
  bool in_model = true;
};

enum class TokenizerModel {
  kByteLevelBpe,      // merges by rank, over bytes
  kCharacterBpe,      // merges by rank, over characters
  kSentencePieceBpe,  // merges by the score of what comes of it
  kUnigram,           // the tokens whose scores have the greatest sum
};

// What a token's text says of its bytes.
enum class TokenText {
  kByteAlphabet,  // byte_alphabet.h
  kMarkedSpaces,  // U+2581 is a space
  kPlain,
};

// Views need to live until MakeTokenizer returns.
struct TokenizerSpec {
  TokenizerModel model = TokenizerModel::kByteLevelBpe;
  TokenText text_form = TokenText::kByteAlphabet;
  // By id.
  std::vector<TokenSpec> tokens;
  // By rank; of the models that merge by rank.
  std::vector<std::pair<std::string_view, std::string_view>> merges;
  // Byte-level only: every two tokens that spell a third merge into it, those
  // of the lowest id first; MERGES is not looked at.
  bool implied_merges = false;
  // What text goes through between added tokens.
  std::vector<NormalizerStep> normalizer;
  std::vector<PreTokenizerStep> steps;
  // Whether tokens that are found behind the normaliser are found there as they
  // are spelt; else as the normaliser makes them.
  bool normal_text_as_spelt = false;
  // Whether a piece that is a token becomes that token without any merging; of
  // the models that merge by rank.
  bool ignore_merges = false;
  // Whether text without a token becomes the tokens "<0xHH>" of its bytes, if
  // there are some for all of them; not byte-level.
  bool byte_fallback = false;
  // What stands for other text without a token; otherwise it is left out.
  std::optional<TokenId> unknown;
  // Whether a run of such text is one token. SentencePiece and unigram.
  bool fuse_unknown = false;
  // Unigram only: scores, sums and the bonus of user-defined tokens are
  // SentencePiece's, in single precision; else those of Hugging Face.
  bool sentencepiece_scores = false;
  // Where encoding puts a space that decoding has to take away again.
  SpacePrefix space_prefix = SpacePrefix::kNever;
  Tokenizer::Declared declared;
  bool adds_bos = false;
  bool adds_eos = false;
  // What else is put before and behind a plain text, beside BOS and EOS: all of
  // it, where not empty.
  std::vector<TokenId> prefix;
  std::vector<TokenId> suffix;
  std::vector<std::string> remarks;
  // Holds what the views point into, where that is not the caller's.
  std::shared_ptr<const void> keeper;
};

// Has the normaliser write U+2581 for a space and, WITH_PREFIX, put one before
// each stretch of text.
void MarkSpaces(bool with_prefix, TokenizerSpec* spec);

// Throws Error: kFormat for tables that no text could be encoded with or that
// contradict each other, kUnsupported for a pattern outside of the language of
// split_pattern.h. What can be lived with (an id twice, a merge of unknown
// tokens, a byte without a token, a declared id past the end) becomes a remark.
std::unique_ptr<Tokenizer> MakeTokenizer(TokenizerSpec spec);

}  // namespace fullstop

#endif  // FULLSTOP_TOKENIZER_TOKENIZER_SPEC_H_
