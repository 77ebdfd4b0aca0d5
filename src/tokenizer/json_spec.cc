#include "tokenizer/json_spec.h"

#include <string>

#include "tokenizer/json_model.h"
#include "tokenizer/json_steps.h"
#include "tokenizer/string_index.h"

namespace fullstop {
namespace {

constexpr std::string_view kMark = "\xE2\x96\x81";  // U+2581

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
  ReadJsonModel(root.At("model"), byte_level, &spec);
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
