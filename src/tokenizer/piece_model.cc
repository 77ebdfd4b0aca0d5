#include "tokenizer/piece_model.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/utf8.h"
#include "tokenizer/bpe_model.h"
#include "tokenizer/score_model.h"
#include "tokenizer/unigram_model.h"

namespace fullstop {
namespace {

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

}  // namespace

std::optional<char> ByteOfName(std::string_view text) {
  if (text.size() != 6 || !text.starts_with("<0x") || text[5] != '>') {
    return std::nullopt;
  }
  const int high = HexDigit(text[3]);
  const int low = HexDigit(text[4]);
  if (high < 0 || low < 0) return std::nullopt;
  return static_cast<char>(high * 16 + low);
}

std::array<TokenId, 256> ByteTokens(const Tokenizer& tokenizer) {
  std::array<TokenId, 256> ids;
  for (size_t byte = 0; byte < ids.size(); ++byte) {
    const auto id = tokenizer.FindToken(fmt::format("<0x{:02X}>", byte));
    const bool plain = id && tokenizer.info(*id).kind != TokenKind::kControl;
    ids[byte] = plain ? *id : -1;
  }
  return ids;
}

bool AppendBytes(const std::array<TokenId, 256>& ids, std::string_view bytes,
                 uint32_t begin, std::vector<PieceToken>* tokens) {
  const bool complete = std::all_of(bytes.begin(), bytes.end(), [&](char c) {
    return ids[static_cast<uint8_t>(c)] >= 0;
  });
  if (!complete) return false;
  for (size_t at = 0; at < bytes.size();) {
    const uint32_t length = DecodeCodePoint(bytes.substr(at)).length;
    const auto first = static_cast<uint32_t>(begin + at);
    for (const char c : bytes.substr(at, length)) {
      tokens->push_back({ids[static_cast<uint8_t>(c)], first, first + length});
    }
    at += length;
  }
  return true;
}

std::unique_ptr<PieceModel> MakePieceModel(const TokenizerSpec& spec,
                                           const Tokenizer& tokenizer,
                                           std::vector<std::string>* remarks) {
  switch (spec.model) {
    case TokenizerModel::kSentencePieceBpe:
      return std::make_unique<ScoreModel>(spec, tokenizer, remarks);
    case TokenizerModel::kUnigram:
      return MakeUnigramModel(spec, tokenizer);
    default:
      return std::make_unique<BpeModel>(spec, tokenizer, remarks);
  }
}

}  // namespace fullstop
