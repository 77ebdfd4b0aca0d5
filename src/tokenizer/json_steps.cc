#include "tokenizer/json_steps.h"

#include <string>
#include <utility>

#include "base/base64.h"
#include "tokenizer/pre_tokenizers.h"

namespace fullstop {
namespace {

constexpr std::string_view kMark = "\xE2\x96\x81";  // U+2581

// What Rust's regular expressions call \w.
constexpr std::string_view kWordClass =
    R"re(\p{L}\p{M}\p{Nd}\p{Nl}\p{Pc}\x{200C}-\x{200D}\x{24B6}-\x{24E9})re"
    R"re(\x{1F130}-\x{1F149}\x{1F150}-\x{1F169}\x{1F170}-\x{1F189})re";

// What Hugging Face's Nmt takes out, and what it makes a space of.
constexpr std::string_view kNmtRemoved =
    R"re([\x{1}-\x{8}\x{B}\x{E}-\x{1F}\x{7F}\x{8F}\x{9F}])re";
constexpr std::string_view kNmtSpaces =
    R"re([\t\n\f\r\x{1680}\x{200B}-\x{200F}\x{2028}\x{2029}\x{2581}\x{FEFF})re"
    R"re(\x{FFFD}])re";

// {"String": TEXT} or {"Regex": PATTERN}, as a pattern.
std::string_view ReadPattern(const Json& value, JsonFile* file) {
  const Json pattern = value.At("pattern");
  if (const auto regex = pattern.Find("Regex")) return regex->Text();
  const std::string_view text = pattern.At("String").Text();
  if (text.empty()) pattern.FailUnsupported("is empty");
  return file->Keep(PatternOf(text));
}

SplitStep::Behavior ReadBehavior(const Json& value) {
  using Behavior = SplitStep::Behavior;
  static constexpr std::pair<std::string_view, Behavior> kNames[] = {
      {"Isolated", Behavior::kIsolated},
      {"Contiguous", Behavior::kContiguous},
      {"Removed", Behavior::kRemoved},
      {"MergedWithPrevious", Behavior::kMergedWithPrevious},
      {"MergedWithNext", Behavior::kMergedWithNext}};
  const std::string_view name = value.TextOr("behavior", "Isolated");
  for (const auto& [known, behavior] : kNames) {
    if (name == known) return behavior;
  }
  value.FailUnsupported("has the behavior \"" + std::string(name) +
                        "\", which is not known");
}

NormalizerStep ReadReplace(const Json& value, JsonFile* file) {
  const Json pattern = value.At("pattern");
  const std::string_view content = value.At("content").Text();
  if (const auto text = pattern.Find("String")) {
    return {.kind = NormalizerStep::Kind::kReplace,
            .pattern = text->Text(),
            .content = content};
  }
  return {.kind = NormalizerStep::Kind::kReplacePattern,
          .pattern = ReadPattern(value, file),
          .content = content};
}

SpacePrefix ReadPrefix(const Json& value) {
  const std::string_view scheme = value.TextOr("prepend_scheme", "always");
  if (!value.FlagOr("add_prefix_space", true)) return SpacePrefix::kNever;
  if (scheme == "always") return SpacePrefix::kAlways;
  if (scheme == "first") return SpacePrefix::kFirst;
  if (scheme == "never") return SpacePrefix::kNever;
  value.FailUnsupported("has the prepend_scheme \"" + std::string(scheme) +
                        "\", which is not known");
}

class PreTokenizerReader {
 public:
  PreTokenizerReader(JsonFile* file, std::vector<PreTokenizerStep>* steps)
      : file_(file), steps_(steps) {}

  bool byte_level() const { return byte_level_; }

  void Read(const Json& value) {
    const std::string_view type = value.At("type").Text();
    if (type == "Sequence") {
      const Json parts = value.At("pretokenizers");
      size_t index = 0;
      for (const auto element : parts.Array()) {
        Read(parts.Part(element, std::to_string(index++)));
      }
    } else if (type == "ByteLevel") {
      ReadByteLevel(value);
    } else if (type == "Metaspace") {
      ReadMetaspace(value);
    } else if (type == "Split") {
      Add({.pattern = ReadPattern(value, file_),
           .behavior = ReadBehavior(value),
           .invert = value.FlagOr("invert", false)});
    } else if (type == "Digits") {
      Add({.pattern = DigitPattern(),
           .behavior = value.FlagOr("individual_digits", false)
                           ? SplitStep::Behavior::kIsolated
                           : SplitStep::Behavior::kContiguous});
    } else if (type == "Punctuation") {
      Add({.pattern = PunctuationPattern(), .behavior = ReadBehavior(value)});
    } else if (type == "WhitespaceSplit" || type == "BertPreTokenizer") {
      Add({.pattern = R"(\s)", .behavior = SplitStep::Behavior::kRemoved});
      if (type == "BertPreTokenizer") Add({.pattern = PunctuationPattern()});
    } else if (type == "Whitespace") {
      const std::string word(kWordClass);
      Add({.pattern = file_->Keep("[" + word + "]+|[^" + word + R"(\s]+)"),
           .behavior = SplitStep::Behavior::kRemoved,
           .invert = true});
    } else if (type == "CharDelimiterSplit") {
      Add({.pattern = file_->Keep(PatternOf(value.At("delimiter").Text())),
           .behavior = SplitStep::Behavior::kRemoved});
    } else {
      value.FailUnsupported("is a pre-tokenizer of type \"" +
                            std::string(type) + "\", which is not supported");
    }
  }

 private:
  void Add(SplitStep step) {
    step.on_bytes = byte_level_;
    steps_->push_back(step);
  }

  void ReadByteLevel(const Json& value) {
    if (byte_level_) value.FailUnsupported("turns bytes into bytes again");
    if (value.FlagOr("add_prefix_space", true)) {
      steps_->push_back(SpaceStep{.mark = " ", .prefix = SpacePrefix::kAlways});
    }
    if (value.FlagOr("use_regex", true)) Add({.pattern = ByteLevelPattern()});
    byte_level_ = true;
  }

  void ReadMetaspace(const Json& value) {
    if (byte_level_) value.FailUnsupported("stands behind ByteLevel");
    const std::string_view mark = value.TextOr("replacement", kMark);
    steps_->push_back(SpaceStep{.mark = mark, .prefix = ReadPrefix(value)});
    if (!value.FlagOr("split", true)) return;
    Add({.pattern = file_->Keep(PatternOf(mark)),
         .behavior = SplitStep::Behavior::kMergedWithNext});
  }

  JsonFile* file_;
  std::vector<PreTokenizerStep>* steps_;
  bool byte_level_ = false;
};

}  // namespace

void ReadJsonNormalizer(const Json& value, JsonFile* file,
                        TokenizerSpec* spec) {
  using Kind = NormalizerStep::Kind;
  static constexpr std::pair<std::string_view, Kind> kPlain[] = {
      {"NFC", Kind::kNfc},
      {"NFD", Kind::kNfd},
      {"NFKC", Kind::kNfkc},
      {"NFKD", Kind::kNfkd},
      {"Lowercase", Kind::kLowercase},
      {"StripAccents", Kind::kStripAccents}};
  const std::string_view type = value.At("type").Text();
  std::vector<NormalizerStep>& steps = spec->normalizer;
  for (const auto& [name, kind] : kPlain) {
    if (type == name) return steps.push_back({.kind = kind});
  }
  if (type == "Sequence") {
    const Json parts = value.At("normalizers");
    size_t index = 0;
    for (const auto element : parts.Array()) {
      ReadJsonNormalizer(parts.Part(element, std::to_string(index++)), file,
                         spec);
    }
  } else if (type == "Strip") {
    steps.push_back({.kind = Kind::kStrip,
                     .left = value.FlagOr("strip_left", false),
                     .right = value.FlagOr("strip_right", false)});
  } else if (type == "Prepend") {
    steps.push_back(
        {.kind = Kind::kPrepend, .content = value.At("prepend").Text()});
  } else if (type == "Replace") {
    steps.push_back(ReadReplace(value, file));
  } else if (type == "Nmt") {
    steps.push_back({.kind = Kind::kReplacePattern, .pattern = kNmtRemoved});
    steps.push_back(
        {.kind = Kind::kReplacePattern, .pattern = kNmtSpaces, .content = " "});
  } else if (type == "Precompiled") {
    const auto map = value.Find("precompiled_charsmap");
    auto bytes = FromBase64(map ? map->Text() : "");
    if (!bytes) map->Fail("is no Base64");
    if (bytes->empty()) return;
    steps.push_back(
        {.kind = Kind::kCharsmap, .content = file->Keep(std::move(*bytes))});
  } else {
    value.FailUnsupported("is a normalizer of type \"" + std::string(type) +
                          "\", which is not supported");
  }
}

void ReadJsonPreTokenizer(const Json& value, JsonFile* file, bool* byte_level,
                          TokenizerSpec* spec) {
  PreTokenizerReader reader(file, &spec->steps);
  reader.Read(value);
  *byte_level = reader.byte_level();
}

}  // namespace fullstop
