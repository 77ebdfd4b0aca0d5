// Tokenizer files of foreign bytes: an error, or a tokenizer that encodes and
// decodes.
//
// The input: a line, then the file; what is behind the last empty line is the
// text. The line's first byte says what the file is (j: tokenizer.json,
// k: tekken.json, m: SentencePiece model, r: ranks, v: vocab.json, with the
// merges behind a line "--"); the rest of it is the name of one of our
// pre-tokenizers, for a file that has none. In a JSON file "@bytes" stands for
// the members of a vocabulary of all bytes.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "tokenizer/byte_alphabet.h"
#include "tokenizer/gguf_keys.h"
#include "tokenizer/json_spec.h"
#include "tokenizer/pre_tokenizers.h"
#include "tokenizer/sentencepiece_spec.h"
#include "tokenizer/tekken_spec.h"
#include "tokenizer/vocab_merges_spec.h"

namespace fullstop {
namespace {

constexpr size_t kLongestText = 200;

void Check(bool holds) {
  if (!holds) std::abort();
}

const std::string& AllBytes() {
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

std::shared_ptr<JsonFile> Json(std::string_view bytes) {
  std::string text(bytes);
  const size_t at = text.find("@bytes");
  if (at != std::string::npos) text.replace(at, 6, AllBytes());
  return std::make_shared<JsonFile>(text, "fuzz.json");
}

TokenizerSpec Parse(char kind, std::string_view file) {
  switch (kind) {
    case 'j':
      return TokenizerSpecFromJson(Json(file));
    case 'k':
      return TokenizerSpecFromTekken(Json(file));
    case 'm':
      return ParseSentencePiece(file, "fuzz.model");
    case 'v': {
      const size_t end = std::min(file.find("\n--\n"), file.size());
      const std::string merges(file.substr(std::min(file.size(), end + 4)));
      return TokenizerSpecFromVocabulary(Json(file.substr(0, end)), merges,
                                         "merges.txt");
    }
    default:
      return TokenizerSpecFromRanks(file, "fuzz.tiktoken");
  }
}

// A pattern may be of any power: those of few quantifiers run on a short text.
bool IsTame(const TokenizerSpec& spec) {
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

void Encode(const Tokenizer& tokenizer, std::string_view text) {
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

void Run(std::string_view input) {
  const std::string_view line = input.substr(0, input.find('\n'));
  input.remove_prefix(std::min(input.size(), line.size() + 1));
  const size_t border = input.rfind("\n\n");
  std::string_view text;
  if (border != std::string_view::npos) {
    text = input.substr(border + 2).substr(0, kLongestText);
    input = input.substr(0, border + 1);
  }
  TokenizerSpec spec = Parse(line.empty() ? 'j' : line[0], input);
  const PreTokenizer* pre =
      FindPreTokenizer(line.empty() ? line : line.substr(1));
  if (pre != nullptr && spec.steps.empty()) {
    for (const SplitStep& step : pre->steps) {
      if (!step.pattern.empty()) spec.steps.emplace_back(step);
    }
  }
  if (!IsTame(spec)) return;
  GgufPreName(spec);
  if (spec.model == TokenizerModel::kByteLevelBpe) GgufMerges(spec);
  Encode(*MakeTokenizer(std::move(spec)), text);
}

}  // namespace
}  // namespace fullstop

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    fullstop::Run({reinterpret_cast<const char*>(data), size});
  } catch (const fullstop::Error& error) {
    fullstop::Check(!error.message().empty());
  }
  return 0;
}
