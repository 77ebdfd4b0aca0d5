#include "tokenizer/gguf_spec.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <utility>

#include "base/error.h"
#include "tokenizer/piece_model.h"
#include "tokenizer/pre_tokenizers.h"

namespace fullstop {
namespace {

constexpr std::string_view kTokens = "tokenizer.ggml.tokens";
constexpr std::string_view kTypes = "tokenizer.ggml.token_type";
constexpr std::string_view kScores = "tokenizer.ggml.scores";
constexpr std::string_view kMerges = "tokenizer.ggml.merges";

TokenKind KindOfType(int64_t type) {
  switch (type) {
    case 1:
      return TokenKind::kNormal;
    case 2:
      return TokenKind::kUnknown;
    case 3:
      return TokenKind::kControl;
    case 4:
      return TokenKind::kUserDefined;
    case 6:
      return TokenKind::kByte;
    default:
      return TokenKind::kUnused;
  }
}

void CheckLength(const GgufFile& file, std::string_view key, size_t length,
                 size_t tokens) {
  if (length >= tokens) return;
  throw Error::Format(std::string(key) + " has " + std::to_string(length) +
                      " entries for " + std::to_string(tokens) + " tokens")
      .In(file.paths().front());
}

// For a file without types: the tokens that it declares are control tokens.
void GuessKinds(TokenizerSpec* spec) {
  const Tokenizer::Declared& declared = spec->declared;
  for (const auto& id : {declared.bos, declared.eos, declared.unk, declared.pad,
                         declared.eot, declared.eom}) {
    if (!id || static_cast<size_t>(*id) >= spec->tokens.size()) continue;
    spec->tokens[static_cast<size_t>(*id)].kind = TokenKind::kControl;
  }
  spec->remarks.push_back("no " + std::string(kTypes) +
                          " key: declared special tokens count as control, "
                          "others as ordinary text");
}

void ReadTokens(const GgufFile& file, TokenizerSpec* spec) {
  const auto texts = file.GetStrings(kTokens);
  if (!texts) {
    throw Error::Format("the key " + std::string(kTokens) + " is missing")
        .In(file.paths().front())
        .Advice("use a GGUF file that holds its vocabulary");
  }
  if (texts->size() >
      static_cast<size_t>(std::numeric_limits<TokenId>::max())) {
    throw Error::Format("more tokens than ids").In(file.paths().front());
  }
  spec->tokens.resize(texts->size());
  for (size_t id = 0; id < texts->size(); ++id) {
    spec->tokens[id].text = (*texts)[id];
  }
  const auto types = file.GetIntegers(kTypes);
  if (!types) return GuessKinds(spec);
  CheckLength(file, kTypes, types->size(), texts->size());
  for (size_t id = 0; id < texts->size(); ++id) {
    spec->tokens[id].kind = KindOfType((*types)[id]);
  }
}

void ReadScores(const GgufFile& file, TokenizerSpec* spec) {
  const GgufValue* value = file.Find(kScores);
  if (value == nullptr) {
    spec->remarks.push_back("no " + std::string(kScores) +
                            " key: the leftmost pair merges first");
    return;
  }
  const auto* array = std::get_if<GgufArray>(&value->value);
  const bool integers =
      array != nullptr && std::holds_alternative<std::vector<int32_t>>(*array);
  std::vector<float> scores;
  if (integers) {
    for (const int32_t score : std::get<std::vector<int32_t>>(*array)) {
      scores.push_back(static_cast<float>(score));
    }
  } else {
    scores = file.GetFloats(kScores).value();
  }
  CheckLength(file, kScores, scores.size(), spec->tokens.size());
  for (size_t id = 0; id < spec->tokens.size(); ++id) {
    spec->tokens[id].score = scores[id];
  }
}

// "left right", where LEFT is not empty.
void ReadMerges(const GgufFile& file, TokenizerSpec* spec) {
  const auto merges = file.GetStrings(kMerges);
  if (!merges) {
    throw Error::Format("the key " + std::string(kMerges) + " is missing")
        .In(file.paths().front())
        .Advice("convert the model again with a current converter");
  }
  spec->merges.reserve(merges->size());
  for (const std::string_view merge : *merges) {
    const size_t space = merge.find(' ', 1);
    if (space == std::string_view::npos) {
      throw Error::Format("an entry of " + std::string(kMerges) +
                          " is no pair: \"" + std::string(merge) + "\"")
          .In(file.paths().front());
    }
    spec->merges.emplace_back(merge.substr(0, space), merge.substr(space + 1));
  }
}

void ReadDeclared(const GgufFile& file, TokenizerSpec* spec) {
  const auto id = [&](std::string_view name) -> std::optional<TokenId> {
    const std::string key = "tokenizer.ggml." + std::string(name) + "_token_id";
    const auto value = file.GetInteger(key);
    if (!value) return std::nullopt;
    if (*value < 0 || *value > std::numeric_limits<TokenId>::max()) {
      spec->remarks.push_back(key + " is " + std::to_string(*value) +
                              ", which is no id: it is ignored");
      return std::nullopt;
    }
    return static_cast<TokenId>(*value);
  };
  Tokenizer::Declared& declared = spec->declared;
  declared.bos = id("bos");
  declared.eos = id("eos");
  declared.unk = id("unknown");
  declared.pad = id("padding");
  declared.eot = id("eot");
  declared.eom = id("eom");
  declared.add_bos = file.GetBool("tokenizer.ggml.add_bos_token");
  declared.add_eos = file.GetBool("tokenizer.ggml.add_eos_token");
  declared.add_space_prefix = file.GetBool("tokenizer.ggml.add_space_prefix");
}

// ABSENT: the name of a file that has none, with a remark if that is a guess.
const PreTokenizer& ReadPreTokenizer(const GgufFile& file,
                                     std::string_view absent,
                                     TokenizerSpec* spec) {
  const std::optional<std::string_view> name =
      file.GetString("tokenizer.ggml.pre");
  if (!name && absent == "default") {
    spec->remarks.push_back(
        "no tokenizer.ggml.pre key: text is split by the default pattern, "
        "which may not be the model's");
  }
  const PreTokenizer* found = FindPreTokenizer(name.value_or(absent));
  if (found == nullptr) {
    throw Error::Unsupported("tokenizer.ggml.pre is \"" + std::string(*name) +
                             "\", which is not known")
        .In(file.paths().front())
        .Advice("the known name most like it is \"" +
                std::string(NearestPreTokenizerName(*name)) + "\"");
  }
  if (found->kind == PreTokenizer::Kind::kWords) {
    throw Error::Unsupported("tokenizer.ggml.pre is \"" + std::string(*name) +
                             "\", a vocabulary of whole words, which is not "
                             "supported")
        .In(file.paths().front());
  }
  return *found;
}

// BPE by rank over bytes, or over characters with U+2581 for spaces.
void ReadRankedBpe(const GgufFile& file, std::string_view absent_pre,
                   TokenizerSpec* spec) {
  const PreTokenizer& pre = ReadPreTokenizer(file, absent_pre, spec);
  spec->model = TokenizerModel::kByteLevelBpe;
  if (pre.kind == PreTokenizer::Kind::kRawUtf8Bpe) {
    spec->model = TokenizerModel::kCharacterBpe;
    spec->text_form = TokenText::kMarkedSpaces;
    spec->byte_fallback = true;
    spec->unknown = spec->declared.unk;
    MarkSpaces(/*with_prefix=*/false, spec);
  }
  for (const SplitStep& step : pre.steps) {
    if (!step.pattern.empty()) spec->steps.emplace_back(step);
  }
  if (pre.nfc) {
    spec->normalizer.push_back({.kind = NormalizerStep::Kind::kNfc});
  }
  spec->ignore_merges = pre.ignore_merges;
  spec->adds_bos = spec->declared.add_bos.value_or(pre.adds_bos);
  spec->adds_eos = spec->declared.add_eos.value_or(false);
  if (spec->declared.add_space_prefix.value_or(false)) {
    spec->remarks.push_back(
        "tokenizer.ggml.add_space_prefix has no meaning for a vocabulary that "
        "merges by rank: it is ignored");
  }
  ReadMerges(file, spec);
  for (TokenSpec& token : spec->tokens) {
    if (!pre.lstrip_token.empty() && token.text == pre.lstrip_token) {
      token.lstrip = true;
    }
  }
}

// "t5": SentencePiece's unigram, its normaliser in keys of their own.
void ReadUnigram(const GgufFile& file, TokenizerSpec* spec) {
  spec->model = TokenizerModel::kUnigram;
  spec->text_form = TokenText::kMarkedSpaces;
  spec->sentencepiece_scores = true;
  spec->fuse_unknown = true;
  spec->unknown = spec->declared.unk;
  spec->adds_bos = spec->declared.add_bos.value_or(false);
  spec->adds_eos = spec->declared.add_eos.value_or(true);
  NormalizerStep step{.kind = NormalizerStep::Kind::kSentencePiece};
  step.space_before = spec->declared.add_space_prefix.value_or(false);
  step.merge_spaces =
      file.GetBool("tokenizer.ggml.remove_extra_whitespaces").value_or(false);
  step.mark_spaces = true;
  if (const auto map =
          file.GetIntegers("tokenizer.ggml.precompiled_charsmap")) {
    auto bytes = std::make_shared<std::string>();
    for (const int64_t byte : *map) *bytes += static_cast<char>(byte);
    step.content = *bytes;
    spec->keeper = bytes;
  }
  spec->normalizer.push_back(std::move(step));
  if (spec->normalizer[0].space_before) {
    spec->space_prefix = SpacePrefix::kAlways;
  }
  ReadScores(file, spec);
}

// Phi-3's tokenizer.json gives its added tokens rstrip, which GGUF has no key
// for; the architecture and the model's name are all there is to go by.
bool IsPhi3(const GgufFile& file) {
  if (file.GetString("general.architecture") == "phi3") return true;
  std::string name(file.GetString("general.name").value_or(""));
  std::transform(name.begin(), name.end(), name.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return name.find("phi-3") != std::string::npos ||
         name.find("phi3") != std::string::npos;
}

// Files exist whose ends are marked as ordinary or as added text. As llama.cpp
// does, such a token counts as control.
void MendEndKinds(TokenizerSpec* spec) {
  static constexpr std::string_view kEnds[] = {
      "</s>",          "<|im_end|>",      "<|end|>",    "<end_of_turn>",
      "<|endoftext|>", "<|end_of_text|>", "<|eot_id|>", "<|eom_id|>",
      "<EOT>",         "_<EOT>",          "[EOT]",      "[EOS]",
      "<eos>",         "<|return|>",      "<|call|>",   "<end_of_utterance>"};
  for (TokenSpec& token : spec->tokens) {
    if (token.kind != TokenKind::kNormal &&
        token.kind != TokenKind::kUserDefined) {
      continue;
    }
    if (std::find(std::begin(kEnds), std::end(kEnds), token.text) ==
        std::end(kEnds)) {
      continue;
    }
    token.kind = TokenKind::kControl;
    spec->remarks.push_back("the token " + std::string(token.text) +
                            " is not marked as control, but counts as such by "
                            "its name");
  }
}

void ReadSentencePiece(const GgufFile& file, TokenizerSpec* spec) {
  spec->model = TokenizerModel::kSentencePieceBpe;
  spec->text_form = TokenText::kMarkedSpaces;
  spec->byte_fallback = true;
  spec->unknown = spec->declared.unk;
  MarkSpaces(spec->declared.add_space_prefix.value_or(true), spec);
  spec->adds_bos = spec->declared.add_bos.value_or(true);
  spec->adds_eos = spec->declared.add_eos.value_or(false);
  ReadScores(file, spec);
  for (TokenSpec& token : spec->tokens) {
    if (file.Find(kTypes) == nullptr && ByteOfName(token.text)) {
      token.kind = TokenKind::kByte;
    }
  }
  MendEndKinds(spec);
  if (!IsPhi3(file)) return;
  for (TokenSpec& token : spec->tokens) {
    const bool is_added = token.kind == TokenKind::kControl ||
                          token.kind == TokenKind::kUserDefined ||
                          token.kind == TokenKind::kUnknown;
    token.rstrip = is_added && token.text != "<unk>" && token.text != "<s>" &&
                   token.text != "<|endoftext|>";
  }
}

}  // namespace

TokenizerSpec TokenizerSpecFromGguf(const GgufFile& file) {
  const auto model = file.GetString("tokenizer.ggml.model");
  if (!model || *model == "no_vocab" || *model == "none") {
    throw Error::Format(
        model ? "the file holds no vocabulary: tokenizer.ggml.model is \"" +
                    std::string(*model) + "\""
              : "the file holds no vocabulary: tokenizer.ggml.model is missing")
        .In(file.paths().front())
        .Advice("use a GGUF file that holds its vocabulary");
  }
  TokenizerSpec spec;
  ReadDeclared(file, &spec);
  ReadTokens(file, &spec);
  if (*model == "gpt2") {
    ReadRankedBpe(file, "default", &spec);
  } else if (*model == "gemma4") {
    ReadRankedBpe(file, "gemma4", &spec);
  } else if (*model == "llama") {
    ReadSentencePiece(file, &spec);
  } else if (*model == "t5") {
    ReadUnigram(file, &spec);
  } else {
    throw Error::Unsupported(
        "tokenizer.ggml.model is \"" + std::string(*model) +
        "\": only \"gpt2\" and \"gemma4\" (BPE by rank), \"llama\" "
        "(SentencePiece BPE) and \"t5\" (unigram) are supported")
        .In(file.paths().front());
  }
  return spec;
}

}  // namespace fullstop
