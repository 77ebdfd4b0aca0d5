#include "tokenizer/tokenizer_core.h"

#include <algorithm>
#include <initializer_list>
#include <limits>
#include <utility>

#include "base/error.h"
#include "tokenizer/byte_alphabet.h"
#include "tokenizer/piece_cache.h"
#include "tokenizer/unicode_forms.h"

namespace fullstop {
namespace {

constexpr std::string_view kSpaceMark = "\xE2\x96\x81";  // U+2581

std::string WithSpaces(std::string_view text) {
  std::string result;
  for (size_t at = 0; at < text.size();) {
    if (text.substr(at).starts_with(kSpaceMark)) {
      result += ' ';
      at += kSpaceMark.size();
    } else {
      result += text[at++];
    }
  }
  return result;
}

std::string BytesOf(const TokenSpec& token, TokenText form) {
  const auto byte =
      token.kind == TokenKind::kByte ? ByteOfName(token.text) : std::nullopt;
  if (byte) return std::string(1, *byte);
  if (form == TokenText::kByteAlphabet && !IsAddedToken(token.kind)) {
    return BytesFromAlphabet(token.text).value_or(std::string(token.text));
  }
  const bool is_text =
      token.kind != TokenKind::kControl && token.kind != TokenKind::kUnknown;
  if (form == TokenText::kMarkedSpaces && is_text) {
    return WithSpaces(token.text);
  }
  return std::string(token.text);
}

void KeepInRange(std::string_view name, size_t size, std::optional<TokenId>* id,
                 std::vector<std::string>* remarks) {
  if (!*id || (**id >= 0 && static_cast<size_t>(**id) < size)) return;
  remarks->push_back("the declared " + std::string(name) + " id " +
                     std::to_string(**id) + " is not in the vocabulary of " +
                     std::to_string(size) + " tokens: it is ignored");
  id->reset();
}

}  // namespace

bool IsAddedToken(TokenKind kind) {
  return kind == TokenKind::kControl || kind == TokenKind::kUserDefined ||
         kind == TokenKind::kUnknown;
}

TokenizerCore::TokenizerCore(const TokenizerSpec& spec)
    : by_text_(spec.tokens.size()),
      normalizer_(spec.normalizer),
      added_({}),
      added_normal_({}),
      segmenter_(spec.steps) {
  remarks_ = spec.remarks;
  space_prefix_ = spec.space_prefix;
  ReadTokens(spec);
  ReadDeclared(spec);
  added_ = ReadAdded(spec, TokenMatch::kText);
  added_normal_ = ReadAdded(spec, TokenMatch::kNormalText);
  model_ = MakePieceModel(spec, *this, &remarks_);
  unspelt_ = model_->Unspelt();
}

void TokenizerCore::ReadTokens(const TokenizerSpec& spec) {
  std::vector<std::string> bytes;
  bytes.reserve(spec.tokens.size());
  size_t total = 0;
  for (const TokenSpec& token : spec.tokens) {
    bytes.push_back(BytesOf(token, spec.text_form));
    total += token.text.size() + bytes.back().size();
  }
  arena_.reserve(total);
  const auto keep = [this](std::string_view text) {
    const size_t begin = arena_.size();
    arena_ += text;
    return std::string_view(arena_).substr(begin);
  };
  size_t duplicates = 0;
  for (size_t id = 0; id < spec.tokens.size(); ++id) {
    const TokenSpec& token = spec.tokens[id];
    const std::string_view text = keep(token.text);
    infos_.push_back({text, token.kind, token.lstrip, token.rstrip});
    bytes_.push_back(bytes[id] == text ? text : keep(bytes[id]));
    if (!text.empty() && !by_text_.Add(text, static_cast<TokenId>(id))) {
      ++duplicates;
    }
  }
  if (duplicates > 0) {
    remarks_.push_back(std::to_string(duplicates) +
                       " tokens are spelled like an earlier one: encoding uses "
                       "the first");
  }
}

void TokenizerCore::ReadDeclared(const TokenizerSpec& spec) {
  declared_ = spec.declared;
  for (const auto& [name, id] : std::initializer_list<
           std::pair<std::string_view, std::optional<TokenId>*>>{
           {"bos", &declared_.bos},
           {"eos", &declared_.eos},
           {"unk", &declared_.unk},
           {"pad", &declared_.pad},
           {"eot", &declared_.eot},
           {"eom", &declared_.eom}}) {
    KeepInRange(name, infos_.size(), id, &remarks_);
  }
  adds_bos_ = spec.adds_bos && declared_.bos.has_value();
  adds_eos_ = spec.adds_eos && declared_.eos.has_value();
  text_prefix_ = spec.prefix;
  text_suffix_ = spec.suffix;
  for (std::vector<TokenId>* ids : {&text_prefix_, &text_suffix_}) {
    std::erase_if(*ids, [this](TokenId id) {
      return id < 0 || static_cast<size_t>(id) >= size();
    });
  }
  if (text_prefix_.empty() && adds_bos_) text_prefix_ = {*declared_.bos};
  if (text_suffix_.empty() && adds_eos_) text_suffix_ = {*declared_.eos};
}

AddedTokens TokenizerCore::ReadAdded(const TokenizerSpec& spec,
                                     TokenMatch match) {
  std::vector<AddedTokens::Entry> entries;
  std::vector<std::string> normal;
  for (size_t id = 0; id < spec.tokens.size(); ++id) {
    const TokenSpec& token = spec.tokens[id];
    if (!IsAddedToken(token.kind) || token.match != match) continue;
    entries.push_back({infos_[id].text, static_cast<TokenId>(id),
                       token.kind != TokenKind::kUserDefined, token.lstrip,
                       token.rstrip, token.single_word});
    if (match == TokenMatch::kText) continue;
    AlignedText text(token.text);
    if (!spec.normal_text_as_spelt) normalizer_.Apply(&text);
    normal.emplace_back(text.text());
  }
  for (size_t i = 0; i < normal.size(); ++i) entries[i].text = normal[i];
  return AddedTokens(std::move(entries));
}

void TokenizerCore::EncodePiece(std::string_view piece, PieceCache* cache,
                                std::vector<PieceToken>* tokens) const {
  using enum PieceCache::Kind;
  if (cache == nullptr) return model_->Encode(piece, tokens);
  if (cache->Append(piece, kPiece, 0, tokens)) return;
  std::vector<uint32_t> ends;
  model_->Cut(piece, &ends);
  if (ends.size() == 1) {
    model_->Encode(piece, tokens);
    cache->Keep(piece, kPiece, 0, *tokens);
    return;
  }
  // Where a piece does not come again, its parts may.
  uint32_t begin = 0;
  for (const uint32_t end : ends) {
    const std::string_view part = piece.substr(begin, end - begin);
    if (!cache->Append(part, kPart, begin, tokens)) {
      const size_t first = tokens->size();
      model_->EncodePart(part, tokens);
      const std::span<PieceToken> made = std::span(*tokens).subspan(first);
      for (PieceToken& token : made) {
        token.begin += begin;
        token.end += begin;
      }
      cache->Keep(part, kPart, begin, made);
    }
    begin = end;
  }
}

void TokenizerCore::EncodeStretch(std::string_view text, size_t offset,
                                  const EncodeOptions& options,
                                  std::vector<EncodedToken>* out) const {
  AlignedText normal(text);
  ReplaceIllFormed(unspelt_, &normal);
  normalizer_.Apply(&normal);
  if (normal.text().size() >= std::numeric_limits<uint32_t>::max()) {
    throw Error::Limit("a text of 4 GiB or more cannot be encoded at once");
  }
  std::vector<PieceRange> pieces;
  if (added_normal_.empty()) {
    pieces.push_back({0, static_cast<uint32_t>(normal.text().size())});
  } else {
    for (const auto& segment : added_normal_.Split(normal, offset, options)) {
      pieces.push_back({static_cast<uint32_t>(segment.range.begin),
                        static_cast<uint32_t>(segment.range.end), segment.id});
    }
  }
  segmenter_.Cut(offset, &normal, &pieces);
  std::vector<PieceToken> tokens;
  for (const PieceRange& piece : pieces) {
    tokens.clear();
    if (piece.id >= 0) {
      tokens.push_back({piece.id, 0, piece.end - piece.begin});
    } else if (piece.begin < piece.end) {
      EncodePiece(normal.text().substr(piece.begin, piece.end - piece.begin),
                  options.cache, &tokens);
    }
    for (const PieceToken& token : tokens) {
      const ByteRange source =
          normal.SourceOf({piece.begin + token.begin, piece.begin + token.end});
      out->push_back({token.id, {source.begin + offset, source.end + offset}});
    }
  }
}

std::vector<EncodedToken> TokenizerCore::EncodeWithSource(
    std::string_view text, const EncodeOptions& options) const {
  std::vector<EncodedToken> out;
  out.reserve(text.size() / 4 + 1);
  for (const auto& segment : added_.Split(AlignedText(text), 0, options)) {
    if (segment.id >= 0) {
      out.push_back({segment.id, segment.range});
    } else {
      EncodeStretch(text.substr(segment.range.begin,
                                segment.range.end - segment.range.begin),
                    segment.range.begin, options, &out);
    }
  }
  return out;
}

std::string TokenizerCore::Decode(std::span<const TokenId> ids,
                                  bool show_control) const {
  StreamDecoder decoder(*this, /*at_text_start=*/true);
  std::string text;
  for (const TokenId id : ids) text += decoder.Put(id, show_control);
  return text + decoder.Finish();
}

}  // namespace fullstop
