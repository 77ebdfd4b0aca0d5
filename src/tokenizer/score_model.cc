#include "tokenizer/score_model.h"

#include <cmath>
#include <string>

#include "base/error.h"

namespace fullstop {

ScoreModel::ScoreModel(const TokenizerSpec& spec, const Tokenizer& tokenizer,
                       std::vector<std::string>* remarks)
    : pieces_(spec.tokens.size()),
      unknown_(spec.unknown),
      fuse_unknown_(spec.fuse_unknown) {
  for (size_t i = 0; i < spec.tokens.size(); ++i) {
    const TokenSpec& token = spec.tokens[i];
    if (std::isnan(token.score)) {
      throw Error::Format("the score of token " + std::to_string(i) +
                          " is not a number");
    }
    const auto id = static_cast<TokenId>(i);
    const bool is_text =
        token.in_model &&
        (token.kind == TokenKind::kNormal || token.kind == TokenKind::kUnused ||
         token.kind == TokenKind::kUserDefined);
    if (is_text && !token.text.empty()) {
      pieces_.Add(tokenizer.info(id).text, id, static_cast<float>(token.score));
    }
  }
  ReadBytes(spec, tokenizer, remarks);
}

void ScoreModel::ReadBytes(const TokenizerSpec& spec,
                           const Tokenizer& tokenizer,
                           std::vector<std::string>* remarks) {
  byte_ids_.fill(-1);
  if (!spec.byte_fallback) {
    if (pieces_.empty()) throw Error::Format("no token stands for any text");
    return;
  }
  byte_ids_ = ByteTokens(tokenizer);
  size_t missing = 0;
  for (size_t byte = 0; byte < 256; ++byte) {
    TokenId& id = byte_ids_[byte];
    if (id >= 0) continue;
    id = pieces_.Find(std::string(1, static_cast<char>(byte))).value_or(-1);
    if (id < 0) ++missing;
  }
  if (missing == 256 && pieces_.empty()) {
    throw Error::Format("no token stands for any text")
        .Advice("the table of tokens or of their types is wrong");
  }
  if (missing > 0) {
    remarks->push_back(
        std::to_string(missing) + " bytes have no token: an encoding " +
        (unknown_ ? "has the unknown token there" : "leaves them out"));
  }
}

void ScoreModel::AddUnknown(std::string_view bytes, uint32_t begin,
                            std::vector<PieceToken>* tokens) const {
  const auto end = static_cast<uint32_t>(begin + bytes.size());
  if (AppendBytes(byte_ids_, bytes, begin, tokens)) return;
  if (!fuse_unknown_) {
    for (const char byte : bytes) {
      const TokenId id = byte_ids_[static_cast<uint8_t>(byte)];
      if (id >= 0) {
        tokens->push_back({id, begin, end});
      } else if (unknown_) {
        tokens->push_back({*unknown_, begin, end});
      }
    }
    return;
  }
  if (!unknown_) return;
  if (!tokens->empty() && tokens->back().id == *unknown_ &&
      tokens->back().end == begin) {
    tokens->back().end = end;
  } else {
    tokens->push_back({*unknown_, begin, end});
  }
}

void ScoreModel::Encode(std::string_view piece,
                        std::vector<PieceToken>* tokens) const {
  uint32_t begin = 0;
  for (const PiecePart& part : MergePieces(pieces_, piece)) {
    if (part.id >= 0) {
      tokens->push_back({part.id, begin, part.end});
    } else {
      AddUnknown(piece.substr(begin, part.end - begin), begin, tokens);
    }
    begin = part.end;
  }
}

}  // namespace fullstop
