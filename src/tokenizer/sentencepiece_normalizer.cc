#include "tokenizer/sentencepiece_normalizer.h"

#include "base/utf8.h"

namespace fullstop {
namespace {

PrefixTrie TrieOf(const std::vector<std::string_view>& texts) {
  std::vector<PrefixTrie::Entry> entries;
  for (const std::string_view text : texts) entries.push_back({text, 0});
  return PrefixTrie(std::move(entries));
}

}  // namespace

SentencePieceNormalizer::SentencePieceNormalizer(const NormalizerStep& step)
    : kept_(TrieOf(step.kept)),
      merge_spaces_(step.merge_spaces),
      space_before_(step.space_before),
      space_behind_(step.space_behind),
      space_(step.mark_spaces ? "\xE2\x96\x81" : " ") {
  if (!step.content.empty()) charsmap_.emplace(step.content);
}

SentencePieceNormalizer::Prefix SentencePieceNormalizer::NextOf(
    std::string_view text) const {
  size_t kept = 0;
  kept_.Visit(text, [&](size_t length, int32_t) { kept = length; });
  if (kept > 0) return {kept, text.substr(0, kept)};
  if (charsmap_) {
    if (const auto rule = charsmap_->Longest(text)) {
      return {rule->length, rule->replacement};
    }
  }
  const size_t length = DecodeCodePoint(text).length;
  return {length, text.substr(0, length)};
}

size_t SentencePieceNormalizer::SpaceAtStart(std::string_view text) const {
  size_t at = 0;
  while (at < text.size()) {
    const Prefix next = NextOf(text.substr(at));
    if (next.text != " ") break;
    at += next.length;
  }
  return at;
}

// Takes the spaces off the end.
void SentencePieceNormalizer::Trim(AlignedText* text) const {
  const std::string_view source = text->text();
  size_t end = source.size();
  while (source.substr(0, end).ends_with(space_)) end -= space_.size();
  AlignedText::Edits edits(text);
  if (end < source.size()) edits.Replace({end, source.size()}, "");
  edits.Commit();
}

void SentencePieceNormalizer::Apply(AlignedText* text) const {
  const std::string_view source = text->text();
  AlignedText::Edits edits(text);
  size_t at = merge_spaces_ ? SpaceAtStart(source) : 0;
  const bool has_text = at < source.size();
  if (at > 0) edits.Replace({0, at}, "");
  if (has_text && space_before_) edits.Replace({at, at}, space_);
  bool behind_space = merge_spaces_;
  std::string replacement;
  while (at < source.size()) {
    const Prefix next = NextOf(source.substr(at));
    std::string_view rest = next.text;
    while (behind_space && rest.starts_with(' ')) rest.remove_prefix(1);
    replacement.clear();
    for (const char c : rest) {
      if (c == ' ') {
        replacement += space_;
      } else {
        replacement += c;
      }
    }
    if (replacement != source.substr(at, next.length)) {
      edits.Replace({at, at + next.length}, replacement);
    }
    if (!rest.empty()) behind_space = merge_spaces_ && rest.ends_with(' ');
    at += next.length;
  }
  edits.Commit();
  if (!has_text) return;
  if (merge_spaces_) Trim(text);
  if (!space_behind_) return;
  AlignedText::Edits suffix(text);
  suffix.Replace({text->text().size(), text->text().size()}, space_);
  suffix.Commit();
}

}  // namespace fullstop
