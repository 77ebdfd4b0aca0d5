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
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "tokenizer/fuzz_checks.h"
#include "tokenizer/json_spec.h"
#include "tokenizer/sentencepiece_spec.h"
#include "tokenizer/tekken_spec.h"
#include "tokenizer/vocab_merges_spec.h"

namespace fullstop {
namespace {

std::shared_ptr<JsonFile> Json(std::string_view bytes) {
  return std::make_shared<JsonFile>(WithAllBytes(bytes), "fuzz.json");
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

void Run(std::string_view input) {
  const std::string_view line = input.substr(0, input.find('\n'));
  input.remove_prefix(std::min(input.size(), line.size() + 1));
  const size_t border = input.rfind("\n\n");
  std::string_view text;
  if (border != std::string_view::npos) {
    text = input.substr(border + 2);
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
  CheckTokenizer(std::move(spec), text);
}

}  // namespace
}  // namespace fullstop

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return fullstop::CheckInput(data, size, fullstop::Run);
}
