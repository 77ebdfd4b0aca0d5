#ifndef FULLSTOP_TOKENIZER_SCORE_MODEL_H_
#define FULLSTOP_TOKENIZER_SCORE_MODEL_H_

#include <array>
#include <optional>
#include <string_view>
#include <vector>

#include "tokenizer/piece_merger.h"
#include "tokenizer/piece_model.h"

namespace fullstop {

// SentencePiece's BPE: characters merge by the score of the token they make.
class ScoreModel : public PieceModel {
 public:
  ScoreModel(const TokenizerSpec& spec, const Tokenizer& tokenizer,
             std::vector<std::string>* remarks);

  void Encode(std::string_view piece,
              std::vector<PieceToken>* tokens) const override;
  void Cut(std::string_view piece, std::vector<uint32_t>* ends) const override {
    pieces_.Cut(piece, ends);
  }

 private:
  void ReadBytes(const TokenizerSpec& spec, const Tokenizer& tokenizer,
                 std::vector<std::string>* remarks);
  void AddUnknown(std::string_view bytes, uint32_t begin,
                  std::vector<PieceToken>* tokens) const;

  PieceTable pieces_;
  // The token of each single byte, -1 where there is none.
  std::array<TokenId, 256> byte_ids_;
  std::optional<TokenId> unknown_;
  bool fuse_unknown_;
};

}  // namespace fullstop

#endif  // FULLSTOP_TOKENIZER_SCORE_MODEL_H_
