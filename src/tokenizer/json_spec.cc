#include "tokenizer/json_spec.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

#include "base/error.h"
#include "tokenizer/json_steps.h"
#include "tokenizer/piece_model.h"
#include "tokenizer/string_index.h"

namespace fullstop {
namespace {

// A file that names a greater id is not believed.
constexpr size_t kMostTokens = size_t{1} << 24;
constexpr std::string_view kMark = "\xE2\x96\x81";  // U+2581

TokenSpec& TokenAt(const Json& value, TokenId id, TokenizerSpec* spec) {
  const auto index = static_cast<size_t>(id);
  if (index >= kMostTokens) value.Fail("is greater than any vocabulary");
  while (spec->tokens.size() <= index) {
    spec->tokens.push_back({.kind = TokenKind::kUnused, .in_model = false});
  }
  return spec->tokens[index];
}

void ReadVocabulary(const Json& vocab, TokenizerSpec* spec) {
  const simdjson::dom::object object = vocab.Object();
  spec->tokens.reserve(std::min(object.size(), kMostTokens));
  for (const auto& [text, value] : object) {
    int64_t id = 0;
    if (value.get(id) != simdjson::SUCCESS || id < 0 ||
        static_cast<uint64_t>(id) >= kMostTokens) {
      vocab.Part(value, text).Fail("is no id");
    }
    TokenAt(vocab, static_cast<TokenId>(id), spec) = {.text = text};
  }
}

void ReadUnigramVocabulary(const Json& vocab, TokenizerSpec* spec) {
  const simdjson::dom::array array = vocab.Array();
  size_t index = 0;
  for (const auto element : array) {
    simdjson::dom::array pair;
    std::string_view text;
    double score = 0;
    if (element.get(pair) != simdjson::SUCCESS || pair.size() != 2 ||
        pair.at(0).get(text) != simdjson::SUCCESS ||
        pair.at(1).get(score) != simdjson::SUCCESS) {
      vocab.Part(element, std::to_string(index)).Fail("is no text and score");
    }
    spec->tokens.push_back({.text = text, .score = score});
    if (++index >= kMostTokens) vocab.Fail("has too many entries");
  }
}

// "left right", or [left, right].
void ReadMerges(const Json& merges, TokenizerSpec* spec) {
  const simdjson::dom::array array = merges.Array();
  spec->merges.reserve(array.size());
  for (const auto element : array) {
    std::string_view left;
    std::string_view right;
    simdjson::dom::array pair;
    bool is_pair = false;
    if (element.get(left) == simdjson::SUCCESS) {
      if (left.starts_with("#version")) continue;
      const size_t space = left.find(' ');
      is_pair = space != std::string_view::npos &&
                left.find(' ', space + 1) == std::string_view::npos;
      if (is_pair) {
        right = left.substr(space + 1);
        left = left.substr(0, space);
      }
    } else if (element.get(pair) == simdjson::SUCCESS) {
      is_pair = pair.size() == 2 && pair.at(0).get(left) == simdjson::SUCCESS &&
                pair.at(1).get(right) == simdjson::SUCCESS;
    }
    if (!is_pair) {
      merges.Part(element, std::to_string(spec->merges.size()))
          .Fail("is no pair");
    }
    spec->merges.emplace_back(left, right);
  }
}

void ReadBpe(const Json& model, TokenizerSpec* spec) {
  for (const std::string_view key :
       {"continuing_subword_prefix", "end_of_word_suffix"}) {
    if (!model.TextOr(key, "").empty()) {
      model.FailUnsupported("has a " + std::string(key) +
                            ", which is not supported");
    }
  }
  const auto dropout = model.Find("dropout");
  if (dropout && dropout->Number() > 0) {
    spec->remarks.push_back(
        "the tokenizer.json asks for dropout of merges: none is dropped");
  }
  ReadVocabulary(model.At("vocab"), spec);
  ReadMerges(model.At("merges"), spec);
  spec->ignore_merges = model.FlagOr("ignore_merges", false);
  spec->byte_fallback = model.FlagOr("byte_fallback", false);
  spec->fuse_unknown = model.FlagOr("fuse_unk", false);
}

// The model's kind, which old files leave to its fields.
std::string_view TypeOf(const Json& model) {
  if (const auto type = model.Find("type")) return type->Text();
  if (model.Find("merges")) return "BPE";
  const auto vocab = model.Find("vocab");
  return vocab && vocab->IsArray() ? "Unigram" : "";
}

void ReadModel(const Json& model, bool byte_level, TokenizerSpec* spec) {
  const std::string_view type = TypeOf(model);
  std::optional<std::string_view> unknown;
  if (type == "BPE") {
    spec->model = byte_level ? TokenizerModel::kByteLevelBpe
                             : TokenizerModel::kCharacterBpe;
    ReadBpe(model, spec);
    if (const auto text = model.Find("unk_token")) unknown = text->Text();
    const auto token = std::find_if(
        spec->tokens.begin(), spec->tokens.end(),
        [&](const TokenSpec& entry) { return entry.text == unknown; });
    if (unknown && token != spec->tokens.end()) {
      spec->unknown = static_cast<TokenId>(token - spec->tokens.begin());
    }
  } else if (type == "Unigram") {
    if (byte_level) model.FailUnsupported("is unigram over bytes");
    spec->model = TokenizerModel::kUnigram;
    spec->fuse_unknown = true;
    ReadUnigramVocabulary(model.At("vocab"), spec);
    spec->byte_fallback = model.FlagOr("byte_fallback", false);
    if (const auto id = model.Find("unk_id")) spec->unknown = id->Id();
  } else {
    model.FailUnsupported("is of type \"" + std::string(type) +
                              "\": only BPE and Unigram are supported",
                          "models of whole words and of WordPiece are no chat "
                          "models; use the model's own program");
  }
  if (spec->unknown &&
      static_cast<size_t>(*spec->unknown) >= spec->tokens.size()) {
    model.Fail("names an unknown token that is not in its vocabulary");
  }
  spec->declared.unk = spec->unknown;
}

// Kinds of tokens that the model itself knows of.
void ReadKinds(TokenizerSpec* spec) {
  for (TokenSpec& token : spec->tokens) {
    if (spec->byte_fallback && ByteOfName(token.text)) {
      token.kind = TokenKind::kByte;
    }
  }
  if (!spec->unknown || spec->model == TokenizerModel::kByteLevelBpe) return;
  TokenSpec& unknown = spec->tokens[static_cast<size_t>(*spec->unknown)];
  unknown.kind = TokenKind::kUnknown;
  unknown.match = TokenMatch::kNever;
}

// An added token has the id that the vocabulary gives its text, as Hugging
// Face does it.
void ReadAddedTokens(const Json& added, TokenizerSpec* spec) {
  StringIndex ids(spec->tokens.size());
  for (size_t id = 0; id < spec->tokens.size(); ++id) {
    const std::string_view text = spec->tokens[id].text;
    if (!text.empty()) ids.Add(text, static_cast<TokenId>(id));
  }
  size_t index = 0;
  for (const auto element : added.Array()) {
    const Json value = added.Part(element, std::to_string(index++));
    const std::string_view text = value.At("content").Text();
    if (text.empty()) continue;
    const TokenId declared = value.At("id").Id();
    const TokenId id = ids.Find(text).value_or(declared);
    TokenSpec& token = TokenAt(value, id, spec);
    if (token.text != text && !token.text.empty()) {
      value.Fail("has the id of the token \"" + std::string(token.text) + "\"");
    }
    token.text = text;
    const bool is_special = value.FlagOr("special", false);
    if (!is_special) {
      token.kind = TokenKind::kUserDefined;
    } else if (token.kind != TokenKind::kUnknown) {
      token.kind = TokenKind::kControl;
    }
    token.lstrip = value.FlagOr("lstrip", false);
    token.rstrip = value.FlagOr("rstrip", false);
    token.single_word = value.FlagOr("single_word", false);
    token.match = value.FlagOr("normalized", !is_special)
                      ? TokenMatch::kNormalText
                      : TokenMatch::kText;
  }
}

bool MarksSpaces(const TokenizerSpec& spec) {
  for (const NormalizerStep& step : spec.normalizer) {
    if (step.content.find(kMark) != std::string_view::npos) return true;
  }
  for (const PreTokenizerStep& step : spec.steps) {
    const auto* space = std::get_if<SpaceStep>(&step);
    if (space != nullptr && space->mark == kMark) return true;
  }
  return false;
}

}  // namespace

TokenizerSpec TokenizerSpecFromJson(const std::shared_ptr<JsonFile>& file) {
  TokenizerSpec spec;
  spec.keeper = file;
  const Json root = file->root();
  if (const auto normalizer = root.Find("normalizer")) {
    ReadJsonNormalizer(*normalizer, file.get(), &spec);
  }
  bool byte_level = false;
  if (const auto steps = root.Find("pre_tokenizer")) {
    ReadJsonPreTokenizer(*steps, file.get(), &byte_level, &spec);
  }
  ReadModel(root.At("model"), byte_level, &spec);
  ReadKinds(&spec);
  if (const auto added = root.Find("added_tokens")) {
    ReadAddedTokens(*added, &spec);
  }
  spec.text_form = byte_level          ? TokenText::kByteAlphabet
                   : MarksSpaces(spec) ? TokenText::kMarkedSpaces
                                       : TokenText::kPlain;
  if (const auto decoder = root.Find("decoder")) {
    ReadJsonDecoder(*decoder, &spec);
  }
  if (const auto post = root.Find("post_processor")) {
    ReadJsonPostProcessor(*post, &spec);
  }
  if (spec.prefix.size() == 1) spec.declared.bos = spec.prefix[0];
  if (spec.suffix.size() == 1) spec.declared.eos = spec.suffix[0];
  spec.adds_bos = spec.prefix.size() == 1;
  spec.adds_eos = spec.suffix.size() == 1;
  return spec;
}

}  // namespace fullstop
