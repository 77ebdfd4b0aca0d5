#include "convert/tokenizer_json.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>

#include "base/error.h"
#include "tokenizer/pre_tokenizers.h"

namespace fullstop {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kMark = "\xE2\x96\x81";  // U+2581

bool IsAdded(const TokenSpec& token) {
  return token.kind == TokenKind::kControl ||
         token.kind == TokenKind::kUserDefined ||
         token.kind == TokenKind::kUnknown;
}

Json Sequence(const char* key, Json parts) {
  if (parts.size() == 1) return parts[0];
  return {{"type", "Sequence"}, {key, std::move(parts)}};
}

Json ByteLevel(bool use_regex) {
  return {{"type", "ByteLevel"},
          {"add_prefix_space", false},
          {"trim_offsets", true},
          {"use_regex", use_regex}};
}

Json Replace(const char* from, const char* to) {
  return {
      {"type", "Replace"}, {"pattern", {{"String", from}}}, {"content", to}};
}

const char* BehaviorName(SplitStep::Behavior behavior) {
  switch (behavior) {
    case SplitStep::Behavior::kIsolated:
      return "Isolated";
    case SplitStep::Behavior::kContiguous:
      return "Contiguous";
    case SplitStep::Behavior::kRemoved:
      return "Removed";
    case SplitStep::Behavior::kMergedWithPrevious:
      return "MergedWithPrevious";
    case SplitStep::Behavior::kMergedWithNext:
      return "MergedWithNext";
  }
  return "Isolated";
}

Json PreTokenizerJson(const TokenizerSpec& spec) {
  Json parts = Json::array();
  bool use_regex = false;
  for (size_t i = 0; i < spec.steps.size(); ++i) {
    const auto* step = std::get_if<SplitStep>(&spec.steps[i]);
    if (step == nullptr) {
      throw Error::Unsupported("this vocabulary's way to cut text");
    }
    const bool last = i + 1 == spec.steps.size();
    if (last && *step == SplitStep{.pattern = ByteLevelPattern()}) {
      use_regex = true;
    } else if (*step == SplitStep{.pattern = DigitPattern()}) {
      parts.push_back({{"type", "Digits"}, {"individual_digits", true}});
    } else if (step->pattern == PunctuationPattern()) {
      parts.push_back({{"type", "Punctuation"},
                       {"behavior", BehaviorName(step->behavior)}});
    } else {
      parts.push_back({{"type", "Split"},
                       {"pattern", {{"Regex", std::string(step->pattern)}}},
                       {"behavior", BehaviorName(step->behavior)},
                       {"invert", step->invert}});
    }
  }
  parts.push_back(ByteLevel(use_regex));
  return Sequence("pretokenizers", std::move(parts));
}

// The pairs whose concatenation is a token, the best scores first; of one token
// the pairs in the order of their halves, as Hugging Face's own converter puts
// them.
std::vector<std::pair<std::string_view, std::string_view>> MergesOfScores(
    const TokenizerSpec& spec) {
  std::unordered_map<std::string_view, size_t> ids;
  for (size_t id = 0; id < spec.tokens.size(); ++id) {
    ids.emplace(spec.tokens[id].text, id);
  }
  struct Merge {
    double score;
    size_t left;
    size_t right;
  };
  std::vector<Merge> merges;
  for (const TokenSpec& token : spec.tokens) {
    if (token.kind != TokenKind::kNormal &&
        token.kind != TokenKind::kUserDefined) {
      continue;
    }
    for (size_t cut = 1; cut < token.text.size(); ++cut) {
      const auto left = ids.find(token.text.substr(0, cut));
      const auto right = ids.find(token.text.substr(cut));
      if (left == ids.end() || right == ids.end()) continue;
      merges.push_back({token.score, left->second, right->second});
    }
  }
  std::ranges::sort(merges, [](const Merge& a, const Merge& b) {
    if (a.score != b.score) return a.score > b.score;
    return std::pair(a.left, a.right) < std::pair(b.left, b.right);
  });
  std::vector<std::pair<std::string_view, std::string_view>> pairs;
  pairs.reserve(merges.size());
  for (const Merge& merge : merges) {
    pairs.emplace_back(spec.tokens[merge.left].text,
                       spec.tokens[merge.right].text);
  }
  return pairs;
}

Json ModelJson(const TokenizerSpec& spec) {
  const bool byte_level = spec.model == TokenizerModel::kByteLevelBpe;
  Json::object_t vocab;  // its own operator[] would look at every key
  std::unordered_map<std::string_view, size_t> places;
  for (size_t id = 0; id < spec.tokens.size(); ++id) {
    if (spec.tokens[id].kind == TokenKind::kUnused) continue;
    if (byte_level && IsAdded(spec.tokens[id])) continue;
    const auto [place, is_new] =
        places.emplace(spec.tokens[id].text, vocab.size());
    if (is_new) {
      vocab.emplace_back(std::string(spec.tokens[id].text), id);
    } else {
      std::next(vocab.begin(), static_cast<ptrdiff_t>(place->second))->second =
          id;
    }
  }
  Json merges = Json::array();
  for (const auto& [left, right] :
       byte_level ? spec.merges : MergesOfScores(spec)) {
    merges.push_back({std::string(left), std::string(right)});
  }
  Json unknown;
  if (!byte_level && spec.declared.unk) {
    unknown = std::string(
        spec.tokens.at(static_cast<size_t>(*spec.declared.unk)).text);
  }
  return {{"type", "BPE"},
          {"dropout", nullptr},
          {"unk_token", std::move(unknown)},
          {"continuing_subword_prefix", nullptr},
          {"end_of_word_suffix", nullptr},
          {"fuse_unk", !byte_level},
          {"byte_fallback", !byte_level},
          {"ignore_merges", spec.ignore_merges},
          {"vocab", Json(std::move(vocab))},
          {"merges", std::move(merges)}};
}

Json AddedTokens(const TokenizerSpec& spec) {
  Json added = Json::array();
  for (size_t id = 0; id < spec.tokens.size(); ++id) {
    const TokenSpec& token = spec.tokens[id];
    if (!IsAdded(token)) continue;
    added.push_back({{"id", id},
                     {"content", std::string(token.text)},
                     {"single_word", token.single_word},
                     {"lstrip", token.lstrip},
                     {"rstrip", token.rstrip},
                     {"normalized", token.match == TokenMatch::kNormalText},
                     {"special", token.kind != TokenKind::kUserDefined}});
  }
  return added;
}

// What puts BOS and EOS around a plain text.
Json PostProcessor(const TokenizerSpec& spec) {
  Json single = Json::array();
  Json specials = Json::object();
  const auto add = [&](bool adds, std::optional<TokenId> id) {
    if (!adds || !id) return;
    const std::string text(spec.tokens.at(static_cast<size_t>(*id)).text);
    single.push_back({{"SpecialToken", {{"id", text}, {"type_id", 0}}}});
    specials[text] = {{"id", text}, {"ids", {*id}}, {"tokens", {text}}};
  };
  add(spec.adds_bos, spec.declared.bos);
  single.push_back({{"Sequence", {{"id", "A"}, {"type_id", 0}}}});
  add(spec.adds_eos, spec.declared.eos);
  if (single.size() == 1) return nullptr;
  Json pair = single;
  pair.push_back({{"Sequence", {{"id", "B"}, {"type_id", 1}}}});
  return {{"type", "TemplateProcessing"},
          {"single", std::move(single)},
          {"pair", std::move(pair)},
          {"special_tokens", std::move(specials)}};
}

}  // namespace

nlohmann::ordered_json TokenizerJson(const TokenizerSpec& spec) {
  Json normalizer;
  Json pre_tokenizer;
  Json decoder;
  if (spec.model == TokenizerModel::kByteLevelBpe) {
    if (!spec.normalizer.empty()) normalizer = {{"type", "NFC"}};
    pre_tokenizer = PreTokenizerJson(spec);
    decoder = ByteLevel(true);
  } else if (spec.model == TokenizerModel::kSentencePieceBpe) {
    const bool prefix = spec.space_prefix != SpacePrefix::kNever;
    Json steps = Json::array();
    if (prefix) steps.push_back({{"type", "Prepend"}, {"prepend", kMark}});
    steps.push_back(Replace(" ", kMark));
    normalizer = Sequence("normalizers", std::move(steps));
    Json parts = Json::array(
        {Replace(kMark, " "), {{"type", "ByteFallback"}}, {{"type", "Fuse"}}});
    if (prefix) {
      parts.push_back(
          {{"type", "Strip"}, {"content", " "}, {"start", 1}, {"stop", 0}});
    }
    decoder = Sequence("decoders", std::move(parts));
  } else {
    throw Error::Unsupported(
        "a tokenizer.json can't be made of this kind of vocabulary");
  }
  return {{"version", "1.0"},
          {"truncation", nullptr},
          {"padding", nullptr},
          {"added_tokens", AddedTokens(spec)},
          {"normalizer", std::move(normalizer)},
          {"pre_tokenizer", std::move(pre_tokenizer)},
          {"post_processor", PostProcessor(spec)},
          {"decoder", std::move(decoder)},
          {"model", ModelJson(spec)}};
}

}  // namespace fullstop
