// UTF-8 as the Unicode standard defines it (D92; no surrogates, no overlong
// forms, nothing past U+10FFFF).
#ifndef FULLSTOP_BASE_UTF8_H_
#define FULLSTOP_BASE_UTF8_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace fullstop {

// One step through a text. LENGTH is 1 to 4 for a valid sequence. Where the
// bytes at the position are no valid sequence, VALID is false and LENGTH is
// the maximal subpart that U+FFFD replaces (Unicode 3.9, as Python does).
struct CodePoint {
  char32_t value;
  uint32_t length;
  bool valid;
};

// TEXT must not be empty.
CodePoint DecodeCodePoint(std::string_view text);

// VALUE must be a Unicode scalar value.
void AppendUtf8(char32_t value, std::string* out);

bool IsValidUtf8(std::string_view text);

// Each maximal subpart of an ill-formed sequence becomes one U+FFFD.
std::string ReplaceInvalidUtf8(std::string_view text);

// Where the character begins that holds the byte AT of TEXT, whose size may be
// AT too: cut there, no character is.
size_t CharacterStart(std::string_view text, size_t at);

// How many bytes at the end of TEXT (0 to 3) begin a sequence that further
// bytes could still complete: what a streaming decoder has to hold back.
size_t IncompleteUtf8Suffix(std::string_view text);

}  // namespace fullstop

#endif  // FULLSTOP_BASE_UTF8_H_
