#include "protocol/token_scan.h"

#include <algorithm>
#include <functional>

namespace fullstop {
namespace {

constexpr std::string_view kSpaces = " \t\n\r\f\v";

}  // namespace

bool IsWhiteSpace(std::string_view text) {
  // SentencePiece vocabularies spell runs of spaces with U+2581.
  constexpr std::string_view kLowerBlock = "\u2581";
  while (!text.empty()) {
    if (kSpaces.find(text.front()) != std::string_view::npos) {
      text.remove_prefix(1);
    } else if (text.starts_with(kLowerBlock)) {
      text.remove_prefix(kLowerBlock.size());
    } else {
      return false;
    }
  }
  return true;
}

std::string_view StripRight(std::string_view text) {
  const size_t last = text.find_last_not_of(kSpaces);
  return last == std::string_view::npos ? std::string_view()
                                        : text.substr(0, last + 1);
}

std::string_view Strip(std::string_view text) {
  const size_t first = text.find_first_not_of(kSpaces);
  return first == std::string_view::npos ? std::string_view()
                                         : StripRight(text.substr(first));
}

size_t SharedPrefix(std::string_view a, std::string_view b) {
  size_t shared = 0;
  size_t at = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    if (kSpaces.find(a[i]) != std::string_view::npos) continue;
    at = b.find_first_not_of(kSpaces, at);
    if (at == std::string_view::npos || a[i] != b[at]) break;
    ++at;
    shared = i + 1;
  }
  return shared;
}

TokenScanner::TokenScanner(const std::vector<SpecialToken>& specials) {
  for (const SpecialToken& special : specials) {
    if (IsWhiteSpace(special.text)) continue;
    ids_.emplace(special.text, special.id);
    lengths_[static_cast<unsigned char>(special.text[0])].push_back(
        special.text.size());
  }
  for (std::vector<size_t>& lengths : lengths_) {
    std::sort(lengths.begin(), lengths.end(), std::greater<>());
    lengths.erase(std::unique(lengths.begin(), lengths.end()), lengths.end());
  }
}

void TokenScanner::Scan(std::string_view text, size_t begin, size_t end,
                        std::vector<ScannedToken>* found) const {
  for (size_t at = begin; at < end;) {
    size_t matched = 0;
    for (const size_t length : lengths_[static_cast<unsigned char>(text[at])]) {
      if (length > end - at) continue;
      const auto it = ids_.find(text.substr(at, length));
      if (it == ids_.end()) continue;
      found->push_back({it->second, at, at + length});
      matched = length;
      break;
    }
    at += matched == 0 ? 1 : matched;
  }
}

}  // namespace fullstop
