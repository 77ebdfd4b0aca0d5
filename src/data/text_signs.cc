#include "data/text_signs.h"

#include "base/utf8.h"

namespace fullstop {

std::string_view Trimmed(std::string_view text) {
  const size_t begin = text.find_first_not_of(kSpaces);
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpaces) - begin + 1);
}

std::string_view LastCharacter(std::string_view text) {
  return text.substr(CharacterStart(text, text.size() - 1));
}

bool EndsSentence(std::string_view character) {
  constexpr std::array<std::string_view, 14> kEnds = {
      ".",  "!", "?", "…", "。", "！", "？",
      "；", "।", "؟", "۔", "｡",  "．", "～"};
  return IsOneOf(character, kEnds);
}

bool Closes(std::string_view character) {
  constexpr std::array<std::string_view, 20> kClosing = {
      ")", "]", "}",  ">",  "\"", "'",  "`",  "*", "_", "|",
      "”", "’", "」", "』", "）", "】", "》", "»", "~", "］"};
  return IsOneOf(character, kClosing);
}

bool GoesOn(std::string_view character) {
  constexpr std::array<std::string_view, 16> kOpening = {
      ",", "，", "、", ";",  ":",  "：", "(", "（",
      "[", "{",  "“",  "「", "《", "،",  "‘", "【"};
  return IsOneOf(character, kOpening);
}

bool IsWordCharacter(std::string_view character) {
  const char32_t value = DecodeCodePoint(character).value;
  if (value < 0x80) {
    const char c = character[0];
    return IsDigit(c) || IsLower(c) || IsUpper(c);
  }
  return (value >= 0xC0 && value < 0x2000 && value != 0xD7 && value != 0xF7) ||
         (value >= 0x2C00 && value < 0x2E00) ||
         (value >= 0x3040 && value < 0xD7B0) ||
         (value >= 0xF900 && value < 0xFB00) || value >= 0x20000;
}

bool HasStops(std::string_view character) {
  const char32_t value = DecodeCodePoint(character).value;
  return !((value >= 0x0E00 && value < 0x10A0) ||
           (value >= 0x1780 && value < 0x1800));
}

bool IsWide(std::string_view character) {
  const char32_t value = DecodeCodePoint(character).value;
  return value >= 0x3040 && value < 0xFB00;
}

size_t CountOf(std::string_view text, std::string_view part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != text.npos;
       at = text.find(part, at + part.size())) {
    ++count;
  }
  return count;
}

size_t CountWords(std::string_view text) {
  size_t words = 0;
  bool inside = false;
  for (const char c : text) {
    const bool space = kSpaces.find(c) != kSpaces.npos;
    words += !space && !inside ? 1 : 0;
    inside = !space;
  }
  return words;
}

std::string_view LastWord(std::string_view text) {
  const size_t space = text.find_last_of(kSpaces);
  return space == text.npos ? text : text.substr(space + 1);
}

}  // namespace fullstop
