#ifndef FULLSTOP_JINJA_STRING_ESCAPE_H_
#define FULLSTOP_JINJA_STRING_ESCAPE_H_

#include <string>
#include <string_view>

namespace fullstop::jinja {

// The value of a string literal between its quotes, with the escapes of
// Python's unicode-escape codec except \N{…}. False, with ERROR set, where an
// escape is cut short or makes no Unicode scalar value.
bool DecodeEscapes(std::string_view literal, std::string* value,
                   std::string* error);

// \xHH, \uHHHH or \UHHHHHHHH, the shortest that holds C.
std::string EscapedLetter(char32_t c);

}  // namespace fullstop::jinja

#endif  // FULLSTOP_JINJA_STRING_ESCAPE_H_
