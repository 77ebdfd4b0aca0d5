#include "tokenizer/tokenizer_core.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/unicode.h"
#include "base/utf8.h"

namespace fullstop {
namespace {

std::vector<AddedTokens::Entry> AddedEntries(
    const std::vector<TokenInfo>& infos) {
  std::vector<AddedTokens::Entry> entries;
  for (size_t id = 0; id < infos.size(); ++id) {
    if (!IsAddedToken(infos[id].kind)) continue;
    entries.push_back({infos[id].text, static_cast<TokenId>(id),
                       infos[id].kind != TokenKind::kUserDefined});
  }
  return entries;
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

TokenizerCore::TokenizerCore(const TokenizerSpec& spec,
                             std::vector<std::string> bytes)
    : by_text_(spec.tokens.size()), added_({}) {
  declared_ = spec.declared;
  remarks_ = spec.remarks;
  adds_space_prefix_ = spec.add_space_prefix;
  size_t total = 0;
  for (size_t id = 0; id < spec.tokens.size(); ++id) {
    total += spec.tokens[id].text.size() + bytes[id].size();
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
  added_ = AddedTokens(AddedEntries(infos_));
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
}

// An added token may swallow the white space around it.
ByteRange TokenizerCore::WithStrippedSpace(
    std::string_view text, size_t from, const AddedTokens::Match& match) const {
  ByteRange range{match.begin, match.end};
  const TokenInfo& token = info(match.id);
  while (token.rstrip && range.end < text.size()) {
    const CodePoint point = DecodeCodePoint(text.substr(range.end));
    if (!IsUnicodeSpace(point.value)) break;
    range.end += point.length;
  }
  while (token.lstrip && range.begin > from) {
    size_t begin = range.begin - 1;
    while (begin > from && (text[begin] & 0xC0) == 0x80) --begin;
    const CodePoint point = DecodeCodePoint(text.substr(begin));
    if (begin + point.length != range.begin || !IsUnicodeSpace(point.value)) {
      break;
    }
    range.begin = begin;
  }
  return range;
}

std::vector<EncodedToken> TokenizerCore::EncodeWithSource(
    std::string_view text, const EncodeOptions& options) const {
  std::vector<EncodedToken> out;
  out.reserve(text.size() / 4 + 1);
  size_t from = 0;
  bool at_start = true;
  while (from < text.size()) {
    const std::optional<AddedTokens::Match> match =
        added_.Find(text, from, options);
    ByteRange range{text.size(), text.size()};
    if (match) range = WithStrippedSpace(text, from, *match);
    if (range.begin > from) {
      EncodeStretch(text.substr(from, range.begin - from), from, at_start,
                    &out);
      at_start = false;
    }
    if (!match) break;
    out.push_back({match->id, range});
    at_start = true;
    from = range.end;
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
