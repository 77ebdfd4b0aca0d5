#include "generate/sampler_dry_breakers.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string_view>

#include "base/error.h"

namespace fullstop {
namespace {

constexpr size_t kMaxBytes = 40;
constexpr size_t kMaxRest = 20;

// Calls ADD(rest) for each way in which WORD covers a beginning of BREAKER:
// REST is what is left of it, empty where WORD contains it.
template <typename Function>
void ForEachRest(std::string_view word, std::string_view breaker,
                 Function add) {
  if (word.find(breaker) != std::string_view::npos) {
    add(std::string_view());
    return;
  }
  for (size_t length = 1; length < breaker.size(); ++length) {
    if (word.ends_with(breaker.substr(0, length))) add(breaker.substr(length));
  }
}

}  // namespace

std::vector<std::vector<TokenId>> CompileDryBreakers(
    const Tokenizer& tokenizer, std::span<const std::string> texts) {
  // The rests are few and the words many.
  std::map<std::string_view, std::vector<TokenId>> rests;
  const auto encode_rest = [&](std::string_view rest) {
    const auto [it, is_new] = rests.try_emplace(rest);
    if (is_new && !rest.empty()) {
      it->second = tokenizer.Encode(rest);
      it->second.resize(std::min(it->second.size(), kMaxRest));
    }
    return it->second;
  };

  std::vector<std::vector<TokenId>> breakers;
  for (const std::string& text : texts) {
    if (text.empty() || text.size() > kMaxBytes) {
      throw Error::Usage(
          fmt::format("--dry-sequence-breaker has {} bytes", text.size()))
          .Advice(fmt::format("give a text of 1 to {} bytes", kMaxBytes));
    }
    for (size_t i = 0; i < tokenizer.size(); ++i) {
      const auto id = static_cast<TokenId>(i);
      if (tokenizer.info(id).kind == TokenKind::kControl) continue;
      ForEachRest(tokenizer.TokenBytes(id), text, [&](std::string_view rest) {
        std::vector<TokenId> breaker = {id};
        const std::vector<TokenId> tail = encode_rest(rest);
        breaker.insert(breaker.end(), tail.begin(), tail.end());
        breakers.push_back(std::move(breaker));
      });
    }
  }
  std::sort(breakers.begin(), breakers.end());
  breakers.erase(std::unique(breakers.begin(), breakers.end()), breakers.end());
  return breakers;
}

}  // namespace fullstop
