// Arguments of a built-in function to its parameters.
#ifndef FULLSTOP_JINJA_ARGUMENTS_H_
#define FULLSTOP_JINJA_ARGUMENTS_H_

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "jinja/runtime.h"

namespace fullstop::jinja {

// PARAMETERS' values, missing where not given, in VALUES. Throws Error
// (kTemplate) for too many arguments, an unknown or doubled name, or fewer than
// REQUIRED. With POSITIONAL_ONLY no argument may be named.
void BindArguments(const char* function, const std::string_view* parameters,
                   size_t count, size_t required, bool positional_only,
                   Arguments* arguments, Value* values);

template <size_t N>
std::array<Value, N> Bind(const char* function, Arguments* arguments,
                          size_t required,
                          const std::array<std::string_view, N>& parameters) {
  std::array<Value, N> values;
  BindArguments(function, parameters.data(), N, required, false, arguments,
                values.data());
  return values;
}

// Of a function written in C, whose arguments have no names.
template <size_t N>
std::array<Value, N> BindPositional(const char* function, Arguments* arguments,
                                    size_t required) {
  std::array<Value, N> values;
  BindArguments(function, nullptr, N, required, true, arguments, values.data());
  return values;
}
void BindNothing(const char* function, Arguments* arguments);

// The value of an argument, FALLBACK where it was not given. Throw Error
// (kTemplate) where the type is wrong; NAME stands in the message.
int64_t IntArgument(const char* name, const Value& value, int64_t fallback);
int64_t IntArgument(const char* name, const Value& value);
const Text& TextArgument(const char* name, const Value& value);
bool FlagArgument(Runtime* runtime, const Value& value, bool fallback);

}  // namespace fullstop::jinja

#endif  // FULLSTOP_JINJA_ARGUMENTS_H_
