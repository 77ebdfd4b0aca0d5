#include "tokenizer/bpe_model.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/error.h"
#include "base/utf8.h"
#include "tokenizer/byte_alphabet.h"

namespace fullstop {
namespace {

// Up to this many symbols a word is merged by scanning: faster than a heap.
constexpr size_t kPlainLimit = 48;

// Up to this many bytes a piece is not worth cutting.
constexpr size_t kUncutLimit = 12;

// How many characters are looked up in a table.
constexpr size_t kTableSize = 0x10000;

// The bytes that no UTF-8 text holds.
bool NeverInUtf8(size_t byte) {
  return byte == 0xC0 || byte == 0xC1 || byte >= 0xF5;
}

}  // namespace

BpeModel::BpeModel(const TokenizerSpec& spec, const Tokenizer& tokenizer,
                   std::vector<std::string>* remarks)
    : tokenizer_(tokenizer),
      over_bytes_(spec.model == TokenizerModel::kByteLevelBpe),
      ignore_merges_(spec.ignore_merges),
      fuse_unknown_(spec.fuse_unknown),
      unknown_(spec.unknown),
      merges_(spec.merges.size()),
      whole_pieces_(
          spec.ignore_merges || spec.implied_merges ? spec.tokens.size() : 0),
      joins_(spec.tokens.size()),
      characters_(over_bytes_ ? 0 : kTableSize, -1) {
  for (const TokenSpec& token : spec.tokens) {
    in_model_.push_back(token.in_model);
  }
  if (over_bytes_) {
    ReadBytes(remarks);
  } else {
    byte_ids_.fill(-1);
    if (spec.byte_fallback) byte_ids_ = ByteTokens(tokenizer);
  }
  if (!spec.implied_merges) ReadMerges(spec, remarks);
  for (size_t i = 0; i < tokenizer.size(); ++i) {
    const auto id = static_cast<TokenId>(i);
    if (!CanBeMerged(id)) continue;
    const std::string_view text =
        over_bytes_ ? tokenizer.TokenBytes(id) : tokenizer.info(id).text;
    joins_.Add(text);
    if (!over_bytes_ && !text.empty()) {
      const CodePoint first = DecodeCodePoint(text);
      if (first.valid && first.length == text.size() &&
          first.value < kTableSize && characters_[first.value] < 0) {
        characters_[first.value] = id;
      }
    }
    if (!text.empty() && (ignore_merges_ || spec.implied_merges)) {
      whole_pieces_.Add(text, id);
    }
  }
  if (spec.implied_merges) ImplyMerges();
}

// Control tokens are never made of ordinary text. Over bytes an added token may
// be, if it stands for the same bytes in both readings.
bool BpeModel::CanBeMerged(TokenId id) const {
  if (!in_model_[static_cast<size_t>(id)]) return false;
  const TokenInfo& token = tokenizer_.info(id);
  if (token.kind == TokenKind::kNormal || token.kind == TokenKind::kUnused) {
    return !over_bytes_ || BytesFromAlphabet(token.text).has_value();
  }
  return token.kind == TokenKind::kUserDefined &&
         (!over_bytes_ || BytesFromAlphabet(token.text) == token.text);
}

void BpeModel::ReadBytes(std::vector<std::string>* remarks) {
  size_t missing = 0;
  for (size_t byte = 0; byte < 256; ++byte) {
    const std::string bytes(1, static_cast<char>(byte));
    const std::optional<TokenId> id =
        tokenizer_.FindToken(BytesToAlphabet(bytes));
    byte_ids_[byte] = id && CanBeMerged(*id) ? *id : -1;
    unspelt_[byte] = byte_ids_[byte] < 0;
    if (byte_ids_[byte] < 0 && !NeverInUtf8(byte)) ++missing;
  }
  if (unspelt_.all()) {
    throw Error::Format("no byte has a token: the vocabulary is not byte-level")
        .Advice("the kind of the vocabulary or its token table is wrong");
  }
  if (missing > 0) {
    remarks->push_back(
        std::to_string(missing) + " bytes have no token: an encoding " +
        (unknown_ ? "has the unknown token there" : "leaves them out"));
  }
}

void BpeModel::ReadMerges(const TokenizerSpec& spec,
                          std::vector<std::string>* remarks) {
  size_t unknown = 0;
  std::string text;
  for (size_t rank = 0; rank < spec.merges.size(); ++rank) {
    const auto& [left, right] = spec.merges[rank];
    text.assign(left);
    text += right;
    const auto left_id = tokenizer_.FindToken(left);
    const auto right_id = tokenizer_.FindToken(right);
    const auto merged_id = tokenizer_.FindToken(text);
    if (!left_id || !right_id || !merged_id || !CanBeMerged(*left_id) ||
        !CanBeMerged(*right_id) || !CanBeMerged(*merged_id)) {
      ++unknown;
      continue;
    }
    merges_.Add(*left_id, *right_id, {static_cast<uint32_t>(rank), *merged_id});
  }
  if (unknown > 0) {
    remarks->push_back(std::to_string(unknown) +
                       " merges name tokens that ordinary text cannot have: "
                       "they are ignored");
  }
}

void BpeModel::ImplyMerges() {
  struct Implied {
    TokenId left;
    TokenId right;
    TokenId merged;
  };
  std::vector<Implied> merges;
  for (size_t i = 0; i < tokenizer_.size(); ++i) {
    const auto id = static_cast<TokenId>(i);
    const std::string_view bytes = tokenizer_.TokenBytes(id);
    if (!CanBeMerged(id) || whole_pieces_.Find(bytes) != id) continue;
    for (size_t cut = 1; cut < bytes.size(); ++cut) {
      const auto left = whole_pieces_.Find(bytes.substr(0, cut));
      if (!left) continue;
      const auto right = whole_pieces_.Find(bytes.substr(cut));
      if (right) merges.push_back({*left, *right, id});
    }
  }
  merges_ = MergeTable(merges.size());
  for (const Implied& merge : merges) {
    // Of equal rank, so that of two ways to one token the leftmost is taken.
    merges_.Add(merge.left, merge.right,
                {static_cast<uint32_t>(merge.merged), merge.merged});
  }
}

void BpeModel::AddUnknown(uint32_t begin, uint32_t end,
                          std::vector<PieceToken>* tokens) const {
  if (!unknown_) return;
  if (fuse_unknown_ && !tokens->empty() && tokens->back().id == *unknown_ &&
      tokens->back().end == begin) {
    tokens->back().end = end;
  } else {
    tokens->push_back({*unknown_, begin, end});
  }
}

void BpeModel::Finish(uint32_t begin, std::vector<MergeSymbol>* word,
                      std::vector<PieceToken>* tokens) const {
  if (word->size() <= kPlainLimit) {
    MergePlainly(merges_, word);
  } else {
    MergeByHeap(merges_, word);
  }
  for (const MergeSymbol& symbol : *word) {
    tokens->push_back({symbol.id, begin, symbol.end});
    begin = symbol.end;
  }
  word->clear();
}

void BpeModel::EncodeBytes(std::string_view piece, uint32_t begin, uint32_t end,
                           std::vector<MergeSymbol>* word,
                           std::vector<PieceToken>* tokens) const {
  word->reserve(end - begin);
  for (uint32_t i = begin; i < end; ++i) {
    const TokenId id = byte_ids_[static_cast<uint8_t>(piece[i])];
    if (id >= 0) {
      word->push_back({id, i + 1});
    } else if (unknown_) {
      Finish(begin, word, tokens);
      AddUnknown(i, i + 1, tokens);
      begin = i + 1;
    }
  }
  Finish(begin, word, tokens);
}

void BpeModel::EncodeByParts(std::string_view piece,
                             std::vector<PieceToken>* tokens) const {
  std::vector<uint32_t> ends;
  Cut(piece, &ends);
  std::vector<MergeSymbol> word;
  uint32_t begin = 0;
  for (const uint32_t end : ends) {
    EncodeBytes(piece, begin, end, &word, tokens);
    begin = end;
  }
}

TokenId BpeModel::CharacterToken(const CodePoint& point,
                                 std::string_view bytes) const {
  if (point.valid && point.value < kTableSize) return characters_[point.value];
  const std::optional<TokenId> id = tokenizer_.FindToken(bytes);
  return id && CanBeMerged(*id) ? *id : -1;
}

void BpeModel::EncodeCharacters(std::string_view piece,
                                std::vector<PieceToken>* tokens) const {
  std::vector<MergeSymbol> word;
  uint32_t begin = 0;
  char32_t previous = 0;
  for (uint32_t at = 0; at < piece.size();) {
    const CodePoint point = DecodeCodePoint(piece.substr(at));
    const std::string_view character = piece.substr(at, point.length);
    const TokenId id = CharacterToken(point, character);
    const bool is_known = id >= 0;
    if (!word.empty() &&
        (!is_known || !joins_.MayJoin(previous, point.value))) {
      Finish(begin, &word, tokens);
    }
    if (word.empty()) begin = at;
    if (is_known) {
      word.push_back({id, at + point.length});
    } else if (!AppendBytes(byte_ids_, character, at, tokens)) {
      AddUnknown(at, at + point.length, tokens);
    }
    previous = point.value;
    at += point.length;
  }
  Finish(begin, &word, tokens);
}

void BpeModel::Cut(std::string_view piece, std::vector<uint32_t>* ends) const {
  if (over_bytes_) {
    joins_.Cut(
        piece,
        [this](const CodePoint&, std::string_view bytes) {
          return std::ranges::all_of(bytes, [this](char byte) {
            return byte_ids_[static_cast<uint8_t>(byte)] >= 0;
          });
        },
        ends);
  } else {
    joins_.Cut(
        piece,
        [this](const CodePoint& point, std::string_view bytes) {
          return CharacterToken(point, bytes) >= 0;
        },
        ends);
  }
}

void BpeModel::Encode(std::string_view piece,
                      std::vector<PieceToken>* tokens) const {
  if (ignore_merges_) {
    if (const auto id = whole_pieces_.Find(piece)) {
      tokens->push_back({*id, 0, static_cast<uint32_t>(piece.size())});
      return;
    }
  }
  if (over_bytes_ && piece.size() > kUncutLimit) {
    EncodeByParts(piece, tokens);
  } else {
    EncodePart(piece, tokens);
  }
}

void BpeModel::EncodePart(std::string_view part,
                          std::vector<PieceToken>* tokens) const {
  if (over_bytes_) {
    std::vector<MergeSymbol> word;
    EncodeBytes(part, 0, static_cast<uint32_t>(part.size()), &word, tokens);
  } else {
    EncodeCharacters(part, tokens);
  }
}

}  // namespace fullstop
