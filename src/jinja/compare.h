// Python's ==, < and hash of values.
#ifndef FULLSTOP_JINJA_COMPARE_H_
#define FULLSTOP_JINJA_COMPARE_H_

#include <cstdint>
#include <optional>

#include "jinja/value.h"

namespace fullstop::jinja {

// How deep values may nest for whatever walks them; deeper is an Error
// (kLimit).
inline constexpr int kMaxNesting = 500;
[[noreturn]] void FailNesting();

bool Equal(const Value& a, const Value& b, int depth = 0);
// Whether `a is b` holds in Python, as far as values without identity tell.
bool Identical(const Value& a, const Value& b);
// a < b, a == b, a > b, or unordered (NaN). Throws Error (kTemplate) for types
// that Python does not order; OPERATION stands in its message.
std::partial_ordering Compare(const Value& a, const Value& b,
                              const char* operation, int depth = 0);
// nullopt where the type is not hashable.
std::optional<uint64_t> Hash(const Value& value, int depth = 0);
uint64_t HashBytes(std::string_view bytes);

}  // namespace fullstop::jinja

#endif  // FULLSTOP_JINJA_COMPARE_H_
