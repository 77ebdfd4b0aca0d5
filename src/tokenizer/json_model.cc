#include "tokenizer/json_model.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "tokenizer/piece_model.h"

namespace fullstop {
namespace {

// A file that names a greater id is not believed.
constexpr size_t kMostTokens = size_t{1} << 21;
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
  ReadJsonVocabulary(model.At("vocab"), spec);
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

}  // namespace

TokenSpec& TokenAt(const Json& value, TokenId id, TokenizerSpec* spec) {
  const auto index = static_cast<size_t>(id);
  if (index >= kMostTokens) value.Fail("is greater than any vocabulary");
  while (spec->tokens.size() <= index) {
    spec->tokens.push_back({.kind = TokenKind::kUnused, .in_model = false});
  }
  return spec->tokens[index];
}

void ReadJsonVocabulary(const Json& vocab, TokenizerSpec* spec) {
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

void ReadJsonModel(const Json& model, bool byte_level, TokenizerSpec* spec) {
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
  ReadKinds(spec);
}

}  // namespace fullstop
