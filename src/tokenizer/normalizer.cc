#include "tokenizer/normalizer.h"

#include <optional>
#include <string>
#include <utility>

#include "base/unicode.h"
#include "base/utf8.h"
#include "tokenizer/charsmap.h"
#include "tokenizer/sentencepiece_normalizer.h"
#include "tokenizer/splitter.h"
#include "tokenizer/unicode_forms.h"

namespace fullstop {
namespace {

using Kind = NormalizerStep::Kind;

// How many bytes of white space TEXT begins with, or ends with.
size_t SpaceAtStart(std::string_view text) {
  size_t at = 0;
  while (at < text.size()) {
    const CodePoint point = DecodeCodePoint(text.substr(at));
    if (!point.valid || !IsUnicodeSpace(point.value)) break;
    at += point.length;
  }
  return at;
}

size_t SpaceAtEnd(std::string_view text) {
  size_t end = text.size();
  while (end > 0) {
    size_t begin = end - 1;
    while (begin > 0 && (text[begin] & 0xC0) == 0x80) --begin;
    const CodePoint point = DecodeCodePoint(text.substr(begin));
    if (begin + point.length != end || !point.valid ||
        !IsUnicodeSpace(point.value)) {
      break;
    }
    end = begin;
  }
  return text.size() - end;
}

void Strip(bool left, bool right, AlignedText* text) {
  const std::string_view source = text->text();
  const size_t begin = left ? SpaceAtStart(source) : 0;
  const size_t tail = right && begin < source.size() ? SpaceAtEnd(source) : 0;
  AlignedText::Edits edits(text);
  if (begin > 0) edits.Replace({0, begin}, "");
  if (tail > 0) edits.Replace({source.size() - tail, source.size()}, "");
  edits.Commit();
}

void Replace(std::string_view pattern, std::string_view content,
             AlignedText* text) {
  const std::string_view source = text->text();
  AlignedText::Edits edits(text);
  for (size_t at = source.find(pattern); at != std::string_view::npos;
       at = source.find(pattern, at + pattern.size())) {
    edits.Replace({at, at + pattern.size()}, content);
  }
  edits.Commit();
}

}  // namespace

class Normalizer::Step {
 public:
  explicit Step(const NormalizerStep& step)
      : kind_(step.kind),
        pattern_(step.pattern),
        content_(step.content),
        left_(step.left),
        right_(step.right) {
    if (kind_ == Kind::kCharsmap) charsmap_.emplace(step.content);
    if (kind_ == Kind::kSentencePiece) sentencepiece_.emplace(step);
    if (kind_ == Kind::kReplacePattern) {
      finder_.emplace(std::vector<SplitStep>{{.pattern = step.pattern}});
    }
  }

  void Apply(AlignedText* text) const {
    switch (kind_) {
      case Kind::kNfc:
        return ToUnicodeForm(UnicodeForm::kNfc, text);
      case Kind::kNfd:
        return ToUnicodeForm(UnicodeForm::kNfd, text);
      case Kind::kNfkc:
        return ToUnicodeForm(UnicodeForm::kNfkc, text);
      case Kind::kNfkd:
        return ToUnicodeForm(UnicodeForm::kNfkd, text);
      case Kind::kLowercase:
        return ToLowerCase(text);
      case Kind::kStripAccents:
        return StripMarks(text);
      case Kind::kStrip:
        return Strip(left_, right_, text);
      case Kind::kPrepend: {
        if (text->text().empty()) return;
        AlignedText::Edits edits(text);
        edits.Replace({0, 0}, content_);
        return edits.Commit();
      }
      case Kind::kReplace:
        if (!pattern_.empty()) Replace(pattern_, content_, text);
        return;
      case Kind::kReplacePattern: {
        AlignedText::Edits edits(text);
        for (const ByteRange& match : finder_->Matches(text->text())) {
          edits.Replace(match, content_);
        }
        return edits.Commit();
      }
      case Kind::kCharsmap:
        return charsmap_->ApplyToClusters(text);
      case Kind::kSentencePiece:
        return sentencepiece_->Apply(text);
    }
  }

 private:
  Kind kind_;
  std::string pattern_;
  std::string content_;
  bool left_;
  bool right_;
  std::optional<Charsmap> charsmap_;
  std::optional<Splitter> finder_;
  std::optional<SentencePieceNormalizer> sentencepiece_;
};

Normalizer::Normalizer(const std::vector<NormalizerStep>& steps) {
  for (const NormalizerStep& step : steps) {
    steps_.push_back(std::make_unique<const Step>(step));
  }
}

Normalizer::Normalizer(Normalizer&&) noexcept = default;
Normalizer& Normalizer::operator=(Normalizer&&) noexcept = default;
Normalizer::~Normalizer() = default;

void Normalizer::Apply(AlignedText* text) const {
  for (const auto& step : steps_) step->Apply(text);
}

}  // namespace fullstop
