// Python's string operations on texts that know their origins. Each byte of a
// result keeps the origin of the byte it was or was made from.
#ifndef FULLSTOP_JINJA_TEXT_OPS_H_
#define FULLSTOP_JINJA_TEXT_OPS_H_

#include <cstdint>
#include <limits>
#include <vector>

#include "jinja/text.h"
#include "jinja/unicode.h"

namespace fullstop::jinja {

inline constexpr int64_t kUnlimited = std::numeric_limits<int64_t>::max();

Text ChangeCase(const Text& text, Case to);
Text Capitalize(const Text& text);
Text TitleCase(const Text& text);
Text SwapCase(const Text& text);

// CHARS nullptr: white space.
Text Strip(const Text& text, const Text* chars, bool left, bool right);

// SEPARATOR nullptr: runs of white space, none at the ends. An empty SEPARATOR
// is the caller's to refuse.
std::vector<Text> Split(const Text& text, const Text* separator, int64_t most);
std::vector<Text> SplitFromRight(const Text& text, const Text* separator,
                                 int64_t most);
std::vector<Text> SplitLines(const Text& text, bool keep_ends);

// COUNT < 0: all.
Text Replace(const Text& text, const Text& old, const Text& by, int64_t count);
// The size in bytes of what Replace gives.
size_t ReplacedSize(const Text& text, const Text& old, const Text& by,
                    int64_t count);
size_t CountOccurrences(std::string_view text, std::string_view part);

// FILL, one code point, LEFT and RIGHT times at the ends.
Text Pad(const Text& text, int64_t left, int64_t right, const Text& fill);
Text ExpandTabs(const Text& text, int64_t size);

}  // namespace fullstop::jinja

#endif  // FULLSTOP_JINJA_TEXT_OPS_H_
