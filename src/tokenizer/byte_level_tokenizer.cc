#include "tokenizer/byte_level_tokenizer.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "base/error.h"
#include "tokenizer/byte_alphabet.h"

namespace fullstop {
namespace {

// Up to this many bytes a word is merged by scanning: faster than a heap.
constexpr size_t kPlainLimit = 48;

// The bytes that no UTF-8 text holds.
bool NeverInUtf8(size_t byte) {
  return byte == 0xC0 || byte == 0xC1 || byte >= 0xF5;
}

std::vector<std::string> BytesOfTokens(const TokenizerSpec& spec) {
  std::vector<std::string> bytes;
  bytes.reserve(spec.tokens.size());
  for (const TokenSpec& token : spec.tokens) {
    std::optional<std::string> spelt;
    if (!IsAddedToken(token.kind)) spelt = BytesFromAlphabet(token.text);
    bytes.push_back(spelt.value_or(std::string(token.text)));
  }
  return bytes;
}

}  // namespace

ByteLevelTokenizer::ByteLevelTokenizer(const TokenizerSpec& spec)
    : TokenizerCore(spec, BytesOfTokens(spec)),
      splitter_(spec.steps),
      merges_(spec.merges.size()),
      ignore_merges_(spec.ignore_merges),
      whole_pieces_(spec.ignore_merges ? spec.tokens.size() : 0) {
  normalize_.nfc = spec.nfc;
  ReadBytes();
  ReadMerges(spec);
  for (size_t id = 0; ignore_merges_ && id < size(); ++id) {
    const auto token = static_cast<TokenId>(id);
    if (!TokenBytes(token).empty() && CanBeMerged(token)) {
      whole_pieces_.Add(TokenBytes(token), token);
    }
  }
}

// Control tokens are never made of ordinary text. An added token may be, if it
// stands for the same bytes in both readings.
bool ByteLevelTokenizer::CanBeMerged(TokenId id) const {
  const TokenInfo& token = info(id);
  if (token.kind == TokenKind::kNormal || token.kind == TokenKind::kUnused) {
    return BytesFromAlphabet(token.text).has_value();
  }
  return token.kind == TokenKind::kUserDefined &&
         BytesFromAlphabet(token.text) == token.text;
}

void ByteLevelTokenizer::ReadBytes() {
  size_t missing = 0;
  for (size_t byte = 0; byte < 256; ++byte) {
    const std::string bytes(1, static_cast<char>(byte));
    const std::optional<TokenId> id = FindToken(BytesToAlphabet(bytes));
    byte_ids_[byte] = id && CanBeMerged(*id) ? *id : -1;
    normalize_.unspelt[byte] = byte_ids_[byte] < 0;
    if (byte_ids_[byte] < 0 && !NeverInUtf8(byte)) ++missing;
  }
  if (normalize_.unspelt.all()) {
    throw Error::Format("no byte has a token: the vocabulary is not byte-level")
        .Advice("tokenizer.ggml.model or the token table is wrong");
  }
  if (missing > 0) {
    remarks_.push_back(std::to_string(missing) +
                       " bytes have no token: an encoding leaves them out");
  }
}

void ByteLevelTokenizer::ReadMerges(const TokenizerSpec& spec) {
  size_t unknown = 0;
  std::string text;
  for (size_t rank = 0; rank < spec.merges.size(); ++rank) {
    const auto& [left, right] = spec.merges[rank];
    text.assign(left);
    text += right;
    const auto left_id = FindToken(left);
    const auto right_id = FindToken(right);
    const auto merged_id = FindToken(text);
    if (!left_id || !right_id || !merged_id || !CanBeMerged(*left_id) ||
        !CanBeMerged(*right_id) || !CanBeMerged(*merged_id)) {
      ++unknown;
      continue;
    }
    merges_.Add(*left_id, *right_id, {static_cast<uint32_t>(rank), *merged_id});
  }
  if (unknown > 0) {
    remarks_.push_back(std::to_string(unknown) +
                       " merges name tokens that ordinary text cannot have: "
                       "they are ignored");
  }
}

void ByteLevelTokenizer::EncodePiece(std::string_view piece,
                                     std::vector<MergeSymbol>* word) const {
  word->clear();
  if (ignore_merges_) {
    if (const auto id = whole_pieces_.Find(piece)) {
      word->push_back({*id, static_cast<uint32_t>(piece.size())});
      return;
    }
  }
  for (size_t i = 0; i < piece.size(); ++i) {
    const TokenId id = byte_ids_[static_cast<uint8_t>(piece[i])];
    if (id >= 0) word->push_back({id, static_cast<uint32_t>(i + 1)});
  }
  if (word->size() <= kPlainLimit) {
    MergePlainly(merges_, word);
  } else {
    MergeByHeap(merges_, word);
  }
}

void ByteLevelTokenizer::EncodeStretch(std::string_view text, size_t offset,
                                       bool /*at_start*/,
                                       std::vector<EncodedToken>* out) const {
  const NormalizedText normal(text, normalize_);
  std::vector<MergeSymbol> word;
  size_t begin = 0;
  for (const uint32_t end : splitter_.Split(normal.text())) {
    EncodePiece(normal.text().substr(begin, end - begin), &word);
    size_t token_begin = begin;
    for (const MergeSymbol& symbol : word) {
      const size_t token_end = begin + symbol.end;
      const ByteRange source = normal.SourceOf({token_begin, token_end});
      out->push_back({symbol.id, {source.begin + offset, source.end + offset}});
      token_begin = token_end;
    }
    begin = end;
  }
}

}  // namespace fullstop
