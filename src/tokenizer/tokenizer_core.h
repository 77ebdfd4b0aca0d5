// A tokenizer of any vocabulary: added tokens, normaliser, pre-tokenizer and
// the model of its pieces, one after the other.
#ifndef FULLSTOP_TOKENIZER_TOKENIZER_CORE_H_
#define FULLSTOP_TOKENIZER_TOKENIZER_CORE_H_

#include <bitset>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/added_tokens.h"
#include "tokenizer/normalizer.h"
#include "tokenizer/piece_model.h"
#include "tokenizer/segmenter.h"
#include "tokenizer/string_index.h"
#include "tokenizer/tokenizer.h"
#include "tokenizer/tokenizer_spec.h"

namespace fullstop {

class TokenizerCore : public Tokenizer {
 public:
  // Throws as MakeTokenizer does. SPEC's views may end with the constructor.
  explicit TokenizerCore(const TokenizerSpec& spec);

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

 private:
  void ReadTokens(const TokenizerSpec& spec);
  void ReadDeclared(const TokenizerSpec& spec);
  AddedTokens ReadAdded(const TokenizerSpec& spec, TokenMatch match);

  // TOKENS is empty.
  void EncodePiece(std::string_view piece, PieceCache* cache,
                   std::vector<PieceToken>* tokens) const;
  // Encodes a stretch of text without tokens to be found as they come; it
  // begins at OFFSET.
  void EncodeStretch(std::string_view text, size_t offset,
                     const EncodeOptions& options,
                     std::vector<EncodedToken>* out) const;

  // Texts and bytes, one after the other.
  std::string arena_;
  std::vector<std::string_view> bytes_;
  StringIndex by_text_;
  Normalizer normalizer_;
  AddedTokens added_;
  AddedTokens added_normal_;
  Segmenter segmenter_;
  std::unique_ptr<const PieceModel> model_;
  std::bitset<256> unspelt_;
};

// Whether a token is found in text as a whole, before any splitting.
bool IsAddedToken(TokenKind kind);

}  // namespace fullstop

#endif  // FULLSTOP_TOKENIZER_TOKENIZER_CORE_H_
