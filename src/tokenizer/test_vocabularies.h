// Vocabularies of a few tokens, for tests.
#ifndef FULLSTOP_TOKENIZER_TEST_VOCABULARIES_H_
#define FULLSTOP_TOKENIZER_TEST_VOCABULARIES_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/byte_alphabet.h"
#include "tokenizer/pre_tokenizers.h"
#include "tokenizer/tokenizer_spec.h"

namespace fullstop {

// A specification with the strings it needs.
struct Made {
  std::vector<std::string> texts;
  TokenizerSpec spec;

  void Add(std::string_view text, TokenKind kind = TokenKind::kNormal,
           float score = 0) {
    texts.reserve(1000);
    texts.emplace_back(text);
    spec.tokens.push_back({.text = texts.back(), .kind = kind, .score = score});
  }
  void SetSpacePrefix(bool with_prefix) {
    spec.normalizer.clear();
    MarkSpaces(with_prefix, &spec);
  }
  std::unique_ptr<Tokenizer> Make() const { return MakeTokenizer(spec); }
};

// Ids 0 to 255 are the bytes; then some words and added tokens.
inline Made ByteLevel() {
  Made made;
  for (int byte = 0; byte < 256; ++byte) {
    made.Add(BytesToAlphabet(std::string(1, static_cast<char>(byte))));
  }
  made.Add("he");                                 // 256
  made.Add("ll");                                 // 257
  made.Add("hell");                               // 258
  made.Add("hello");                              // 259
  made.Add("<|end|>", TokenKind::kControl);       // 260
  made.Add("<|end|>>", TokenKind::kUserDefined);  // 261
  made.Add("\u00F5", TokenKind::kUserDefined);    // 262: also byte F5's
  made.spec.merges = {{"h", "e"}, {"l", "l"}, {"he", "ll"}, {"hell", "o"}};
  made.spec.steps = {FindPreTokenizer("gpt-2")->steps[0]};
  return made;
}

// Ids 3 to 258 are the bytes.
inline Made SentencePiece() {
  Made made;
  made.spec.model = TokenizerModel::kSentencePieceBpe;
  made.spec.text_form = TokenText::kMarkedSpaces;
  made.spec.byte_fallback = true;
  made.spec.declared.unk = 0;
  made.spec.unknown = 0;
  made.SetSpacePrefix(true);
  made.Add("<unk>", TokenKind::kUnknown);
  made.Add("<s>", TokenKind::kControl);
  made.Add("</s>", TokenKind::kControl);
  const char* digits = "0123456789ABCDEF";
  for (int byte = 0; byte < 256; ++byte) {
    made.Add(std::string("<0x") + digits[byte / 16] + digits[byte % 16] + ">",
             TokenKind::kByte);
  }
  for (const char* text :
       {"\u2581", "h", "i", "hi", "\u2581hi", "<", "s", ">", "<s"}) {
    made.Add(text, TokenKind::kNormal,
             -static_cast<float>(made.spec.tokens.size()));
  }
  return made;
}

}  // namespace fullstop

#endif  // FULLSTOP_TOKENIZER_TEST_VOCABULARIES_H_
