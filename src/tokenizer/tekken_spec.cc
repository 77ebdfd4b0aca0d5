#include "tokenizer/tekken_spec.h"

#include <algorithm>
#include <charconv>
#include <deque>
#include <optional>
#include <utility>

#include "base/base64.h"
#include "base/error.h"
#include "tokenizer/byte_alphabet.h"

namespace fullstop {
namespace {

// A file that names a greater rank is not believed.
constexpr uint64_t kMostTokens = uint64_t{1} << 21;
// Nor is one that leaves out more ranks than it has lines, and these.
constexpr uint64_t kMostGaps = uint64_t{1} << 16;

// The control tokens of the files that do not list theirs: those of
// mistral-common up to its version 7.
constexpr std::string_view kOldControls[] = {"<unk>",
                                             "<s>",
                                             "</s>",
                                             "[INST]",
                                             "[/INST]",
                                             "[AVAILABLE_TOOLS]",
                                             "[/AVAILABLE_TOOLS]",
                                             "[TOOL_RESULTS]",
                                             "[/TOOL_RESULTS]",
                                             "[TOOL_CALLS]",
                                             "[IMG]",
                                             "<pad>",
                                             "[IMG_BREAK]",
                                             "[IMG_END]",
                                             "[PREFIX]",
                                             "[MIDDLE]",
                                             "[SUFFIX]",
                                             "[SYSTEM_PROMPT]",
                                             "[/SYSTEM_PROMPT]",
                                             "[TOOL_CONTENT]"};

// Every two tokens that spell a third merge into it, and a piece that is a
// token is that token.
void MergeByRank(TokenizerSpec* spec) {
  spec->model = TokenizerModel::kByteLevelBpe;
  spec->implied_merges = true;
  spec->ignore_merges = true;
}

void ReadControls(const Json& root, size_t count, JsonFile* file,
                  TokenizerSpec* spec) {
  spec->tokens.resize(count);
  if (const auto listed = root.Find("special_tokens")) {
    size_t index = 0;
    for (const auto element : listed->Array()) {
      const Json token = listed->Part(element, std::to_string(index++));
      const auto rank = static_cast<size_t>(token.At("rank").Id());
      if (rank >= count) token.Fail("has a rank past the special tokens");
      spec->tokens[rank].text = token.At("token_str").Text();
    }
  } else {
    for (size_t i = 0; i < std::min(count, std::size(kOldControls)); ++i) {
      spec->tokens[i].text = kOldControls[i];
    }
  }
  for (size_t i = 0; i < count; ++i) {
    TokenSpec& token = spec->tokens[i];
    token.kind = TokenKind::kControl;
    token.in_model = false;
    if (token.text.empty()) {
      token.text = file->Keep("<SPECIAL_" + std::to_string(i) + ">");
    }
  }
}

void ReadVocabulary(const Json& vocab, size_t controls, size_t count,
                    JsonFile* file, TokenizerSpec* spec) {
  spec->tokens.resize(controls + count);
  size_t index = 0;
  for (const auto element : vocab.Array()) {
    uint64_t rank = 0;
    std::string_view text;
    std::optional<std::string> bytes;
    if (element["rank"].get(rank) == simdjson::SUCCESS && rank >= count) {
      continue;
    }
    if (element["rank"].get(rank) == simdjson::SUCCESS &&
        element["token_bytes"].get(text) == simdjson::SUCCESS) {
      bytes = FromBase64(text);
    }
    if (!bytes) {
      vocab.Part(element, std::to_string(index)).Fail("is no rank and bytes");
    }
    spec->tokens[controls + rank].text = file->Keep(BytesToAlphabet(*bytes));
    ++index;
  }
}

void DeclareByName(TokenizerSpec* spec) {
  for (size_t id = 0; id < spec->tokens.size(); ++id) {
    if (spec->tokens[id].kind != TokenKind::kControl) break;
    const std::string_view text = spec->tokens[id].text;
    const auto token = static_cast<TokenId>(id);
    if (text == "<s>") spec->declared.bos = token;
    if (text == "</s>") spec->declared.eos = token;
    if (text == "<unk>") spec->declared.unk = token;
    if (text == "<pad>") spec->declared.pad = token;
  }
  spec->adds_bos = spec->declared.bos.has_value();
}

}  // namespace

TokenizerSpec TokenizerSpecFromTekken(const std::shared_ptr<JsonFile>& file) {
  TokenizerSpec spec;
  spec.keeper = file;
  const Json root = file->root();
  const Json config = root.At("config");
  const auto size = static_cast<size_t>(config.At("default_vocab_size").Id());
  const auto controls =
      static_cast<size_t>(config.At("default_num_special_tokens").Id());
  const Json vocab = root.At("vocab");
  if (controls > size || size > kMostTokens ||
      size - controls > vocab.Array().size()) {
    config.Fail("asks for " + std::to_string(size) + " tokens, " +
                std::to_string(controls) + " of them special, and there are " +
                std::to_string(vocab.Array().size()) + " others");
  }
  MergeByRank(&spec);
  spec.steps.push_back(SplitStep{.pattern = config.At("pattern").Text()});
  ReadControls(root, controls, file.get(), &spec);
  ReadVocabulary(vocab, controls, size - controls, file.get(), &spec);
  DeclareByName(&spec);
  return spec;
}

TokenizerSpec TokenizerSpecFromRanks(std::string_view bytes,
                                     const std::string& name) {
  TokenizerSpec spec;
  MergeByRank(&spec);
  const auto texts = std::make_shared<std::deque<std::string>>();
  spec.keeper = texts;
  const auto lines = static_cast<uint64_t>(std::ranges::count(bytes, '\n')) + 1;
  const uint64_t most = std::min(kMostTokens, 2 * lines + kMostGaps);
  for (uint64_t number = 1; !bytes.empty(); ++number) {
    const std::string_view line = bytes.substr(0, bytes.find('\n'));
    bytes.remove_prefix(std::min(bytes.size(), line.size() + 1));
    if (line.empty() || line == "\r") continue;
    const size_t space = line.find(' ');
    uint64_t rank = 0;
    std::optional<std::string> token;
    if (space != std::string_view::npos) {
      token = FromBase64(line.substr(0, space));
      const auto [end, error] = std::from_chars(
          line.data() + space + 1, line.data() + line.size(), rank);
      const std::string_view rest(end, line.data() + line.size());
      if (error != std::errc() || !(rest.empty() || rest == "\r")) {
        token.reset();
      }
    }
    if (!token || rank >= most) {
      throw Error::Format(token
                              ? "a rank leaves out too many before it"
                              : "a line of the rank file is no token and rank")
          .In(name)
          .AtLine(number, 1, std::string(line.substr(0, 80)));
    }
    if (rank >= spec.tokens.size()) spec.tokens.resize(rank + 1);
    spec.tokens[rank].text = texts->emplace_back(BytesToAlphabet(*token));
  }
  if (spec.tokens.empty()) {
    throw Error::Format("the rank file has no tokens").In(name);
  }
  return spec;
}

}  // namespace fullstop
