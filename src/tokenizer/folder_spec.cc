#include "tokenizer/folder_spec.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <memory>
#include <utility>

#include "base/error.h"
#include "tokenizer/file_spec.h"
#include "tokenizer/pre_tokenizers.h"
#include "tokenizer/token_overlay.h"

namespace fullstop {
namespace {

using Value = nlohmann::ordered_json;

// How the classes of transformers, and those that models bring along, split
// text: the only thing that says so beside a file of ranks or merges. By the
// name of tokenizer.ggml.pre that means the same.
struct ClassRule {
  std::string_view name;  // without "Fast"
  std::string_view pre;
};
constexpr ClassRule kClasses[] = {
    {"GPT2Tokenizer", "gpt-2"},         {"RobertaTokenizer", "gpt-2"},
    {"CodeGenTokenizer", "gpt-2"},      {"GPTNeoXTokenizer", "gpt-2"},
    {"Qwen2Tokenizer", "qwen2"},        {"QWenTokenizer", "qwen2"},
    {"TikTokenTokenizer", "kimi-k2"},   {"ChatGLM4Tokenizer", "chatglm-bpe"},
    {"HYTokenizer", "hunyuan"},         {"BloomTokenizer", "bloom"},
    {"StarCoderTokenizer", "starcoder"}};

const Value* Member(const Value& object, const char* key) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(key);
  return found == object.end() ? nullptr : &*found;
}

// The value of KEY in tokenizer_config.json, or else in
// special_tokens_map.json.
const Value* Declared(const HfFolder& folder, const char* key) {
  if (const Value* found = Member(folder.tokenizer_config(), key)) return found;
  return Member(folder.special_tokens_map(), key);
}

std::string ClassOf(const HfFolder& folder) {
  const Value* name = Member(folder.tokenizer_config(), "tokenizer_class");
  std::string text =
      name != nullptr && name->is_string() ? name->get<std::string>() : "";
  if (text.ends_with("Fast")) text.resize(text.size() - 4);
  return text;
}

// For a file that does not say how text is split.
void SplitByClass(const HfFolder& folder, TokenizerSpec* spec) {
  const std::string name = ClassOf(folder);
  const auto* rule =
      std::find_if(std::begin(kClasses), std::end(kClasses),
                   [&](const ClassRule& entry) { return entry.name == name; });
  if (rule == std::end(kClasses)) {
    throw Error::Unsupported(
        "the folder does not say how text is split: its tokenizer_class is \"" +
        name + "\", and there is no tokenizer.json")
        .In(folder.path())
        .Advice(
            "save the tokenizer with transformers' save_pretrained, which "
            "writes a tokenizer.json");
  }
  const PreTokenizer& pre = *FindPreTokenizer(rule->pre);
  for (const SplitStep& step : pre.steps) {
    if (!step.pattern.empty()) spec->steps.emplace_back(step);
  }
  if (pre.nfc) {
    spec->normalizer.push_back({.kind = NormalizerStep::Kind::kNfc});
  }
}

bool IsFalse(const Value* value) {
  return value != nullptr && value->is_boolean() && !value->get<bool>();
}

// SentencePiece's own flags, as tokenizer_config.json overrides them.
void AdjustSentencePiece(const HfFolder& folder, TokenizerSpec* spec) {
  const Value& config = folder.tokenizer_config();
  if (IsFalse(Member(config, "add_prefix_space"))) {
    spec->normalizer[0].space_before = false;
    spec->space_prefix = SpacePrefix::kNever;
  }
  if (IsFalse(Member(config, "legacy")) &&
      spec->space_prefix == SpacePrefix::kAlways) {
    spec->remarks.push_back(
        "tokenizer_config.json has legacy off, by which transformers puts no "
        "space before text behind a control token: one is put there, as the "
        "SentencePiece model has it");
  }
  const bool is_bpe = spec->model == TokenizerModel::kSentencePieceBpe;
  spec->adds_bos = is_bpe && spec->declared.bos.has_value();
}

TokenizerSpec ReadFile(const HfFolder& folder, const std::string& name) {
  TokenizerSpec spec = TokenizerSpecFromFile(
      folder.Find(name).value_or(folder.path() + "/" + name));
  const bool is_sentencepiece =
      !spec.normalizer.empty() &&
      spec.normalizer[0].kind == NormalizerStep::Kind::kSentencePiece;
  if (is_sentencepiece) {
    AdjustSentencePiece(folder, &spec);
  } else if (name != "tokenizer.json" && spec.steps.empty()) {
    SplitByClass(folder, &spec);
  }
  return spec;
}

std::optional<TokenId> IdOf(const std::string& text) {
  TokenId id = -1;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), id);
  if (error != std::errc() || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return id;
}

constexpr const char* kRoles[] = {"bos_token", "eos_token", "unk_token",
                                  "sep_token", "pad_token", "cls_token",
                                  "mask_token"};

void AddTokens(const HfFolder& folder, TokenizerSpec* spec) {
  TokenOverlay overlay(spec);
  const Value* decoder =
      Member(folder.tokenizer_config(), "added_tokens_decoder");
  if (decoder != nullptr && decoder->is_object()) {
    for (const auto& [key, token] : decoder->items()) {
      if (const auto id = IdOf(key)) overlay.Add(token, id, false);
    }
  } else if (folder.added_tokens().is_object()) {
    for (const auto& [text, id] : folder.added_tokens().items()) {
      if (!id.is_number_integer()) continue;
      overlay.Add(Value(text), static_cast<TokenId>(id.get<int64_t>()), false);
    }
  }
  for (const char* role : kRoles) {
    if (const Value* token = Declared(folder, role)) overlay.AddIfNew(*token);
  }
  for (const char* list :
       {"additional_special_tokens", "extra_special_tokens"}) {
    const Value* tokens = Declared(folder, list);
    if (tokens == nullptr || !tokens->is_array()) continue;
    for (const Value& token : *tokens) overlay.AddIfNew(token);
  }
  // The id that KEY's text has.
  const auto declare = [&](const char* key, std::optional<TokenId>* id) {
    const Value* token = Declared(folder, key);
    if (token == nullptr) return;
    if (token->is_object()) token = Member(*token, "content");
    if (token == nullptr || !token->is_string()) {
      id->reset();
      return;
    }
    *id = overlay.Find(token->get<std::string>());
  };
  Tokenizer::Declared& declared = spec->declared;
  declare("bos_token", &declared.bos);
  declare("eos_token", &declared.eos);
  declare("unk_token", &declared.unk);
  declare("pad_token", &declared.pad);
}

// The flags decide where there are any; else the post-processor.
void SetPrefix(const HfFolder& folder, TokenizerSpec* spec) {
  const Value& config = folder.tokenizer_config();
  const Value* bos = Member(config, "add_bos_token");
  const Value* eos = Member(config, "add_eos_token");
  if (bos == nullptr && eos == nullptr) return;
  const auto flag = [](const Value* value) -> std::optional<bool> {
    if (value == nullptr || !value->is_boolean()) return std::nullopt;
    return value->get<bool>();
  };
  spec->declared.add_bos = flag(bos);
  spec->declared.add_eos = flag(eos);
  spec->adds_bos = flag(bos).value_or(false);
  spec->adds_eos = flag(eos).value_or(false);
  spec->prefix.clear();
  spec->suffix.clear();
}

// Texts on which vocabularies that are not quite the same differ: case, digits,
// white space, scripts, marks, emoji.
constexpr std::string_view kSamples[] = {
    "Hello, world! I'll say 12345 things at 3.14.",
    "  two  spaces\tand\n\n\nlines \r\n",
    "na\u00EFve cafe\u0301 \u212B \uFB01n \u00BD",
    "\u4F60\u597D\uFF0C\u4E16\u754C\u3002 \u3053\u3093\u306B\u3061\u306F",
    "\u0645\u0631\u062D\u0628\u0627 \u05E9\u05DC\u05D5\u05DD",
    "\u0928\u092E\u0938\u094D\u0924\u0947 \u0E2A\u0E27\u0E31\u0E2A\u0E14\u0E35",
    "\U0001F600\U0001F44D\U0001F3FD \u2764\uFE0F",
    "for (int i = 0; i < n; ++i) { x[i] *= 2; }  // HTTPServer_v2",
    " leading"};

}  // namespace

std::vector<std::string> CompareTokenizers(const Tokenizer& first,
                                           std::string_view first_name,
                                           const Tokenizer& second,
                                           std::string_view second_name) {
  std::vector<std::string> found;
  const std::string names =
      std::string(first_name) + " and " + std::string(second_name);
  const size_t shared = std::min(first.size(), second.size());
  size_t different = 0;
  TokenId example = -1;
  for (size_t i = 0; i < shared; ++i) {
    const auto id = static_cast<TokenId>(i);
    if (first.TokenBytes(id) == second.TokenBytes(id)) continue;
    if (different++ == 0) example = id;
  }
  if (different > 0) {
    found.push_back(names + " disagree on " + std::to_string(different) +
                    " tokens, the first of them " + std::to_string(example) +
                    ": \"" + std::string(first.info(example).text) +
                    "\" and \"" + std::string(second.info(example).text) +
                    "\"");
  }
  size_t texts = 0;
  std::string_view text_example;
  for (const std::string_view text : kSamples) {
    if (first.Encode(text) == second.Encode(text)) continue;
    if (texts++ == 0) text_example = text;
  }
  if (texts > 0) {
    found.push_back(names + " give different ids for " + std::to_string(texts) +
                    " of " + std::to_string(std::size(kSamples)) +
                    " sample texts, the first of them \"" +
                    std::string(text_example) + "\"");
  }
  return found;
}

TokenizerSpec TokenizerSpecFromFolder(const HfFolder& folder) {
  const std::vector<std::string>& files = folder.tokenizer_files();
  if (files.empty()) {
    throw Error::NotFound("the folder has no tokenizer file")
        .In(folder.path())
        .Advice("copy tokenizer.json, or tokenizer.model, of the model to it");
  }
  const auto read = [&](const std::string& name) {
    TokenizerSpec spec = ReadFile(folder, name);
    AddTokens(folder, &spec);
    SetPrefix(folder, &spec);
    return spec;
  };
  TokenizerSpec spec = read(files[0]);
  if (files.size() == 1) return spec;
  const auto tokenizer = MakeTokenizer(spec);
  for (size_t i = 1; i < files.size(); ++i) {
    try {
      const auto other = MakeTokenizer(read(files[i]));
      for (std::string& remark :
           CompareTokenizers(*tokenizer, files[0], *other, files[i])) {
        spec.remarks.push_back(std::move(remark) + "; " + files[0] +
                               " is followed");
      }
    } catch (const Error& error) {
      spec.remarks.push_back(files[i] + " is left aside: " + error.message());
    }
  }
  return spec;
}

}  // namespace fullstop
