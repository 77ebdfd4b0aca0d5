#include "tokenizer/sentencepiece_tokenizer.h"

#include <fmt/format.h>

#include <algorithm>
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
    const bool is_text =
        token.kind != TokenKind::kControl && token.kind != TokenKind::kUnknown;
    const std::optional<char> byte =
        token.kind == TokenKind::kByte ? ByteOfName(token.text) : std::nullopt;
    bytes.push_back(byte      ? std::string(1, *byte)
                    : is_text ? WithSpaces(token.text)
                              : std::string(token.text));
  }
  return bytes;
}

std::string WithMarks(std::string_view text, bool with_prefix) {
  std::string marked(with_prefix ? kSpaceMark : "");
  marked.reserve(text.size() + text.size() / 2 + kSpaceMark.size());
  for (size_t at = 0; at < text.size();) {
    const size_t space = std::min(text.find(' ', at), text.size());
    marked += text.substr(at, space - at);
    if (space < text.size()) marked += kSpaceMark;
    at = space + 1;
  }
  return marked;
}

// Where in SOURCE, from AT on, the characters of PART end: a part of its marked
// form. A mark may be the source's own.
size_t EndInSource(std::string_view source, size_t at, std::string_view part) {
  for (size_t i = 0; i < part.size();) {
    i += source[at] == ' ' ? kSpaceMark.size() : 1;
    ++at;
  }
  return at;
}

}  // namespace

std::optional<char> ByteOfName(std::string_view text) {
  if (text.size() != 6 || !text.starts_with("<0x") || text[5] != '>') {
    return std::nullopt;
  }
  const int high = HexDigit(text[3]);
  const int low = HexDigit(text[4]);
  if (high < 0 || low < 0) return std::nullopt;
  return static_cast<char>(high * 16 + low);
}

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
  if (missing == 256 && pieces_.empty()) {
    throw Error::Format("no token stands for any text")
        .Advice("tokenizer.ggml.tokens or tokenizer.ggml.token_type is wrong");
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
  const bool with_prefix = adds_space_prefix() && at_start;
  const std::string marked = WithMarks(text, with_prefix);
  size_t begin = 0;
  size_t prefix = with_prefix ? kSpaceMark.size() : 0;  // of the part
  ByteRange source;
  for (const PiecePart& part : MergePieces(pieces_, marked)) {
    const std::string_view bytes =
        std::string_view(marked).substr(begin, part.end - begin);
    source.begin = source.end;
    source.end = EndInSource(text, source.begin, bytes.substr(prefix));
    const ByteRange range{source.begin + offset, source.end + offset};
    if (part.id >= 0) {
      out->push_back({part.id, range});
    } else {
      for (const char byte : bytes) {
        const TokenId id = byte_ids_[static_cast<uint8_t>(byte)];
        if (id >= 0) out->push_back({id, range});
      }
    }
    begin = part.end;
    prefix = 0;
  }
}

}  // namespace fullstop
