#ifndef FULLSTOP_TOKENIZER_TOKENIZER_H_
#define FULLSTOP_TOKENIZER_TOKENIZER_H_

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/token_id.h"

namespace fullstop {

class GgufFile;
class HfFolder;
class PieceCache;

enum class TokenKind {
  kNormal,
  kUnknown,
  kControl,      // GGUF CONTROL, or marked special
  kUserDefined,  // an added token that is not special: matches everywhere
  kUnused,
  kByte,  // SentencePiece's <0xHH>
};

struct TokenInfo {
  // The vocabulary's own spelling; for an added or control token its text.
  std::string_view text;
  TokenKind kind = TokenKind::kNormal;
  // White space that a match of an added token swallows on that side.
  bool lstrip = false;
  bool rstrip = false;
};

// Where a space is put before a text: nowhere, before the whole, or before each
// stretch between added and control tokens.
enum class SpacePrefix { kNever, kFirst, kAlways };

// Bytes [begin, end) of a text.
struct ByteRange {
  size_t begin = 0;
  size_t end = 0;
};

struct EncodeOptions {
  // Where control tokens are recognised: a control token is matched only if all
  // its bytes lie within one of these ranges (ascending, disjoint). Elsewhere
  // its spelling is ordinary text. User-defined tokens match everywhere.
  std::span<const ByteRange> control_ranges = {};
  // Ids to treat as control tokens although their kind is kUserDefined: the
  // added tokens that a template itself writes. Ascending.
  std::span<const TokenId> extra_control = {};
  // What earlier calls made of pieces (piece_cache.h); may be nullptr. It
  // changes no result.
  PieceCache* cache = nullptr;
};

// What a token was made from.
struct EncodedToken {
  TokenId id;
  // The bytes of the input text that the token covers. Tokens that share one
  // character (byte fallback) share its range; an added space has an empty one.
  ByteRange source;
};

// A vocabulary and its rules, from text to ids and back. Immutable; encoding
// and decoding may be called from any number of threads.
class Tokenizer {
 public:
  virtual ~Tokenizer() = default;

  // Reads the tokenizer.ggml.* keys; the model's tensors are not looked at.
  // Throws Error (kFormat; kUnsupported naming tokenizer.ggml.model or .pre).
  static std::unique_ptr<Tokenizer> FromGguf(const GgufFile& file);

  // Reads the tokenizer files of a Hugging Face folder. Throws Error as
  // TokenizerSpecFromFolder does (folder_spec.h).
  static std::unique_ptr<Tokenizer> FromFolder(const HfFolder& folder);

  // Text to ids, nothing added at either end. Any bytes are accepted.
  virtual std::vector<EncodedToken> EncodeWithSource(
      std::string_view text, const EncodeOptions& options) const = 0;
  std::vector<TokenId> Encode(std::string_view text,
                              const EncodeOptions& options = {}) const;

  // The exact bytes that a token stands for, with a SentencePiece space marker
  // as a space; the text of a control token or of a byte-level vocabulary's
  // added token. A view into the object.
  // ID must be in range.
  virtual std::string_view TokenBytes(TokenId id) const = 0;

  // The inverse of Encode: all bytes of all tokens, less the space that the
  // vocabulary's rules put before the first word (only if IDS are the start of
  // a text). Control tokens are left out unless SHOW_CONTROL.
  virtual std::string Decode(std::span<const TokenId> ids,
                             bool show_control = true) const = 0;

  size_t size() const { return infos_.size(); }
  const TokenInfo& info(TokenId id) const {
    return infos_[static_cast<size_t>(id)];
  }
  // The id whose text is exactly TEXT.
  virtual std::optional<TokenId> FindToken(std::string_view text) const = 0;

  // As the file declares them; absent where it does not.
  struct Declared {
    std::optional<TokenId> bos, eos, unk, pad, eot, eom;
    std::optional<bool> add_bos, add_eos;
    std::optional<bool> add_space_prefix;
  };
  const Declared& declared() const { return declared_; }
  // Whether a plain text (no template) is begun with BOS or ended with EOS: the
  // declaration, else the default of the vocabulary's kind as in llama.cpp.
  bool adds_bos() const { return adds_bos_; }
  bool adds_eos() const { return adds_eos_; }
  // What is put before and behind a plain text, all of it: BOS and EOS, or what
  // the vocabulary has instead of them.
  std::span<const TokenId> text_prefix() const { return text_prefix_; }
  std::span<const TokenId> text_suffix() const { return text_suffix_; }
  // Where encoding puts a space that decoding takes away again: before the
  // first word, or also behind each added and control token.
  SpacePrefix space_prefix() const { return space_prefix_; }
  // What was odd about the file but could be lived with ("no tokenizer.ggml.pre
  // key: the default pattern is used"), a sentence each.
  const std::vector<std::string>& remarks() const { return remarks_; }

 protected:
  std::vector<TokenInfo> infos_;
  Declared declared_;
  bool adds_bos_ = false;
  bool adds_eos_ = false;
  std::vector<TokenId> text_prefix_;
  std::vector<TokenId> text_suffix_;
  SpacePrefix space_prefix_ = SpacePrefix::kNever;
  std::vector<std::string> remarks_;
};

// Decodes a stream of ids. Bytes() of a token may end within a character; what
// Put returns never does: such bytes are held until the next token completes or
// breaks the character. A plain value: copying takes back. One thread.
class StreamDecoder {
 public:
  // TOKENIZER must outlive the object.
  explicit StreamDecoder(const Tokenizer& tokenizer, bool at_text_start);
  // The bytes that the token makes available.
  std::string Put(TokenId id, bool show_control = false);
  // What is still held: an incomplete character, as raw bytes.
  std::string Finish();

 private:
  const Tokenizer* tokenizer_;
  bool strip_space_;
  std::string held_;
};

}  // namespace fullstop

#endif  // FULLSTOP_TOKENIZER_TOKENIZER_H_
