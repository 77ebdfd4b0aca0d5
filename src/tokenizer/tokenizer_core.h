// What the tokenizers of all vocabularies have in common: the tables of
// texts and bytes, added tokens, decoding.
#ifndef FULLSTOP_TOKENIZER_TOKENIZER_CORE_H_
#define FULLSTOP_TOKENIZER_TOKENIZER_CORE_H_

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/added_tokens.h"
#include "tokenizer/string_index.h"
#include "tokenizer/tokenizer.h"
#include "tokenizer/tokenizer_spec.h"

namespace fullstop {

class TokenizerCore : public Tokenizer {
 public:
  std::vector<EncodedToken> EncodeWithSource(
      std::string_view text, const EncodeOptions& options) const override;
  std::string_view TokenBytes(TokenId id) const override {
    return bytes_[static_cast<size_t>(id)];
  }
  std::string Decode(std::span<const TokenId> ids,
                     bool show_control) const override;
  std::optional<TokenId> FindToken(std::string_view text) const override {
    return by_text_.Find(text);
  }

 protected:
  // BYTES: what each token of SPEC stands for. SPEC's views may end with the
  // constructor.
  TokenizerCore(const TokenizerSpec& spec, std::vector<std::string> bytes);

  // Encodes a stretch of text without added tokens. AT_START: nothing is
  // before it, or an added token. Sources are in bytes of TEXT plus OFFSET.
  virtual void EncodeStretch(std::string_view text, size_t offset,
                             bool at_start,
                             std::vector<EncodedToken>* out) const = 0;

 private:
  ByteRange WithStrippedSpace(std::string_view text, size_t from,
                              const AddedTokens::Match& match) const;

  // Texts and bytes, one after the other.
  std::string arena_;
  std::vector<std::string_view> bytes_;
  StringIndex by_text_;
  AddedTokens added_;
};

// Whether a token is found in text as a whole, before any splitting.
bool IsAddedToken(TokenKind kind);

}  // namespace fullstop

#endif  // FULLSTOP_TOKENIZER_TOKENIZER_CORE_H_
