#ifndef FULLSTOP_TOKENIZER_BYTE_LEVEL_TOKENIZER_H_
#define FULLSTOP_TOKENIZER_BYTE_LEVEL_TOKENIZER_H_

#include <array>
#include <memory>
#include <string_view>
#include <vector>

#include "tokenizer/merge_table.h"
#include "tokenizer/normalized_text.h"
#include "tokenizer/splitter.h"
#include "tokenizer/string_index.h"
#include "tokenizer/tokenizer_core.h"

namespace fullstop {

// Byte pair encoding over bytes, within the pieces of a splitter. A token's
// source is exactly its bytes, which may be part of a character.
class ByteLevelTokenizer : public TokenizerCore {
 public:
  // Throws as MakeTokenizer does.
  explicit ByteLevelTokenizer(const TokenizerSpec& spec);

 protected:
  void EncodeStretch(std::string_view text, size_t offset, bool at_start,
                     std::vector<EncodedToken>* out) const override;

 private:
  void ReadBytes();
  void ReadMerges(const TokenizerSpec& spec);
  bool CanBeMerged(TokenId id) const;
  // The tokens of one piece, into *WORD.
  void EncodePiece(std::string_view piece,
                   std::vector<MergeSymbol>* word) const;

  Splitter splitter_;
  MergeTable merges_;
  bool ignore_merges_;
  // The token of each single byte, -1 where there is none.
  std::array<TokenId, 256> byte_ids_;
  NormalizeOptions normalize_;
  // Tokens by their bytes; filled only for ignore_merges_.
  StringIndex whole_pieces_;
};

}  // namespace fullstop

#endif  // FULLSTOP_TOKENIZER_BYTE_LEVEL_TOKENIZER_H_
