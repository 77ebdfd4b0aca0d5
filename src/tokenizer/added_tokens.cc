#include "tokenizer/added_tokens.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/unicode.h"
#include "base/utf8.h"

namespace fullstop {
namespace {

bool InControlRange(const EncodeOptions& options, const ByteRange& range) {
  const auto after = std::upper_bound(
      options.control_ranges.begin(), options.control_ranges.end(), range.begin,
      [](size_t place, const ByteRange& control) {
        return place < control.begin;
      });
  return after != options.control_ranges.begin() &&
         range.end <= std::prev(after)->end;
}

PrefixTrie TrieOf(const std::vector<AddedTokens::Entry>& entries) {
  std::vector<PrefixTrie::Entry> texts;
  texts.reserve(entries.size());
  for (size_t i = 0; i < entries.size(); ++i) {
    texts.push_back({entries[i].text, static_cast<int32_t>(i)});
  }
  return PrefixTrie(std::move(texts));
}

// The character before END; U+FFFD where there is none.
CodePoint CharacterBefore(std::string_view text, size_t end) {
  if (end == 0) return {0xFFFD, 0, false};
  size_t begin = end - 1;
  while (begin > 0 && (text[begin] & 0xC0) == 0x80) --begin;
  const CodePoint point = DecodeCodePoint(text.substr(begin));
  if (begin + point.length == end) return point;
  return {0xFFFD, 1, false};
}

CodePoint CharacterAt(std::string_view text, size_t at) {
  if (at == text.size()) return {0xFFFD, 0, false};
  return DecodeCodePoint(text.substr(at));
}

// What Rust's regular expressions call \w.
bool IsWordCharacter(char32_t value) {
  static const CodePointSet kWord = [] {
    CodePointSet set({{0x200C, 0x200D},
                      {0x24B6, 0x24E9},
                      {0x1F130, 0x1F149},
                      {0x1F150, 0x1F169},
                      {0x1F170, 0x1F189}});
    for (const std::string_view name : {"L", "M", "Nd", "Nl", "Pc"}) {
      set = set.Union(*UnicodeProperty(name));
    }
    return set;
  }();
  return kWord.Contains(value);
}

}  // namespace

AddedTokens::AddedTokens(std::vector<Entry> entries)
    : entries_(std::move(entries)), trie_(TrieOf(entries_)) {}

std::optional<AddedTokens::Match> AddedTokens::Find(
    const AlignedText& text, size_t from, size_t offset,
    const EncodeOptions& options) const {
  const std::string_view all = text.text();
  for (size_t begin = from; begin < all.size(); ++begin) {
    if (!trie_.MayBeginWith(all[begin])) continue;
    std::optional<Match> longest;
    trie_.Visit(all.substr(begin), [&](size_t length, int32_t index) {
      const Entry& entry = entries_[static_cast<size_t>(index)];
      const bool is_control =
          entry.is_control ||
          std::binary_search(options.extra_control.begin(),
                             options.extra_control.end(), entry.id);
      if (is_control) {
        ByteRange source = text.SourceOf({begin, begin + length});
        source = {source.begin + offset, source.end + offset};
        if (!InControlRange(options, source)) return;
      }
      longest = Match{begin, begin + length, &entry};
    });
    if (longest) return longest;
  }
  return std::nullopt;
}

std::vector<AddedTokens::Segment> AddedTokens::Split(
    const AlignedText& text, size_t offset,
    const EncodeOptions& options) const {
  const std::string_view all = text.text();
  std::vector<Segment> segments;
  size_t reached = 0;
  for (auto match = Find(text, 0, offset, options); match;
       match = Find(text, match->end, offset, options)) {
    const Entry& entry = *match->entry;
    ByteRange range{match->begin, match->end};
    if (entry.single_word &&
        (IsWordCharacter(CharacterBefore(all, range.begin).value) ||
         IsWordCharacter(CharacterAt(all, range.end).value))) {
      continue;
    }
    while (entry.lstrip && range.begin > reached) {
      const CodePoint point = CharacterBefore(all, range.begin);
      if (!point.valid || !IsUnicodeSpace(point.value)) break;
      range.begin -= point.length;
    }
    while (entry.rstrip && range.end < all.size()) {
      const CodePoint point = CharacterAt(all, range.end);
      if (!point.valid || !IsUnicodeSpace(point.value)) break;
      range.end += point.length;
    }
    if (entry.lstrip) range.begin = std::max(range.begin, reached);
    if (reached < range.begin) segments.push_back({{reached, range.begin}});
    segments.push_back({range, entry.id});
    // As Hugging Face does it: a match within swallowed white space counts, and
    // what is behind it comes again.
    reached = range.end;
  }
  if (reached < all.size()) segments.push_back({{reached, all.size()}});
  return segments;
}

}  // namespace fullstop
