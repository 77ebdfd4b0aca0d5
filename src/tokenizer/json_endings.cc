// What a tokenizer.json does behind its model: post-processor and decoder.
#include <string>

#include "tokenizer/json_steps.h"

namespace fullstop {
namespace {

constexpr std::string_view kMark = "\xE2\x96\x81";  // U+2581

// Puts BEFORE and BEHIND around what is put around a text already.
void Wrap(const std::vector<TokenId>& before,
          const std::vector<TokenId>& behind, TokenizerSpec* spec) {
  spec->prefix.insert(spec->prefix.begin(), before.begin(), before.end());
  spec->suffix.insert(spec->suffix.end(), behind.begin(), behind.end());
}

void ReadTemplate(const Json& value, TokenizerSpec* spec) {
  const Json single = value.At("single");
  std::vector<TokenId> before;
  std::vector<TokenId> behind;
  bool has_text = false;
  size_t index = 0;
  for (const auto element : single.Array()) {
    const Json part = single.Part(element, std::to_string(index++));
    const auto special = part.Find("SpecialToken");
    if (!special) {
      has_text |= part.Find("Sequence").has_value();
      continue;
    }
    const std::string_view name = special->At("id").Text();
    const Json ids = value.At("special_tokens").At(name).At("ids");
    for (const auto id : ids.Array()) {
      (has_text ? behind : before).push_back(ids.Part(id, "0").Id());
    }
  }
  Wrap(before, behind, spec);
}

// [TEXT, ID]
TokenId ReadPair(const Json& value) {
  simdjson::dom::element id;
  if (value.Array().at(1).get(id) != simdjson::SUCCESS)
    value.Fail("is no pair");
  return value.Part(id, "1").Id();
}

// The decoders of a sequence, one by one.
template <typename Visit>
void VisitDecoders(const Json& value, Visit visit) {
  if (value.At("type").Text() != "Sequence") return visit(value);
  const Json parts = value.At("decoders");
  size_t index = 0;
  for (const auto element : parts.Array()) {
    VisitDecoders(parts.Part(element, std::to_string(index++)), visit);
  }
}

// Where the normaliser and the pre-tokenizer put a space.
SpacePrefix EncodersPrefix(const TokenizerSpec& spec) {
  for (const NormalizerStep& step : spec.normalizer) {
    if (step.kind == NormalizerStep::Kind::kPrepend &&
        (step.content == kMark || step.content == " ")) {
      return SpacePrefix::kAlways;
    }
  }
  for (const PreTokenizerStep& step : spec.steps) {
    if (const auto* space = std::get_if<SpaceStep>(&step)) return space->prefix;
  }
  return SpacePrefix::kNever;
}

}  // namespace

void ReadJsonPostProcessor(const Json& value, TokenizerSpec* spec) {
  const std::string_view type = value.At("type").Text();
  if (type == "Sequence") {
    const Json parts = value.At("processors");
    size_t index = 0;
    for (const auto element : parts.Array()) {
      ReadJsonPostProcessor(parts.Part(element, std::to_string(index++)), spec);
    }
  } else if (type == "TemplateProcessing") {
    ReadTemplate(value, spec);
  } else if (type == "RobertaProcessing" || type == "BertProcessing") {
    Wrap({ReadPair(value.At("cls"))}, {ReadPair(value.At("sep"))}, spec);
  } else if (type != "ByteLevel") {
    value.FailUnsupported("is a post-processor of type \"" + std::string(type) +
                          "\", which is not supported");
  }
}

void ReadJsonDecoder(const Json& value, TokenizerSpec* spec) {
  bool strips = false;
  VisitDecoders(value, [&](const Json& decoder) {
    const std::string_view type = decoder.At("type").Text();
    if (type == "ByteLevel" || type == "ByteFallback" || type == "Fuse") return;
    if (type == "Metaspace") {
      strips |= decoder.TextOr("prepend_scheme", "always") != "never" &&
                decoder.FlagOr("add_prefix_space", true);
      return;
    }
    if (type == "Strip" && decoder.TextOr("content", "") == " ") {
      strips |= decoder.At("start").Id() > 0;
      return;
    }
    const auto pattern = decoder.Find("pattern");
    if (type == "Replace" && pattern &&
        pattern->TextOr("String", "") == kMark &&
        decoder.TextOr("content", "") == " ") {
      return;
    }
    spec->remarks.push_back("the decoder \"" + std::string(type) +
                            "\" of the tokenizer.json is not followed: text is "
                            "decoded as the tokens spell it");
  });
  if (!strips) return;
  spec->space_prefix = EncodersPrefix(*spec);
  if (spec->space_prefix == SpacePrefix::kNever) {
    spec->space_prefix = SpacePrefix::kFirst;
  }
}

}  // namespace fullstop
