// The names that tokenizer.ggml.pre may have, and what each means.
#ifndef FULLSTOP_TOKENIZER_PRE_TOKENIZERS_H_
#define FULLSTOP_TOKENIZER_PRE_TOKENIZERS_H_

#include <array>
#include <span>
#include <string_view>

#include "tokenizer/splitter.h"

namespace fullstop {

// Names with one meaning. The set of names is llama.cpp's; patterns and
// normalisers are those of the families' own tokenizer.json files, with
// Hugging Face's Digits and Punctuation written as patterns.
struct PreTokenizer {
  // What a name's vocabulary merges; whole words are known and refused.
  enum class Kind { kByteLevel, kRawUtf8Bpe, kWords };

  // Separated by a space each.
  std::string_view names;
  // Up to the first without a pattern.
  std::array<SplitStep, 7> steps = {};
  bool nfc = false;
  bool ignore_merges = false;
  // Whether BOS is put before a plain text where the file does not say.
  bool adds_bos = false;
  // The spelling of an added token that swallows the white space before it.
  std::string_view lstrip_token = {};
  Kind kind = Kind::kByteLevel;
};

// The patterns of Hugging Face's ByteLevel, Digits (one digit) and Punctuation
// (one mark).
std::string_view ByteLevelPattern();
std::string_view DigitPattern();
std::string_view PunctuationPattern();

// The entry for NAME; nullptr where there is none.
const PreTokenizer* FindPreTokenizer(std::string_view name);

std::span<const PreTokenizer> AllPreTokenizers();

// The known name that NAME is most like.
std::string_view NearestPreTokenizerName(std::string_view name);

}  // namespace fullstop

#endif  // FULLSTOP_TOKENIZER_PRE_TOKENIZERS_H_
