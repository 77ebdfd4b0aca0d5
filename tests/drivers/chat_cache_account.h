// What chat_cache_driver counts, and how it prints that.
#ifndef FULLSTOP_TESTS_DRIVERS_CHAT_CACHE_ACCOUNT_H_
#define FULLSTOP_TESTS_DRIVERS_CHAT_CACHE_ACCOUNT_H_

#include <cstddef>
#include <cstdio>
#include <map>
#include <set>
#include <string>
#include <string_view>

namespace fullstop {

struct Account {
  size_t chats = 0;
  size_t turns = 0;
  std::map<std::string_view, size_t> ends;
  size_t edits = 0;
  size_t refused = 0;
  // Replies that a later prompt holds, when first met there.
  size_t replies = 0;
  size_t encoded_differently = 0;  // than they were generated
  size_t prompt_tokens = 0;
  size_t found_in_cache = 0;
  size_t evaluated = 0;
  // Tokens that the cache held and a prompt doesn't: what stands in their place
  // is evaluated again.
  size_t replaced_by_edits = 0;
  size_t replaced_by_template = 0;  // it writes past turns in other words
  size_t replaced_by_encoding = 0;
  size_t replaced_without_cause = 0;
  size_t checked_logits = 0;
  float largest_difference = 0;
  // Why replies that a prompt held were encoded again.
  std::map<std::string, size_t> reencoded;
  size_t violations = 0;
};

inline void PrintRow(const char* name, size_t kept, size_t encoded) {
  std::printf("%-48s %10zu %15zu\n", name, kept, encoded);
}

// The run with kept ids beside the one without.
inline void Print(const Account& a, const Account& b) {
  std::printf("%-48s %10s %15s\n", "", "kept ids", "encoded again");
  PrintRow("chats", a.chats, b.chats);
  PrintRow("turns", a.turns, b.turns);
  std::set<std::string_view> causes;
  for (const Account* account : {&a, &b}) {
    for (const auto& [cause, count] : account->ends) causes.insert(cause);
  }
  for (const std::string_view cause : causes) {
    const auto count = [&cause](const Account& account) {
      const auto found = account.ends.find(cause);
      return found == account.ends.end() ? 0 : found->second;
    };
    PrintRow(("  ended by " + std::string(cause)).c_str(), count(a), count(b));
  }
  PrintRow("prompts refused, longer than the context", a.refused, b.refused);
  PrintRow("messages edited between turns", a.edits, b.edits);
  PrintRow("replies met in a later prompt", a.replies, b.replies);
  PrintRow("  their text encodes to other ids", a.encoded_differently,
           b.encoded_differently);
  PrintRow("prompt tokens", a.prompt_tokens, b.prompt_tokens);
  PrintRow("  found in the cache", a.found_in_cache, b.found_in_cache);
  PrintRow("  evaluated", a.evaluated, b.evaluated);
  PrintRow("  not evaluated, cancelled",
           a.prompt_tokens - a.found_in_cache - a.evaluated,
           b.prompt_tokens - b.found_in_cache - b.evaluated);
  PrintRow("cached tokens replaced, after an edit", a.replaced_by_edits,
           b.replaced_by_edits);
  PrintRow("  where the template wrote a past turn anew",
           a.replaced_by_template, b.replaced_by_template);
  PrintRow("  where a reply was encoded to other ids", a.replaced_by_encoding,
           b.replaced_by_encoding);
  PrintRow("  without a cause", a.replaced_without_cause,
           b.replaced_without_cause);
  PrintRow("prompts evaluated in a fresh cache too", a.checked_logits,
           b.checked_logits);
  std::printf("%-48s %10.2g %15.2g\n", "  largest difference of a logit",
              static_cast<double>(a.largest_difference),
              static_cast<double>(b.largest_difference));
  for (const auto& [reason, count] : a.reencoded) {
    PrintRow(("  encoded again: " + reason).c_str(), count, 0);
  }
  PrintRow("violations", a.violations, b.violations);
}

}  // namespace fullstop

#endif  // FULLSTOP_TESTS_DRIVERS_CHAT_CACHE_ACCOUNT_H_
