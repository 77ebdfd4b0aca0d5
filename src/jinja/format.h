// Python's three ways to format: "%", str.format and format().
#ifndef FULLSTOP_JINJA_FORMAT_H_
#define FULLSTOP_JINJA_FORMAT_H_

#include "jinja/runtime.h"

namespace fullstop::jinja {

// FORMAT % ARGUMENT, where FORMAT is a string.
Value FormatPercent(Runtime* runtime, const Value& format,
                    const Value& argument);
// FORMAT.format(ARGUMENTS), as the sandbox does it. MAPPING, where it is no
// nullptr, is the argument of format_map.
Value FormatBraces(Runtime* runtime, const Value& format,
                   const Arguments& arguments, const Value* mapping);
// format(VALUE, SPEC).
Text FormatSpec(Runtime* runtime, const Value& value, const Text& spec);
// ascii() from a repr.
Text ToAscii(const Text& repr);
// VALUE with PRECISION digits behind the point; KIND is one of f F e E g G %.
// ALTERNATE keeps the point and trailing zeros of g.
std::string FormatFloat(double value, char kind, int precision, bool alternate);

}  // namespace fullstop::jinja

#endif  // FULLSTOP_JINJA_FORMAT_H_
