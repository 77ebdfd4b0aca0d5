// Python's numbers: bool, int of any size, float.
#ifndef FULLSTOP_JINJA_NUMBER_H_
#define FULLSTOP_JINJA_NUMBER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "jinja/bigint.h"
#include "jinja/value.h"

namespace fullstop::jinja {

inline bool IsInt(const Value& value) {
  return value.tag() == Value::Tag::kInt || value.tag() == Value::Tag::kBool ||
         value.tag() == Value::Tag::kBigInt;
}
inline bool IsNumber(const Value& value) {
  return IsInt(value) || value.tag() == Value::Tag::kFloat;
}
// Of a bool or an int that is not big.
inline int64_t SmallIntOf(const Value& value) {
  return value.is_bool() ? value.AsBool() : value.AsSmallInt();
}
// Of any int or bool.
BigInt ToBigInt(const Value& value);
// Of any number. Throws Error (kTemplate) where an int is too large.
double ToDouble(const Value& value);
// An int clamped to int64, which is far beyond any length: for widths, counts
// and indices. nullopt for what is no int.
std::optional<int64_t> ToIndex(const Value& value);

// repr of a float.
std::string FloatRepr(double value);
// str of an int. Throws Error (kTemplate) past 4,300 digits, as Python.
std::string IntRepr(const Value& value);

// int(TEXT, BASE) and float(TEXT); missing where Python raises ValueError.
Value ParseInt(std::string_view text, int base, Origin origin);
std::optional<double> ParseFloat(std::string_view text);
// int(x) of a finite float.
Value TruncateFloat(double value, Origin origin);
// round(NUMBER, DIGITS).
Value Round(const Value& number, int64_t digits);

enum class Arithmetic { kAdd, kSub, kMul, kDiv, kFloorDiv, kMod, kPow };
// Of two numbers. The result's origin is the left one's unless that is the
// template, then the right one's. Throws Error: kTemplate for a division by
// zero, an overflow, a complex result; kLimit past the size of ints.
Value Calculate(Arithmetic operation, const Value& a, const Value& b);
Value Negate(const Value& number);

inline Origin MergeOrigins(Origin a, Origin b) {
  return a != kTemplateOrigin ? a : b;
}

}  // namespace fullstop::jinja

#endif  // FULLSTOP_JINJA_NUMBER_H_
