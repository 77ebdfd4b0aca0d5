#include "convert/tokenizer_keys.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>

#include "base/error.h"
#include "tokenizer/byte_alphabet.h"
#include "tokenizer/pre_tokenizers.h"

namespace fullstop {
namespace {

// GGUF's numbers of the kinds of token.
int32_t TypeNumber(TokenKind kind) {
  switch (kind) {
    case TokenKind::kNormal:
      return 1;
    case TokenKind::kUnknown:
      return 2;
    case TokenKind::kControl:
      return 3;
    case TokenKind::kUserDefined:
      return 4;
    case TokenKind::kByte:
      return 6;
    case TokenKind::kUnused:
      break;
  }
  return 5;
}

bool IsAdded(const TokenSpec& token) {
  return token.kind == TokenKind::kControl ||
         token.kind == TokenKind::kUserDefined ||
         token.kind == TokenKind::kUnknown;
}

class TokenizerKeys {
 public:
  TokenizerKeys(const TokenizerSpec& spec, GgufWriter* writer,
                std::vector<std::string>* remarks)
      : spec_(spec), writer_(*writer), remarks_(*remarks) {}

  void Add(std::optional<bool> add_bos, uint64_t rows) {
    bool bos_by_default = true;
    if (spec_.model == TokenizerModel::kByteLevelBpe) {
      AddText("model", "gpt2");
      bos_by_default = AddPreTokenizer();
      AddTokens(rows);
      AddMerges();
    } else if (spec_.model == TokenizerModel::kUnigram) {
      AddText("model", "t5");
      AddTokens(rows);
      AddScores([](const TokenSpec& token) {
        return static_cast<float>(token.score);
      });
      bos_by_default = false;
      AddNormalizer();
    } else {
      AddSentencePiece(rows);
    }
    if (add_bos || spec_.adds_bos != bos_by_default) {
      AddFlag("add_bos_token", add_bos.value_or(spec_.adds_bos));
    }
    if (spec_.adds_eos) AddFlag("add_eos_token", true);
    AddFlags();
  }

 private:
  static std::string Key(std::string_view name) {
    return "tokenizer.ggml." + std::string(name);
  }
  void AddText(std::string_view name, std::string_view text) {
    writer_.Add(Key(name), {text});
  }
  void AddFlag(std::string_view name, bool value) {
    writer_.Add(Key(name), {value});
  }
  template <typename T>
  void AddArray(std::string_view name, std::vector<T> values) {
    writer_.Add(Key(name), {GgufArray(std::move(values))});
  }

  // Whether BOS is put before a plain text where no key says so.
  bool AddPreTokenizer() {
    const std::optional<std::string> name = PreTokenizerName(spec_);
    if (!name) {
      remarks_.push_back(
          "no name of tokenizer.ggml.pre stands for how this vocabulary cuts "
          "text: other programs will cut some texts elsewhere");
    }
    AddText("pre", name.value_or("default"));
    const PreTokenizer* found = FindPreTokenizer(name.value_or("default"));
    return found != nullptr && found->adds_bos;
  }

  // As the model's own tokens are spelt in a file.
  std::string Spelling(const TokenSpec& token) const {
    if (spec_.model == TokenizerModel::kByteLevelBpe &&
        spec_.text_form == TokenText::kPlain && !IsAdded(token)) {
      return BytesToAlphabet(token.text);
    }
    return std::string(token.text);
  }

  void AddTokens(uint64_t rows) {
    const size_t count = spec_.tokens.size();
    if (rows != 0 && rows < count) {
      remarks_.push_back("the vocabulary has " + std::to_string(count) +
                         " tokens, the model only " + std::to_string(rows) +
                         " rows: the last tokens can't be used");
    }
    const size_t all = std::max<size_t>(rows, count);
    std::vector<std::string> texts;
    std::vector<int32_t> types;
    for (size_t id = 0; id < all; ++id) {
      TokenSpec token = {.kind = TokenKind::kUnused};
      if (id < count) token = spec_.tokens[id];
      const bool nothing =
          token.text.empty() && token.kind == TokenKind::kUnused;
      texts.push_back(nothing ? "[PAD" + std::to_string(id) + "]"
                              : Spelling(token));
      types.push_back(TypeNumber(token.kind));
    }
    AddArray("tokens",
             std::vector<std::string_view>(texts.begin(), texts.end()));
    AddArray("token_type", std::move(types));
    padded_ = all;
  }

  void AddMerges() {
    std::vector<std::string> merges;
    merges.reserve(spec_.merges.size());
    const bool plain = spec_.text_form == TokenText::kPlain;
    const auto spell = [plain](std::string_view text) {
      return plain ? BytesToAlphabet(text) : std::string(text);
    };
    for (const auto& [left, right] : spec_.merges) {
      merges.push_back(spell(left) + " " + spell(right));
    }
    AddArray("merges",
             std::vector<std::string_view>(merges.begin(), merges.end()));
  }

  template <typename Score>
  void AddScores(Score score) {
    std::vector<float> scores;
    for (const TokenSpec& token : spec_.tokens) {
      scores.push_back(score(token));
    }
    scores.resize(padded_, -10000.0f);
    AddArray("scores", std::move(scores));
  }

  // Merging by rank, too: the pair that merges first is the one whose result
  // has the highest score, so the ranks make scores.
  void AddSentencePiece(uint64_t rows) {
    if (spec_.text_form != TokenText::kMarkedSpaces) {
      throw Error::Unsupported(
          "GGUF has no kind of vocabulary that merges characters and does not "
          "mark spaces with U+2581");
    }
    AddText("model", "llama");
    AddText("pre", "default");
    AddTokens(rows);
    if (spec_.model == TokenizerModel::kSentencePieceBpe) {
      AddScores([](const TokenSpec& token) {
        return static_cast<float>(token.score);
      });
    } else {
      std::unordered_map<std::string, size_t> ranks;
      for (size_t rank = 0; rank < spec_.merges.size(); ++rank) {
        const auto& [left, right] = spec_.merges[rank];
        ranks.try_emplace(std::string(left) + std::string(right), rank);
      }
      AddScores([&ranks](const TokenSpec& token) {
        const auto found = ranks.find(std::string(token.text));
        return found == ranks.end() ? -1e6f
                                    : -static_cast<float>(found->second);
      });
    }
    AddFlag("add_space_prefix", spec_.space_prefix != SpacePrefix::kNever);
  }

  void AddNormalizer() {
    bool merge_spaces = false;
    for (const NormalizerStep& step : spec_.normalizer) {
      merge_spaces = merge_spaces || step.merge_spaces;
      if (step.kind != NormalizerStep::Kind::kCharsmap &&
          step.kind != NormalizerStep::Kind::kSentencePiece) {
        continue;
      }
      if (step.content.empty()) continue;
      AddArray("precompiled_charsmap",
               std::vector<uint8_t>(step.content.begin(), step.content.end()));
    }
    AddFlag("remove_extra_whitespaces", merge_spaces);
    AddFlag("add_space_prefix", spec_.space_prefix != SpacePrefix::kNever);
  }

  template <typename Test>
  void AddIds(std::string_view name, Test test) {
    std::vector<int32_t> ids;
    for (size_t id = 0; id < spec_.tokens.size(); ++id) {
      if (IsAdded(spec_.tokens[id]) && test(spec_.tokens[id])) {
        ids.push_back(static_cast<int32_t>(id));
      }
    }
    writer_.Add("fullstop.token_" + std::string(name), {GgufArray(ids)});
  }

  void AddFlags() {
    AddIds("lstrip", [](const TokenSpec& token) { return token.lstrip; });
    AddIds("rstrip", [](const TokenSpec& token) { return token.rstrip; });
    AddIds("single_word",
           [](const TokenSpec& token) { return token.single_word; });
    AddIds("normalized", [](const TokenSpec& token) {
      return token.match == TokenMatch::kNormalText;
    });
  }

  const TokenizerSpec& spec_;
  GgufWriter& writer_;
  std::vector<std::string>& remarks_;
  size_t padded_ = 0;
};

bool HasSteps(const PreTokenizer& pre, const TokenizerSpec& spec) {
  std::vector<PreTokenizerStep> steps;
  for (const SplitStep& step : pre.steps) {
    if (!step.pattern.empty()) steps.emplace_back(step);
  }
  const bool nfc = spec.normalizer.size() == 1 &&
                   spec.normalizer[0].kind == NormalizerStep::Kind::kNfc;
  return steps == spec.steps && (nfc || spec.normalizer.empty()) &&
         pre.nfc == nfc && pre.ignore_merges == spec.ignore_merges;
}

}  // namespace

std::optional<std::string> PreTokenizerName(const TokenizerSpec& spec) {
  for (const bool same_bos : {true, false}) {
    for (const PreTokenizer& pre : AllPreTokenizers()) {
      if (pre.kind != PreTokenizer::Kind::kByteLevel || !HasSteps(pre, spec) ||
          (same_bos && pre.adds_bos != spec.adds_bos)) {
        continue;
      }
      return std::string(pre.names.substr(0, pre.names.find(' ')));
    }
  }
  return std::nullopt;
}

void AddTokenizerKeys(const TokenizerSpec& spec, std::optional<bool> add_bos,
                      uint64_t rows, GgufWriter* writer,
                      std::vector<std::string>* remarks) {
  TokenizerKeys(spec, writer, remarks).Add(add_bos, rows);
}

}  // namespace fullstop
