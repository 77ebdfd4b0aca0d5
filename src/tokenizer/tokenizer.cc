#include "tokenizer/tokenizer.h"

#include "base/utf8.h"
#include "tokenizer/folder_spec.h"
#include "tokenizer/gguf_spec.h"
#include "tokenizer/tokenizer_spec.h"

namespace fullstop {

std::unique_ptr<Tokenizer> Tokenizer::FromGguf(const GgufFile& file) {
  return MakeTokenizer(TokenizerSpecFromGguf(file));
}

std::unique_ptr<Tokenizer> Tokenizer::FromFolder(const HfFolder& folder) {
  return MakeTokenizer(TokenizerSpecFromFolder(folder));
}

std::vector<TokenId> Tokenizer::Encode(std::string_view text,
                                       const EncodeOptions& options) const {
  const std::vector<EncodedToken> tokens = EncodeWithSource(text, options);
  std::vector<TokenId> ids;
  ids.reserve(tokens.size());
  for (const EncodedToken& token : tokens) ids.push_back(token.id);
  return ids;
}

StreamDecoder::StreamDecoder(const Tokenizer& tokenizer, bool at_text_start)
    : tokenizer_(&tokenizer),
      strip_space_(at_text_start &&
                   tokenizer.space_prefix() != SpacePrefix::kNever) {}

std::string StreamDecoder::Put(TokenId id, bool show_control) {
  std::string_view bytes = tokenizer_->TokenBytes(id);
  const TokenKind kind = tokenizer_->info(id).kind;
  if (kind == TokenKind::kControl || kind == TokenKind::kUnknown ||
      kind == TokenKind::kUserDefined) {
    const bool is_shown = kind == TokenKind::kUserDefined || show_control;
    switch (tokenizer_->space_prefix()) {
      case SpacePrefix::kAlways:
        strip_space_ = true;
        break;
      case SpacePrefix::kFirst:
        if (is_shown) strip_space_ = false;
        break;
      case SpacePrefix::kNever:
        strip_space_ = false;
    }
    if (!is_shown) return {};
  } else {
    if (strip_space_ && kind != TokenKind::kByte && bytes.starts_with(' ')) {
      bytes.remove_prefix(1);
    }
    strip_space_ = false;
  }
  held_ += bytes;
  std::string ready = std::move(held_);
  const size_t kept = IncompleteUtf8Suffix(ready);
  held_ = ready.substr(ready.size() - kept);
  ready.resize(ready.size() - kept);
  return ready;
}

std::string StreamDecoder::Finish() { return std::exchange(held_, {}); }

}  // namespace fullstop
