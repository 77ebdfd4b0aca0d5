#include "jinja/arguments.h"

#include "jinja/number.h"

namespace fullstop::jinja {

void BindArguments(const char* function, const std::string_view* parameters,
                   size_t count, size_t required, bool positional_only,
                   Arguments* arguments, Value* values) {
  const std::string name = std::string(function) + "()";
  if (arguments->positional.size() > count) {
    Fail(name + " takes at most " + std::to_string(count) + " arguments, not " +
         std::to_string(arguments->positional.size()));
  }
  if (positional_only && !arguments->named.empty()) {
    Fail(name + " takes no argument by name");
  }
  for (size_t i = 0; i < count; ++i) {
    values[i] = i < arguments->positional.size()
                    ? std::move(arguments->positional[i])
                    : Value::Missing();
  }
  for (auto& [key, value] : arguments->named) {
    size_t i = 0;
    while (i < count && parameters[i] != key) ++i;
    if (i == count) Fail(name + " has no parameter '" + key + "'");
    if (!values[i].is_missing()) {
      Fail(name + " was given two values for '" + key + "'");
    }
    values[i] = std::move(value);
  }
  for (size_t i = 0; i < required; ++i) {
    if (values[i].is_missing()) {
      Fail(name + " needs at least " + std::to_string(required) +
           (required == 1 ? " argument" : " arguments"));
    }
  }
}

void BindNothing(const char* function, Arguments* arguments) {
  BindArguments(function, nullptr, 0, 0, true, arguments, nullptr);
}

int64_t IntArgument(const char* name, const Value& value, int64_t fallback) {
  return value.is_missing() ? fallback : IntArgument(name, value);
}

int64_t IntArgument(const char* name, const Value& value) {
  if (value.is_undefined()) FailUndefined(value);
  const auto index = ToIndex(value);
  if (!index) {
    Fail(std::string(name) + " must be an int, not " + TypeName(value));
  }
  return *index;
}

const Text& TextArgument(const char* name, const Value& value) {
  if (!value.is_string()) {
    Fail(std::string(name) + " must be a string, not " + TypeName(value));
  }
  return value.AsText();
}

bool FlagArgument(Runtime* runtime, const Value& value, bool fallback) {
  return value.is_missing() ? fallback : Truth(runtime, value);
}

}  // namespace fullstop::jinja
