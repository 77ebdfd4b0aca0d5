#include "tokenizer/sentencepiece_tokenizer.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <optional>
#include <string>

#include "base/error.h"

namespace fullstop {
namespace {

constexpr std::string_view kSpaceMark = "\xE2\x96\x81";  // U+2581

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

// The byte that "<0xHH>" names.
std::optional<char> ByteOfName(std::string_view text) {
  if (text.size() != 6 || !text.starts_with("<0x") || text[5] != '>') {
    return std::nullopt;
  }
  const int high = HexDigit(text[3]);
  const int low = HexDigit(text[4]);
  if (high < 0 || low < 0) return std::nullopt;
  return static_cast<char>(high * 16 + low);
}

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

std::vector<std::string> BytesOfTokens(const TokenizerSpec& spec) {
  std::vector<std::string> bytes;
  bytes.reserve(spec.tokens.size());
  for (const TokenSpec& token : spec.tokens) {
    const std::optional<char> byte =
        token.kind == TokenKind::kByte ? ByteOfName(token.text) : std::nullopt;
    bytes.push_back(byte ? std::string(1, *byte) : WithSpaces(token.text));
  }
  return bytes;
}

// Text with its spaces marked, and the way back.
class MarkedText {
 public:
  MarkedText(std::string_view source, bool with_prefix) {
    if (with_prefix) Append(kSpaceMark, 0, 0);
    for (size_t at = 0; at < source.size(); ++at) {
      if (source[at] == ' ') {
        Append(kSpaceMark, at, at + 1);
      } else {
        Append(source.substr(at, 1), at, at + 1);
      }
    }
  }

  std::string_view text() const { return text_; }
  ByteRange SourceOf(size_t begin, size_t end) const {
    return {sources_[begin].begin, sources_[end - 1].end};
  }

 private:
  struct Source {
    uint32_t begin;
    uint32_t end;
  };
  void Append(std::string_view bytes, size_t begin, size_t end) {
    text_ += bytes;
    sources_.insert(sources_.end(), bytes.size(),
                    {static_cast<uint32_t>(begin), static_cast<uint32_t>(end)});
  }

  std::string text_;
  std::vector<Source> sources_;
};

}  // namespace

SentencePieceTokenizer::SentencePieceTokenizer(const TokenizerSpec& spec)
    : TokenizerCore(spec, BytesOfTokens(spec)), pieces_(spec.tokens.size()) {
  for (size_t id = 0; id < size(); ++id) {
    if (std::isnan(spec.tokens[id].score)) {
      throw Error::Format("the score of token " + std::to_string(id) +
                          " is not a number");
    }
    const TokenInfo& token = infos_[id];
    const bool is_text = token.kind == TokenKind::kNormal ||
                         token.kind == TokenKind::kUnused ||
                         token.kind == TokenKind::kUserDefined;
    if (is_text && !token.text.empty()) {
      pieces_.Add(token.text, static_cast<TokenId>(id), spec.tokens[id].score);
    }
  }
  ReadBytes();
}

void SentencePieceTokenizer::ReadBytes() {
  size_t missing = 0;
  for (size_t byte = 0; byte < 256; ++byte) {
    std::optional<TokenId> id = FindToken(fmt::format("<0x{:02X}>", byte));
    if (!id) id = pieces_.Find(std::string(1, static_cast<char>(byte)));
    if (!id) {
      ++missing;
      id = declared_.unk;
    }
    byte_ids_[byte] = id.value_or(-1);
  }
  if (missing > 0) {
    remarks_.push_back(
        std::to_string(missing) + " bytes have no token: an encoding " +
        (declared_.unk ? "has the unknown token there" : "leaves them out"));
  }
}

void SentencePieceTokenizer::EncodeStretch(
    std::string_view text, size_t offset, bool at_start,
    std::vector<EncodedToken>* out) const {
  if (text.size() >= std::numeric_limits<uint32_t>::max() / 3) {
    throw Error::Limit("a text of 1.4 GiB or more cannot be encoded at once");
  }
  const MarkedText marked(text, adds_space_prefix() && at_start);
  size_t begin = 0;
  for (const uint32_t end : MergePiecesByHeap(pieces_, marked.text())) {
    const std::string_view part = marked.text().substr(begin, end - begin);
    ByteRange source = marked.SourceOf(begin, end);
    source.begin += offset;
    source.end += offset;
    if (const std::optional<TokenId> id = pieces_.Find(part)) {
      out->push_back({*id, source});
    } else {
      for (const char byte : part) {
        const TokenId id_of_byte = byte_ids_[static_cast<uint8_t>(byte)];
        if (id_of_byte >= 0) out->push_back({id_of_byte, source});
      }
    }
    begin = end;
  }
}

}  // namespace fullstop
