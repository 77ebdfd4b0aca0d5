#include "base/utf8.h"

#include <algorithm>

namespace fullstop {
namespace {

struct Lead {
  uint32_t length;  // of the whole sequence, 0 where the byte can't lead
  unsigned char low, high;  // range of the second byte
};

Lead Classify(unsigned char byte) {
  if (byte < 0x80) return {1, 0, 0};
  if (byte < 0xC2) return {0, 0, 0};
  if (byte < 0xE0) return {2, 0x80, 0xBF};
  if (byte == 0xE0) return {3, 0xA0, 0xBF};
  if (byte == 0xED) return {3, 0x80, 0x9F};
  if (byte < 0xF0) return {3, 0x80, 0xBF};
  if (byte == 0xF0) return {4, 0x90, 0xBF};
  if (byte < 0xF4) return {4, 0x80, 0xBF};
  if (byte == 0xF4) return {4, 0x80, 0x8F};
  return {0, 0, 0};
}

// How many bytes of TEXT, from its start, belong to the sequence that LEAD
// announces.
uint32_t MatchedLength(std::string_view text, const Lead& lead) {
  uint32_t matched = 1;
  while (matched < lead.length && matched < text.size()) {
    const auto byte = static_cast<unsigned char>(text[matched]);
    const unsigned char low = matched == 1 ? lead.low : 0x80;
    const unsigned char high = matched == 1 ? lead.high : 0xBF;
    if (byte < low || byte > high) break;
    ++matched;
  }
  return matched;
}

}  // namespace

CodePoint DecodeCodePoint(std::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  const Lead lead = Classify(first);
  if (lead.length == 1) return {first, 1, true};
  if (lead.length == 0) return {0xFFFD, 1, false};
  const uint32_t matched = MatchedLength(text, lead);
  if (matched < lead.length) return {0xFFFD, matched, false};
  char32_t value = first & (0xFF >> (lead.length + 1));
  for (uint32_t i = 1; i < lead.length; ++i) {
    value = (value << 6) | (static_cast<unsigned char>(text[i]) & 0x3F);
  }
  return {value, lead.length, true};
}

void AppendUtf8(char32_t value, std::string* out) {
  const auto tail = [value](int shift) {
    return static_cast<char>(0x80 | ((value >> shift) & 0x3F));
  };
  if (value < 0x80) {
    *out += static_cast<char>(value);
  } else if (value < 0x800) {
    *out += static_cast<char>(0xC0 | (value >> 6));
    *out += tail(0);
  } else if (value < 0x10000) {
    *out += static_cast<char>(0xE0 | (value >> 12));
    *out += tail(6);
    *out += tail(0);
  } else {
    *out += static_cast<char>(0xF0 | (value >> 18));
    *out += tail(12);
    *out += tail(6);
    *out += tail(0);
  }
}

bool IsValidUtf8(std::string_view text) {
  while (!text.empty()) {
    const CodePoint point = DecodeCodePoint(text);
    if (!point.valid) return false;
    text.remove_prefix(point.length);
  }
  return true;
}

std::string ReplaceInvalidUtf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const CodePoint point = DecodeCodePoint(text);
    if (point.valid) {
      out.append(text.substr(0, point.length));
    } else {
      AppendUtf8(0xFFFD, &out);
    }
    text.remove_prefix(point.length);
  }
  return out;
}

size_t CharacterStart(std::string_view text, size_t at) {
  if (at >= text.size()) return text.size();
  size_t begin = at;
  while (begin > 0 && (text[begin] & 0xC0) == 0x80) --begin;
  return begin;
}

size_t IncompleteUtf8Suffix(std::string_view text) {
  const size_t longest = std::min<size_t>(3, text.size());
  for (size_t length = 1; length <= longest; ++length) {
    const std::string_view suffix = text.substr(text.size() - length);
    const Lead lead = Classify(static_cast<unsigned char>(suffix[0]));
    if (lead.length > length && MatchedLength(suffix, lead) == length) {
      return length;
    }
  }
  return 0;
}

}  // namespace fullstop
