#include "tokenizer/gguf_keys.h"

#include <algorithm>
#include <string_view>

#include "base/error.h"
#include "tokenizer/byte_alphabet.h"
#include "tokenizer/pre_tokenizers.h"
#include "tokenizer/split_pattern.h"
#include "tokenizer/string_index.h"

namespace fullstop {
namespace {

bool MeanTheSame(std::string_view a, std::string_view b) {
  if (a == b) return true;
  try {
    return ParseSplitPattern(a) == ParseSplitPattern(b);
  } catch (const Error&) {
    return false;
  }
}

bool HasSteps(const PreTokenizer& entry,
              const std::vector<PreTokenizerStep>& steps) {
  size_t count = 0;
  for (const SplitStep& known : entry.steps) {
    if (known.pattern.empty()) break;
    if (count == steps.size()) return false;
    const auto* step = std::get_if<SplitStep>(&steps[count++]);
    if (step == nullptr || step->behavior != known.behavior ||
        step->invert != known.invert || step->on_bytes != known.on_bytes ||
        !MeanTheSame(step->pattern, known.pattern)) {
      return false;
    }
  }
  return count == steps.size();
}

// The two parts that a token falls into when only lower ids may merge. Bytes of
// the vocabulary's alphabet are characters.
class LastMerge {
 public:
  explicit LastMerge(const TokenizerSpec& spec) : ids_(spec.tokens.size()) {
    for (size_t id = 0; id < spec.tokens.size(); ++id) {
      const TokenSpec& token = spec.tokens[id];
      if (token.in_model && !token.text.empty()) {
        ids_.Add(token.text, static_cast<TokenId>(id));
      }
    }
  }

  // Where the second part begins; nullopt if there are not two.
  std::optional<size_t> Find(std::string_view text, TokenId id) const {
    std::vector<size_t> cuts = {0};
    for (size_t at = 1; at <= text.size(); ++at) {
      if (at == text.size() || (text[at] & 0xC0) != 0x80) cuts.push_back(at);
    }
    while (cuts.size() > 3) {
      size_t best = 0;
      TokenId lowest = id;
      for (size_t i = 1; i + 1 < cuts.size(); ++i) {
        const auto merged =
            ids_.Find(text.substr(cuts[i - 1], cuts[i + 1] - cuts[i - 1]));
        if (merged && *merged < lowest) {
          lowest = *merged;
          best = i;
        }
      }
      if (best == 0) return std::nullopt;
      cuts.erase(cuts.begin() + static_cast<ptrdiff_t>(best));
    }
    if (cuts.size() != 3) return std::nullopt;
    return cuts[1];
  }

 private:
  StringIndex ids_;
};

}  // namespace

std::optional<std::string> GgufPreName(const TokenizerSpec& spec) {
  if (spec.model != TokenizerModel::kByteLevelBpe) return std::nullopt;
  bool nfc = false;
  for (const NormalizerStep& step : spec.normalizer) {
    if (step.kind != NormalizerStep::Kind::kNfc) return std::nullopt;
    nfc = true;
  }
  std::optional<std::string> other;
  for (const PreTokenizer& entry : AllPreTokenizers()) {
    if (entry.kind != PreTokenizer::Kind::kByteLevel || entry.nfc != nfc ||
        !HasSteps(entry, spec.steps)) {
      continue;
    }
    const std::string name(entry.names.substr(0, entry.names.find(' ')));
    if (entry.ignore_merges == spec.ignore_merges) return name;
    // Where merges are implied they lead to every token.
    if (spec.implied_merges && !other) other = name;
  }
  return other;
}

std::vector<std::string> GgufMerges(const TokenizerSpec& spec) {
  std::vector<std::string> merges;
  const auto add = [&](std::string_view left, std::string_view right) {
    if (left.find(' ') != std::string_view::npos ||
        right.find(' ') != std::string_view::npos) {
      throw Error::Unsupported("the merge of \"" + std::string(left) +
                               "\" and \"" + std::string(right) +
                               "\" has a space, which GGUF cannot spell");
    }
    merges.push_back(std::string(left) + " " + std::string(right));
  };
  if (!spec.implied_merges) {
    for (const auto& [left, right] : spec.merges) add(left, right);
    return merges;
  }
  const LastMerge last(spec);
  for (size_t id = 0; id < spec.tokens.size(); ++id) {
    const TokenSpec& token = spec.tokens[id];
    if (!token.in_model || !BytesFromAlphabet(token.text)) continue;
    const auto cut = last.Find(token.text, static_cast<TokenId>(id));
    if (cut) add(token.text.substr(0, *cut), token.text.substr(*cut));
  }
  return merges;
}

}  // namespace fullstop
