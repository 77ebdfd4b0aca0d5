#include "data/text_damage.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

namespace fullstop {
namespace {

// The character at *AT of TEXT, valid UTF-8, behind which *AT is moved; 0 at
// the end.
uint32_t Next(std::string_view text, size_t* at) {
  if (*at >= text.size()) return 0;
  const auto byte = [&](size_t i) {
    return *at + i < text.size()
               ? static_cast<uint32_t>(
                     static_cast<unsigned char>(text[*at + i]))
               : 0U;
  };
  const uint32_t first = byte(0);
  if (first < 0x80) {
    *at += 1;
    return first;
  }
  if (first < 0xE0) {
    const uint32_t value = ((first & 0x1F) << 6) | (byte(1) & 0x3F);
    *at += 2;
    return value;
  }
  if (first < 0xF0) {
    const uint32_t value =
        ((first & 0x0F) << 12) | ((byte(1) & 0x3F) << 6) | (byte(2) & 0x3F);
    *at += 3;
    return value;
  }
  *at += 4;
  return 0x10000;
}

// Windows-1252 from 0x80 to 0x9F; its five holes are C1 controls.
constexpr std::array<uint16_t, 32> kWindows1252 = {
    0x20AC, 0x81,   0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021,
    0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0x8D,   0x017D, 0x8F,
    0x90,   0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
    0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x9D,   0x017E, 0x0178};

// The byte from 0x80 to 0xBF as which Latin-1 or Windows-1252 has CHARACTER; 0
// where neither has.
uint32_t ContinuationOf(uint32_t character) {
  if (character >= 0x80 && character < 0xC0) return character;
  if (character < 0x0152 || character > 0x2122) return 0;
  const auto* found = std::ranges::find(kWindows1252, character);
  return found == kWindows1252.end()
             ? 0
             : 0x80 + static_cast<uint32_t>(found - kWindows1252.begin());
}

// Whether a character that three bytes stand for is one that texts have many
// of: others come of letters that stand before quotes by chance.
bool IsOfManyTexts(uint32_t character) {
  return (character >= 0x0900 && character < 0x1100) ||
         (character >= 0x2000 && character < 0x2C00) ||
         (character >= 0x3000 && character < 0xA000) ||
         (character >= 0xAC00 && character < 0xD7B0) ||
         (character >= 0xFE00 && character <= 0xFFFF);
}

// How many bytes of UTF-8 the characters at *AT were; 0 where they were none.
// Moves *AT behind them.
size_t BytesReadAsLatin(std::string_view text, size_t* at) {
  size_t place = *at;
  const uint32_t lead = Next(text, &place);
  if (lead < 0xC2 || lead > 0xF4) return 0;
  const size_t size = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  uint32_t value = lead & (0x7FU >> size);
  for (size_t i = 1; i < size; ++i) {
    const uint32_t byte = ContinuationOf(Next(text, &place));
    if (byte == 0) return 0;
    value = (value << 6) | (byte & 0x3F);
  }
  if (size == 3 && !IsOfManyTexts(value)) return 0;
  if (size == 4 && (value < 0x10000 || value > 0x3FFFF)) return 0;
  *at = place;
  return size;
}

bool WasReadAsLatin(std::string_view text, size_t at) {
  size_t lead_place = at;
  const uint32_t lead = Next(text, &lead_place);
  size_t place = at;
  const size_t size = BytesReadAsLatin(text, &place);
  if (size == 0) return false;
  // "CAFÉ »" and "café”—" are letters before signs; Ã©, â€™ and ðŸ˜ are not.
  if (lead < 0xC4 || lead == 0xE2 || lead == 0xEF || lead >= 0xF0) return true;
  // Nor are signs in the middle of a word.
  const auto is_letter = [&](size_t i) {
    return i < text.size() && ((text[i] >= 'a' && text[i] <= 'z') ||
                               (text[i] >= 'A' && text[i] <= 'Z'));
  };
  if (size == 2 && at > 0 && is_letter(at - 1) && is_letter(place)) return true;
  return BytesReadAsLatin(text, &place) != 0;
}

// Cyrillic letters that were read as Windows-1251: each second letter is Р or
// С, in capitals.
bool WasReadAsCyrillic(std::string_view text, size_t at) {
  constexpr size_t kPairs = 4;
  bool others = false;
  for (size_t i = 0; i < kPairs; ++i) {
    const uint32_t lead = Next(text, &at);
    const uint32_t second = Next(text, &at);
    if ((lead != 0x0420 && lead != 0x0421) || second < 0x80) return false;
    others |= second != 0x0420 && second != 0x0421;
  }
  return others;
}

// What GBK makes of the first bytes of U+FFFD, of punctuation in UTF-8 and of
// 的, 是, 我, 在, 这: 锟斤拷, and characters of which no text has two.
bool WasReadAsGbk(std::string_view text, size_t at) {
  constexpr std::array<std::string_view, 8> kSigns = {"锛", "銆", "鈥", "鐨",
                                                      "鏄", "鎴", "鍦", "杩"};
  const std::string_view rest = text.substr(at);
  if (rest.starts_with("锟斤")) return true;
  const bool begins = std::ranges::any_of(
      kSigns, [&](std::string_view each) { return rest.starts_with(each); });
  if (!begins) return false;
  const std::string_view behind = rest.substr(std::min<size_t>(3, rest.size()));
  return std::ranges::any_of(kSigns, [&](std::string_view each) {
    return !rest.starts_with(each) && behind.find(each) != behind.npos;
  });
}

}  // namespace

bool MayBeDamage(unsigned char first) {
  return first == 0xC2 || first == 0xC3 || first == 0xD0 || first == 0xE9 ||
         first == 0xEF;
}

bool IsDamage(std::string_view text, size_t at) {
  const auto byte = [&](size_t i) {
    return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0;
  };
  switch (byte(0)) {
    case 0xC2:  // C1 controls but for "next line"
      return byte(1) < 0xA0 && byte(1) != 0x85;
    case 0xC3:
      return byte(2) >= 0x80 && WasReadAsLatin(text, at);
    case 0xD0:
      return (byte(1) == 0xA0 || byte(1) == 0xA1) &&
             WasReadAsCyrillic(text, at);
    case 0xE9:
      return byte(1) >= 0x88 && byte(1) <= 0x94 && WasReadAsGbk(text, at);
    case 0xEF:
      return byte(1) == 0xBF && byte(2) == 0xBD;
    default:
      return false;
  }
}

}  // namespace fullstop
