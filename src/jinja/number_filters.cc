// Filters on numbers.
#include <cmath>

#include "jinja/arguments.h"
#include "jinja/filters.h"
#include "jinja/format.h"
#include "jinja/number.h"

namespace fullstop::jinja {
namespace {

using Tag = Value::Tag;

Value Abs(Runtime*, const Value& input, Arguments* arguments) {
  BindNothing("abs", arguments);
  if (input.is_undefined()) FailUndefined(input);
  if (!IsNumber(input)) Fail("abs needs a number, not " + TypeName(input));
  if (input.tag() == Tag::kFloat) {
    return Value::Float(std::fabs(input.AsFloat()), input.origin());
  }
  const BigInt value = ToBigInt(input);
  return Value::Big(value.negative() ? -value : value, input.origin());
}

// int(float), or missing where it is infinite or NaN.
Value WholeOf(double real, Origin origin) {
  return std::isfinite(real) ? TruncateFloat(real, origin) : Value::Missing();
}

Value ToInt(Runtime*, const Value& input, Arguments* arguments) {
  const auto [fallback, base] =
      Bind<2>("int", arguments, 0, {"default", "base"});
  const Value other = fallback.is_missing() ? Value::Int(0) : fallback;
  if (input.is_undefined()) FailUndefined(input);
  if (IsInt(input)) return Value::Big(ToBigInt(input), input.origin());
  if (input.tag() == Tag::kFloat) {
    if (std::isinf(input.AsFloat())) Fail("an infinite number is no int");
    const Value whole = WholeOf(input.AsFloat(), input.origin());
    return whole.is_missing() ? other : whole;
  }
  if (!input.is_string()) return other;
  const std::string_view text = input.AsText().view();
  const auto radix =
      base.is_missing() ? std::optional<int64_t>(10) : ToIndex(base);
  if (radix && (*radix == 0 || (*radix >= 2 && *radix <= 36))) {
    Value parsed = ParseInt(text, static_cast<int>(*radix), input.origin());
    if (!parsed.is_missing()) return parsed;
  }
  if (const auto real = ParseFloat(text)) {
    Value whole = WholeOf(*real, input.origin());
    if (!whole.is_missing()) return whole;
  }
  return other;
}

Value ToFloat(Runtime*, const Value& input, Arguments* arguments) {
  const auto [fallback] = Bind<1>("float", arguments, 0, {"default"});
  if (input.is_undefined()) FailUndefined(input);
  if (IsNumber(input)) return Value::Float(ToDouble(input), input.origin());
  if (input.is_string()) {
    if (const auto real = ParseFloat(input.AsText().view())) {
      return Value::Float(*real, input.origin());
    }
  }
  return fallback.is_missing() ? Value::Float(0) : fallback;
}

Value RoundNumber(Runtime* runtime, const Value& input, Arguments* arguments) {
  const auto [precision, method] =
      Bind<2>("round", arguments, 0, {"precision", "method"});
  const std::string how = method.is_missing()  ? "common"
                          : method.is_string() ? method.AsText().bytes()
                                               : "";
  if (how != "common" && how != "ceil" && how != "floor") {
    Fail("round's method must be common, ceil or floor");
  }
  if (input.is_undefined()) FailUndefined(input);
  if (!IsNumber(input)) Fail("round needs a number, not " + TypeName(input));
  if (how == "common") {
    if (!precision.is_none()) {
      return Round(input, IntArgument("precision", precision, 0));
    }
    const Value rounded = Round(input, 0);
    if (rounded.tag() != Tag::kFloat) return rounded;
    const Value whole = WholeOf(rounded.AsFloat(), input.origin());
    if (whole.is_missing()) Fail("an infinite number or NaN is no int");
    return whole;
  }
  const Value digits = precision.is_missing() ? Value::Int(0) : precision;
  const Value unit = Operate(runtime, Arithmetic::kPow, Value::Int(10), digits);
  Value scaled = Operate(runtime, Arithmetic::kMul, input, unit);
  if (scaled.tag() == Tag::kFloat) {
    const double real = scaled.AsFloat();
    scaled = WholeOf(how == "ceil" ? std::ceil(real) : std::floor(real),
                     input.origin());
    if (scaled.is_missing()) Fail("an infinite number or NaN is no int");
  }
  return Operate(runtime, Arithmetic::kDiv, scaled, unit);
}

Value FileSize(Runtime* runtime, const Value& input, Arguments* arguments) {
  const auto [binary] = Bind<1>("filesizeformat", arguments, 0, {"binary"});
  double bytes = 0;
  if (IsNumber(input)) {
    bytes = ToDouble(input);
  } else {
    if (input.is_undefined()) FailUndefined(input);
    const auto parsed =
        input.is_string() ? ParseFloat(input.AsText().view()) : std::nullopt;
    if (!parsed) Fail("filesizeformat needs a number");
    bytes = *parsed;
  }
  const bool twos = FlagArgument(runtime, binary, false);
  const double base = twos ? 1024 : 1000;
  std::string text;
  if (bytes == 1) {
    text = "1 Byte";
  } else if (bytes < base) {
    if (std::isinf(bytes)) Fail("an infinite number is no int");
    text = IntRepr(TruncateFloat(bytes, kTemplateOrigin)) + " Bytes";
  } else {
    const std::string_view letters = twos ? "KMGTPEZY" : "kMGTPEZY";
    double unit = base;
    size_t i = 0;
    for (; i < letters.size(); ++i) {
      unit *= base;
      if (bytes < unit) break;
    }
    if (i == letters.size()) --i;
    text = FormatFloat(base * bytes / unit, 'f', 1, false) + " " +
           std::string(1, letters[i]) + (twos ? "iB" : "B");
  }
  return Value::String(std::move(text), input.origin());
}

}  // namespace

std::span<const FilterEntry> NumberFilters() {
  static constexpr FilterEntry kFilters[] = {
      {"abs", Abs},   {"filesizeformat", FileSize}, {"float", ToFloat},
      {"int", ToInt}, {"round", RoundNumber},
  };
  return kFilters;
}

}  // namespace fullstop::jinja
