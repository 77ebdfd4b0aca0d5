#include "tokenizer/tokenizer_spec.h"

#include "base/error.h"
#include "tokenizer/tokenizer_core.h"

namespace fullstop {

void MarkSpaces(bool with_prefix, TokenizerSpec* spec) {
  static constexpr std::string_view kMark = "\xE2\x96\x81";  // U+2581
  using Kind = NormalizerStep::Kind;
  spec->space_prefix = with_prefix ? SpacePrefix::kAlways : SpacePrefix::kNever;
  if (with_prefix) {
    spec->normalizer.push_back({.kind = Kind::kPrepend, .content = kMark});
  }
  spec->normalizer.push_back(
      {.kind = Kind::kReplace, .pattern = " ", .content = kMark});
}

std::unique_ptr<Tokenizer> MakeTokenizer(TokenizerSpec spec) {
  if (spec.tokens.empty()) throw Error::Format("the vocabulary has no tokens");
  if (spec.adds_bos && !spec.declared.bos) {
    spec.remarks.push_back(
        "text of this vocabulary begins with BOS, but no BOS is declared: none "
        "is added");
  }
  if (spec.unknown &&
      (*spec.unknown < 0 ||
       static_cast<size_t>(*spec.unknown) >= spec.tokens.size())) {
    spec.unknown.reset();
  }
  return std::make_unique<TokenizerCore>(spec);
}

}  // namespace fullstop
