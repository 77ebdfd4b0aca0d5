#include "tokenizer/token_overlay.h"

#include <utility>

namespace fullstop {
namespace {

// An id that is further behind the vocabulary's end is not believed.
constexpr size_t kMostAdded = size_t{1} << 20;

bool FlagOf(const nlohmann::ordered_json& token, const char* key, bool absent) {
  const auto found = token.find(key);
  return found != token.end() && found->is_boolean() ? found->get<bool>()
                                                     : absent;
}

}  // namespace

TokenOverlay::TokenOverlay(TokenizerSpec* spec)
    : spec_(spec), texts_(std::make_shared<std::deque<std::string>>()) {
  struct Both {
    std::shared_ptr<const void> before;
    std::shared_ptr<const void> texts;
  };
  spec->keeper = std::make_shared<Both>(Both{std::move(spec->keeper), texts_});
  ids_.reserve(spec->tokens.size());
  for (size_t id = 0; id < spec->tokens.size(); ++id) {
    const std::string_view text = spec->tokens[id].text;
    if (!text.empty()) ids_.emplace(text, static_cast<TokenId>(id));
  }
}

std::optional<TokenId> TokenOverlay::Find(std::string_view text) const {
  const auto found = ids_.find(text);
  if (found == ids_.end()) return std::nullopt;
  return found->second;
}

std::optional<TokenOverlay::Flags> TokenOverlay::Read(
    const nlohmann::ordered_json& token, bool special) {
  Flags flags;
  if (token.is_string()) {
    flags.content = token.get<std::string>();
    flags.special = special;
    flags.normalized = !special;
  } else if (token.is_object()) {
    const auto content = token.find("content");
    if (content == token.end() || !content->is_string()) return std::nullopt;
    flags.content = content->get<std::string>();
    flags.special = FlagOf(token, "special", special);
    flags.normalized = FlagOf(token, "normalized", !flags.special);
    flags.lstrip = FlagOf(token, "lstrip", false);
    flags.rstrip = FlagOf(token, "rstrip", false);
    flags.single_word = FlagOf(token, "single_word", false);
  }
  if (flags.content.empty()) return std::nullopt;
  return flags;
}

TokenSpec* TokenOverlay::Place(const Flags& flags, std::optional<TokenId> id) {
  std::vector<TokenSpec>& tokens = spec_->tokens;
  if (const auto known = Find(flags.content)) {
    if (id && *id != *known) {
      spec_->remarks.push_back(
          "the added token \"" + flags.content + "\" is declared with the id " +
          std::to_string(*id) + ", but the vocabulary has it as " +
          std::to_string(*known) + ", which counts");
    }
    return &tokens[static_cast<size_t>(*known)];
  }
  const size_t place = id ? static_cast<size_t>(*id) : tokens.size();
  if ((id && *id < 0) || place > tokens.size() + kMostAdded) {
    spec_->remarks.push_back("the added token \"" + flags.content +
                             "\" has the id " + std::to_string(*id) +
                             ", which is none: it is ignored");
    return nullptr;
  }
  while (tokens.size() <= place) {
    tokens.push_back({.kind = TokenKind::kUnused, .in_model = false});
  }
  TokenSpec& token = tokens[place];
  if (!token.text.empty()) {
    spec_->remarks.push_back("the token " + std::to_string(place) + " is \"" +
                             std::string(token.text) +
                             "\" in the vocabulary, but \"" + flags.content +
                             "\" as it is declared, which counts");
    ids_.erase(token.text);
  }
  token.text = texts_->emplace_back(flags.content);
  ids_.emplace(token.text, static_cast<TokenId>(place));
  return &token;
}

void TokenOverlay::Add(const nlohmann::ordered_json& token,
                       std::optional<TokenId> id, bool special) {
  const std::optional<Flags> flags = Read(token, special);
  if (!flags) {
    if (!token.is_null()) {
      spec_->remarks.push_back(
          "what is declared as an added token is none: " +
          token
              .dump(-1, ' ', false,
                    nlohmann::ordered_json::error_handler_t::replace)
              .substr(0, 80));
    }
    return;
  }
  TokenSpec* added = Place(*flags, id);
  if (added == nullptr) return;
  if (!flags->special) {
    added->kind = TokenKind::kUserDefined;
  } else if (added->kind != TokenKind::kUnknown) {
    added->kind = TokenKind::kControl;
  }
  added->lstrip = flags->lstrip;
  added->rstrip = flags->rstrip;
  added->single_word = flags->single_word;
  added->match =
      flags->normalized ? TokenMatch::kNormalText : TokenMatch::kText;
}

void TokenOverlay::AddIfNew(const nlohmann::ordered_json& token) {
  const std::optional<Flags> flags = Read(token, true);
  if (!flags) return;
  if (const auto known = Find(flags->content)) {
    const TokenSpec& have = spec_->tokens[static_cast<size_t>(*known)];
    if (have.match != TokenMatch::kNever &&
        (have.kind == TokenKind::kControl ||
         have.kind == TokenKind::kUserDefined ||
         have.kind == TokenKind::kUnknown)) {
      return;
    }
  }
  Add(token, std::nullopt, true);
}

}  // namespace fullstop
