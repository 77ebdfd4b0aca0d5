// For fuzz targets: tokenizers of foreign bytes, made and used.
#ifndef FULLSTOP_TOKENIZER_FUZZ_CHECKS_H_
#define FULLSTOP_TOKENIZER_FUZZ_CHECKS_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "tokenizer/byte_alphabet.h"
#include "tokenizer/gguf_keys.h"
#include "tokenizer/pre_tokenizers.h"
#include "tokenizer/tokenizer.h"

namespace fullstop {

inline void Check(bool holds) {
  if (!holds) std::abort();
}

// The members of a vocabulary of all bytes, as JSON.
inline const std::string& AllBytes() {
  static const std::string kMembers = [] {
    std::string members;
    for (int byte = 0; byte < 256; ++byte) {
      std::string text =
          BytesToAlphabet(std::string(1, static_cast<char>(byte)));
      if (text == "\"" || text == "\\") text.insert(0, "\\");
      members +=
          (byte == 0 ? "\"" : ",\"") + text + "\":" + std::to_string(byte);
    }
    return members;
  }();
  return kMembers;
}

// TEXT with them where it says "@bytes".
inline std::string WithAllBytes(std::string_view text) {
  std::string whole(text);
  const size_t at = whole.find("@bytes");
  if (at != std::string::npos) whole.replace(at, 6, AllBytes());
  return whole;
}

// A pattern may be of any power: those of few quantifiers run on a short text.
inline bool IsTame(const TokenizerSpec& spec) {
  const auto is_tame = [](std::string_view pattern) {
    return pattern.size() < 200 && std::count_if(
                                       pattern.begin(), pattern.end(),
                                       [](char c) {
                                         return c == '+' || c == '*' ||
                                                c == '?' || c == '{';
                                       }) <= 4;
  };
  for (const PreTokenizerStep& step : spec.steps) {
    const auto* split = std::get_if<SplitStep>(&step);
    if (split == nullptr || is_tame(split->pattern)) continue;
    bool known = split->pattern == ByteLevelPattern() ||
                 split->pattern == PunctuationPattern();
    for (const PreTokenizer& entry : AllPreTokenizers()) {
      for (const SplitStep& own : entry.steps) {
        known |= own.pattern == split->pattern;
      }
    }
    if (!known) return false;
  }
  for (const NormalizerStep& step : spec.normalizer) {
    if (step.kind == NormalizerStep::Kind::kReplacePattern &&
        !is_tame(step.pattern)) {
      return false;
    }
  }
  return true;
}

inline void CheckEncoding(const Tokenizer& tokenizer, std::string_view text) {
  const ByteRange half{text.size() / 4, text.size()};
  EncodeOptions options;
  for (const bool special : {false, true}) {
    if (special) options.control_ranges = {&half, 1};
    std::vector<TokenId> ids;
    for (const EncodedToken& token :
         tokenizer.EncodeWithSource(text, options)) {
      Check(token.id >= 0 && static_cast<size_t>(token.id) < tokenizer.size());
      Check(token.source.begin <= token.source.end);
      Check(token.source.end <= text.size());
      Check(special || tokenizer.info(token.id).kind != TokenKind::kControl);
      ids.push_back(token.id);
    }
    StreamDecoder decoder(tokenizer, true);
    std::string streamed;
    for (const TokenId id : ids) streamed += decoder.Put(id, true);
    Check(streamed + decoder.Finish() == tokenizer.Decode(ids));
  }
}

// Makes the tokenizer of SPEC, and encodes and decodes the beginning of TEXT.
inline void CheckTokenizer(TokenizerSpec spec, std::string_view text) {
  constexpr size_t kLongestText = 200;
  if (!IsTame(spec)) return;
  GgufPreName(spec);
  if (spec.model == TokenizerModel::kByteLevelBpe) GgufMerges(spec);
  CheckEncoding(*MakeTokenizer(std::move(spec)), text.substr(0, kLongestText));
}

// What a target answers: RUN takes the input, and throws nothing but an Error
// that says something.
template <typename Function>
int CheckInput(const uint8_t* data, size_t size, Function run) {
  try {
    run(std::string_view(reinterpret_cast<const char*>(data), size));
  } catch (const Error& error) {
    Check(!error.message().empty());
  }
  return 0;
}

}  // namespace fullstop

#endif  // FULLSTOP_TOKENIZER_FUZZ_CHECKS_H_
