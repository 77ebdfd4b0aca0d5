#ifndef FULLSTOP_TOKENIZER_SENTENCEPIECE_TOKENIZER_H_
#define FULLSTOP_TOKENIZER_SENTENCEPIECE_TOKENIZER_H_

#include <array>
#include <optional>
#include <string_view>
#include <vector>

#include "tokenizer/piece_merger.h"
#include "tokenizer/tokenizer_core.h"

namespace fullstop {

// The byte that "<0xHH>" names; nullopt for any other text.
std::optional<char> ByteOfName(std::string_view text);

// SentencePiece's BPE, as llama.cpp applies it: characters merge by the score
// of the token they make, spaces are U+2581, what is no token becomes bytes.
class SentencePieceTokenizer : public TokenizerCore {
 public:
  // Throws as MakeTokenizer does.
  explicit SentencePieceTokenizer(const TokenizerSpec& spec);

 protected:
  void EncodeStretch(std::string_view text, size_t offset, bool at_start,
                     std::vector<EncodedToken>* out) const override;

 private:
  void ReadBytes();

  PieceTable pieces_;
  // The token of each single byte, -1 where there is none.
  std::array<TokenId, 256> byte_ids_;
};

}  // namespace fullstop

#endif  // FULLSTOP_TOKENIZER_SENTENCEPIECE_TOKENIZER_H_
