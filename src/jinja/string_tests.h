#ifndef FULLSTOP_JINJA_STRING_TESTS_H_
#define FULLSTOP_JINJA_STRING_TESTS_H_

#include <string_view>

namespace fullstop::jinja {

// Python's str.islower and str.isupper.
bool IsLower(std::string_view text);
bool IsUpper(std::string_view text);

}  // namespace fullstop::jinja

#endif  // FULLSTOP_JINJA_STRING_TESTS_H_
