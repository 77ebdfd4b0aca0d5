#ifndef FULLSTOP_TOKENIZER_BPE_MODEL_H_
#define FULLSTOP_TOKENIZER_BPE_MODEL_H_

#include <array>
#include <optional>
#include <string_view>
#include <vector>

#include "base/utf8.h"
#include "tokenizer/character_joins.h"
#include "tokenizer/merge_table.h"
#include "tokenizer/piece_model.h"
#include "tokenizer/string_index.h"

namespace fullstop {

// Byte pair encoding by rank: over bytes, where a token's source may be part of
// a character, or over characters.
class BpeModel : public PieceModel {
 public:
  BpeModel(const TokenizerSpec& spec, const Tokenizer& tokenizer,
           std::vector<std::string>* remarks);

  void Encode(std::string_view piece,
              std::vector<PieceToken>* tokens) const override;
  void Cut(std::string_view piece, std::vector<uint32_t>* ends) const override;
  void EncodePart(std::string_view part,
                  std::vector<PieceToken>* tokens) const override;
  std::bitset<256> Unspelt() const override { return unspelt_; }

 private:
  void ReadBytes(std::vector<std::string>* remarks);
  void ReadMerges(const TokenizerSpec& spec, std::vector<std::string>* remarks);
  void ImplyMerges();
  bool CanBeMerged(TokenId id) const;
  // The bytes [BEGIN, END) of PIECE, as if nothing stood around them. *WORD is
  // empty, before and after.
  void EncodeBytes(std::string_view piece, uint32_t begin, uint32_t end,
                   std::vector<MergeSymbol>* word,
                   std::vector<PieceToken>* tokens) const;
  // A piece over bytes.
  void EncodeByParts(std::string_view piece,
                     std::vector<PieceToken>* tokens) const;
  void EncodeCharacters(std::string_view piece,
                        std::vector<PieceToken>* tokens) const;
  // The token of one character; -1 where text cannot be made of it.
  TokenId CharacterToken(const CodePoint& point, std::string_view bytes) const;
  // Merges *WORD, whose first symbol begins at BEGIN, appends it and empties
  // it.
  void Finish(uint32_t begin, std::vector<MergeSymbol>* word,
              std::vector<PieceToken>* tokens) const;
  void AddUnknown(uint32_t begin, uint32_t end,
                  std::vector<PieceToken>* tokens) const;

  const Tokenizer& tokenizer_;
  std::vector<bool> in_model_;
  bool over_bytes_;
  bool ignore_merges_;
  bool fuse_unknown_;
  std::optional<TokenId> unknown_;
  MergeTable merges_;
  // The token of each single byte, or "<0xHH>"; -1 where there is none.
  std::array<TokenId, 256> byte_ids_;
  std::bitset<256> unspelt_;
  // Tokens by their bytes; filled only for ignore_merges_.
  StringIndex whole_pieces_;
  CharacterJoins joins_;
  // Tokens of one character below U+10000; over characters only.
  std::vector<TokenId> characters_;
};

}  // namespace fullstop

#endif  // FULLSTOP_TOKENIZER_BPE_MODEL_H_
