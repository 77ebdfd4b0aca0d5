// From a piece of text to tokens: what each kind of vocabulary does its own
// way.
#ifndef FULLSTOP_TOKENIZER_PIECE_MODEL_H_
#define FULLSTOP_TOKENIZER_PIECE_MODEL_H_

#include <array>
#include <bitset>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/token_id.h"
#include "tokenizer/tokenizer_spec.h"

namespace fullstop {

// A token and the bytes of its piece. Tokens that share a character share its
// bytes.
struct PieceToken {
  TokenId id;
  uint32_t begin;
  uint32_t end;
};

// Immutable; any number of threads may call.
class PieceModel {
 public:
  virtual ~PieceModel() = default;

  // Appends the tokens of PIECE, which is not empty.
  virtual void Encode(std::string_view piece,
                      std::vector<PieceToken>* tokens) const = 0;

  // Appends to *ENDS where parts of PIECE end, the last one with it, of which
  // each becomes by EncodePart the tokens that it has in the piece.
  virtual void Cut(std::string_view piece, std::vector<uint32_t>* ends) const {
    ends->push_back(static_cast<uint32_t>(piece.size()));
  }
  // As Encode, of a part of a piece that was cut into several.
  virtual void EncodePart(std::string_view part,
                          std::vector<PieceToken>* tokens) const {
    Encode(part, tokens);
  }

  // Bytes that no token spells; for these ill-formed text becomes U+FFFD.
  virtual std::bitset<256> Unspelt() const { return {}; }
};

// The model of SPEC over the tokens of TOKENIZER, which has their texts and
// bytes already and must outlive it. Throws as MakeTokenizer does; adds to
// *REMARKS.
std::unique_ptr<PieceModel> MakePieceModel(const TokenizerSpec& spec,
                                           const Tokenizer& tokenizer,
                                           std::vector<std::string>* remarks);

// The byte that "<0xHH>" names; nullopt for any other text.
std::optional<char> ByteOfName(std::string_view text);

// The tokens "<0x00>" to "<0xFF>", -1 for each that is missing or a control
// token, which no text may become.
std::array<TokenId, 256> ByteTokens(const Tokenizer& tokenizer);

// Appends the tokens of BYTES, which stand at BEGIN in their piece; nothing and
// false if one is missing.
bool AppendBytes(const std::array<TokenId, 256>& ids, std::string_view bytes,
                 uint32_t begin, std::vector<PieceToken>* tokens);

}  // namespace fullstop

#endif  // FULLSTOP_TOKENIZER_PIECE_MODEL_H_
