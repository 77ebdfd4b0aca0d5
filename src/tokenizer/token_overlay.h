#ifndef FULLSTOP_TOKENIZER_TOKEN_OVERLAY_H_
#define FULLSTOP_TOKENIZER_TOKEN_OVERLAY_H_

#include <deque>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "tokenizer/tokenizer_spec.h"

namespace fullstop {

// Adds tokens to a vocabulary, or changes the flags of those it has. One
// thread.
class TokenOverlay {
 public:
  // *SPEC must outlive the object, and keeps the texts.
  explicit TokenOverlay(TokenizerSpec* spec);

  std::optional<TokenId> Find(std::string_view text) const;

  // A token of an `added_tokens_decoder`: an object with its content and flags,
  // or a text, which is SPECIAL. The vocabulary's own id counts; ID is that of
  // a new token, or of one whose text the file replaces; where absent the next
  // one. What is no token is ignored, with a remark.
  void Add(const nlohmann::ordered_json& token, std::optional<TokenId> id,
           bool special);
  // As Add, unless the text is an added token already.
  void AddIfNew(const nlohmann::ordered_json& token);

 private:
  struct Flags {
    std::string content;
    bool special = false;
    bool normalized = false;
    bool lstrip = false;
    bool rstrip = false;
    bool single_word = false;
  };
  static std::optional<Flags> Read(const nlohmann::ordered_json& token,
                                   bool special);
  TokenSpec* Place(const Flags& flags, std::optional<TokenId> id);

  TokenizerSpec* spec_;
  std::shared_ptr<std::deque<std::string>> texts_;
  std::unordered_map<std::string_view, TokenId> ids_;
};

}  // namespace fullstop

#endif  // FULLSTOP_TOKENIZER_TOKEN_OVERLAY_H_
