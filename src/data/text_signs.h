// What a character or a word of a text is for whoever asks where sentences end.
#ifndef FULLSTOP_DATA_TEXT_SIGNS_H_
#define FULLSTOP_DATA_TEXT_SIGNS_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

namespace fullstop {

constexpr std::string_view kSpaces = " \t\r\n";

constexpr bool IsDigit(char c) { return c >= '0' && c <= '9'; }
constexpr bool IsLower(char c) { return c >= 'a' && c <= 'z'; }
constexpr bool IsUpper(char c) { return c >= 'A' && c <= 'Z'; }

template <size_t N>
bool IsOneOf(std::string_view text,
             const std::array<std::string_view, N>& strings) {
  return std::ranges::find(strings, text) != strings.end();
}

// TEXT without the spaces around it.
std::string_view Trimmed(std::string_view text);
size_t CountOf(std::string_view text, std::string_view part);
// Words between spaces.
size_t CountWords(std::string_view text);
// What stands behind the last space of TEXT.
std::string_view LastWord(std::string_view text);
// The last character of TEXT, which is not empty.
std::string_view LastCharacter(std::string_view text);

// CHARACTER is one, in UTF-8.

// A stop of any script.
bool EndsSentence(std::string_view character);
// A sign that closes what another opened, or sets words off.
bool Closes(std::string_view character);
// A sign behind which there has to be something.
bool GoesOn(std::string_view character);
// Letters and digits of all scripts; signs, emoji and the like are none.
bool IsWordCharacter(std::string_view character);
// False for scripts that end no sentence with a sign: Thai to Myanmar, Khmer.
bool HasStops(std::string_view character);
// Of East Asia.
bool IsWide(std::string_view character);

}  // namespace fullstop

#endif  // FULLSTOP_DATA_TEXT_SIGNS_H_
