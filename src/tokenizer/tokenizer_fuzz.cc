// Builds a tokenizer from tables of foreign bytes, then encodes and decodes.
//
// The input: a byte of switches, then lines. A line "t" or "c", "u", "b", "?"
// is a token (ordinary, control, user-defined, byte, unknown), "m LEFT RIGHT" a
// merge, "p" a pattern, "n" the name of one of ours; what is behind an empty
// line is the text.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/utf8.h"
#include "tokenizer/byte_alphabet.h"
#include "tokenizer/piece_cache.h"
#include "tokenizer/piece_merger.h"
#include "tokenizer/pre_tokenizers.h"
#include "tokenizer/token_trie.h"
#include "tokenizer/tokenizer_spec.h"

namespace fullstop {
namespace {

struct Input {
  std::vector<std::string> alphabet;
  TokenizerSpec spec;
  std::string_view text;
  size_t longest_text = 50;
};

TokenKind KindOf(char c) {
  switch (c) {
    case 'c':
      return TokenKind::kControl;
    case 'u':
      return TokenKind::kUserDefined;
    case 'b':
      return TokenKind::kByte;
    case '?':
      return TokenKind::kUnknown;
    default:
      return TokenKind::kNormal;
  }
}

void ReadLine(std::string_view line, Input* input) {
  TokenizerSpec& spec = input->spec;
  const std::string_view rest = line.substr(1);
  if (line[0] == 'm') {
    const size_t space = rest.find(' ', 1);
    if (space == std::string_view::npos) return;
    spec.merges.emplace_back(rest.substr(0, space), rest.substr(space + 1));
  } else if (line[0] == 'p') {
    // Few quantifiers and a short text: a pattern may be of any power.
    const auto quantifiers = std::count_if(
        rest.begin(), rest.end(),
        [](char c) { return c == '+' || c == '*' || c == '?' || c == '{'; });
    if (rest.size() < 100 && quantifiers <= 4 && spec.steps.empty()) {
      spec.steps.push_back(SplitStep{
          .pattern = rest,
          .behavior = static_cast<SplitStep::Behavior>(rest.size() % 5),
          .invert = rest.ends_with('+'),
          .on_bytes = rest.ends_with('*')});
    }
  } else if (line[0] == 'n') {
    const PreTokenizer* found = FindPreTokenizer(rest);
    if (found == nullptr || !spec.steps.empty()) return;
    for (const SplitStep& step : found->steps) {
      if (!step.pattern.empty()) spec.steps.push_back(step);
    }
    input->longest_text = 4000;
  } else {
    TokenSpec token{.text = rest, .kind = KindOf(line[0])};
    token.score = -static_cast<float>(rest.size() % 7);
    token.lstrip = line[0] == 'c' && rest.ends_with('>');
    token.rstrip = line[0] == 'c' && rest.starts_with('<');
    spec.tokens.push_back(token);
  }
}

void Parse(std::string_view bytes, Input* input) {
  const auto switches = static_cast<uint8_t>(bytes[0]);
  bytes.remove_prefix(1);
  TokenizerSpec& spec = input->spec;
  spec.model = switches & 1 ? TokenizerModel::kSentencePieceBpe
                            : TokenizerModel::kByteLevelBpe;
  if (switches & 2) {
    spec.normalizer.push_back({.kind = NormalizerStep::Kind::kNfc});
  }
  spec.ignore_merges = switches & 4;
  spec.declared.unk = switches >> 5;
  if (switches & 1) {
    spec.text_form = TokenText::kMarkedSpaces;
    spec.byte_fallback = true;
    spec.unknown = spec.declared.unk;
    MarkSpaces((switches & 8) != 0, &spec);
  }
  if (switches & 16) {
    for (int byte = 0; byte < 256; ++byte) {
      input->alphabet.push_back(
          BytesToAlphabet(std::string(1, static_cast<char>(byte))));
    }
    for (const std::string& text : input->alphabet) {
      spec.tokens.push_back({.text = text});
    }
  }
  while (!bytes.empty()) {
    const std::string_view line = bytes.substr(0, bytes.find('\n'));
    bytes.remove_prefix(std::min(bytes.size(), line.size() + 1));
    if (line.empty()) break;
    ReadLine(line, input);
  }
  input->text = bytes.substr(0, input->longest_text);
}

void Check(bool holds) {
  if (!holds) std::abort();
}

// The fast and the plain form of merging by score.
void CompareMergers(const Input& input) {
  const std::vector<TokenSpec>& tokens = input.spec.tokens;
  PieceTable table(tokens.size());
  for (size_t id = 0; id < tokens.size(); ++id) {
    table.Add(tokens[id].text, static_cast<TokenId>(id),
              static_cast<float>(tokens[id].score));
  }
  const std::string_view text = input.text.substr(0, 200);
  Check(MergePieces(table, text) == MergePiecesPlainly(table, text));
}

void Run(const Input& input) {
  CompareMergers(input);
  const auto tokenizer = MakeTokenizer(input.spec);
  const ByteRange half{input.text.size() / 4, input.text.size()};
  EncodeOptions options;
  PieceCache cache;
  for (const bool special : {false, true}) {
    if (special) options.control_ranges = {&half, 1};
    std::vector<TokenId> ids;
    size_t reached = 0;
    options.cache = nullptr;
    const auto tokens = tokenizer->EncodeWithSource(input.text, options);
    options.cache = &cache;
    const auto is_same = [](const EncodedToken& a, const EncodedToken& b) {
      return a.id == b.id && a.source.begin == b.source.begin &&
             a.source.end == b.source.end;
    };
    for (int i = 0; i < 2; ++i) {
      Check(std::ranges::equal(
          tokens, tokenizer->EncodeWithSource(input.text, options), is_same));
    }
    for (const EncodedToken& token : tokens) {
      Check(token.id >= 0 && static_cast<size_t>(token.id) < tokenizer->size());
      Check(token.source.begin <= token.source.end);
      Check(token.source.end <= input.text.size());
      Check(token.source.end >= reached || token.source.begin < reached);
      reached = std::max(reached, token.source.end);
      if (!special) {
        Check(tokenizer->info(token.id).kind != TokenKind::kControl ||
              token.id == tokenizer->declared().unk);
      }
      ids.push_back(token.id);
    }
    const std::string decoded = tokenizer->Decode(ids);
    const bool valid = IsValidUtf8(decoded);
    std::string streamed;
    StreamDecoder decoder(*tokenizer, true);
    for (const TokenId id : ids) {
      const std::string ready = decoder.Put(id, true);
      Check(!valid || IsValidUtf8(ready));
      streamed += ready;
    }
    streamed += decoder.Finish();
    Check(streamed == decoded);
  }
  const TokenTrie trie(*tokenizer);
  TokenTrie::Cursor cursor = trie.Root();
  for (const char c : input.text.substr(0, 10)) {
    cursor = trie.Step(cursor, static_cast<uint8_t>(c));
    Check(trie.Complete(cursor).size() <= trie.Ids(cursor).size());
  }
}

}  // namespace
}  // namespace fullstop

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  fullstop::Input input;
  try {
    fullstop::Parse({reinterpret_cast<const char*>(data), size}, &input);
    fullstop::Run(input);
  } catch (const fullstop::Error&) {
    return 0;
  }
  return 0;
}
