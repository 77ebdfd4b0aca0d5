#include "jinja/number.h"

#include <charconv>
#include <cmath>
#include <cstdio>
#include <limits>

#include "base/error.h"
#include "jinja/host.h"
#include "jinja/unicode.h"

namespace fullstop::jinja {
namespace {

using Tag = Value::Tag;

constexpr size_t kMaxPrintedDigits = 4300;

Value FloatPower(double base, double exponent, Origin origin) {
  if (base == 0 && exponent < 0)
    Fail("0.0 can't be raised to a negative power");
  if (base < 0 && std::isfinite(base) && std::isfinite(exponent) &&
      exponent != std::trunc(exponent)) {
    Fail("a complex number results from a fractional power of a negative one");
  }
  const double result = std::pow(base, exponent);
  if (std::isinf(result) && std::isfinite(base) && std::isfinite(exponent)) {
    Fail("the result of ** is too large for a float");
  }
  return Value::Float(result, origin);
}

// Python's float_divmod.
void FloorDivide(double a, double b, double* quotient, double* modulo) {
  double rest = std::fmod(a, b);
  double whole = (a - rest) / b;
  if (rest != 0) {
    if ((b < 0) != (rest < 0)) {
      rest += b;
      whole -= 1;
    }
  } else {
    rest = std::copysign(0.0, b);
  }
  if (whole != 0) {
    double floor = std::floor(whole);
    if (whole - floor > 0.5) floor += 1;
    whole = floor;
  } else {
    whole = std::copysign(0.0, a / b);
  }
  *quotient = whole;
  *modulo = rest;
}

Value CalculateFloats(Arithmetic operation, double a, double b, Origin origin) {
  double quotient = 0;
  double modulo = 0;
  switch (operation) {
    case Arithmetic::kAdd:
      return Value::Float(a + b, origin);
    case Arithmetic::kSub:
      return Value::Float(a - b, origin);
    case Arithmetic::kMul:
      return Value::Float(a * b, origin);
    case Arithmetic::kPow:
      return FloatPower(a, b, origin);
    case Arithmetic::kDiv:
    case Arithmetic::kFloorDiv:
    case Arithmetic::kMod:
      break;
  }
  if (b == 0) Fail("division by zero");
  if (operation == Arithmetic::kDiv) return Value::Float(a / b, origin);
  FloorDivide(a, b, &quotient, &modulo);
  return Value::Float(operation == Arithmetic::kMod ? modulo : quotient,
                      origin);
}

// a / b rounded once, as Python does it for ints of any size.
double DivideExactly(const BigInt& a, const BigInt& b) {
  // At least 66 bits of quotient, the last of which gathers the remainder.
  const int64_t shift =
      std::max<int64_t>(0, 66 + static_cast<int64_t>(b.BitLength()) -
                               static_cast<int64_t>(a.BitLength()));
  BigInt quotient;
  BigInt rest;
  BigInt::DivMod(a.negative() ? -a : a, b.negative() ? -b : b, &quotient,
                 &rest);
  if (shift > 0) {
    const BigInt wide = BigInt::Pow(BigInt(2), static_cast<uint64_t>(shift));
    BigInt::DivMod((a.negative() ? -a : a) * wide, b.negative() ? -b : b,
                   &quotient, &rest);
  }
  if (!rest.zero()) {
    BigInt half;
    BigInt parity;
    BigInt::DivMod(quotient, BigInt(2), &half, &parity);
    if (parity.zero()) quotient = quotient + BigInt(1);
  }
  const double value =
      std::ldexp(quotient.ToDouble(), -static_cast<int>(shift));
  if (std::isinf(value)) Fail("the result of / is too large for a float");
  return a.negative() != b.negative() ? -value : value;
}

Value CalculateBig(Arithmetic operation, const Value& left, const Value& right,
                   Origin origin) {
  const BigInt a = ToBigInt(left);
  const BigInt b = ToBigInt(right);
  switch (operation) {
    case Arithmetic::kAdd:
      return Value::Big(a + b, origin);
    case Arithmetic::kSub:
      return Value::Big(a - b, origin);
    case Arithmetic::kMul:
      return Value::Big(a * b, origin);
    case Arithmetic::kPow: {
      if (b.negative()) {
        return FloatPower(ToDouble(left), ToDouble(right), origin);
      }
      const auto exponent = b.ToInt64();
      if (!exponent && a.BitLength() > 1) {
        throw Error::Limit("** makes too large a number");
      }
      // 0 and 1 and -1 keep their size; only the exponent's parity counts.
      BigInt half;
      BigInt parity;
      BigInt::DivMod(b, BigInt(2), &half, &parity);
      const uint64_t small =
          exponent ? static_cast<uint64_t>(*exponent) : (parity.zero() ? 2 : 1);
      return Value::Big(BigInt::Pow(a, small), origin);
    }
    case Arithmetic::kDiv:
      if (b.zero()) Fail("division by zero");
      return Value::Float(DivideExactly(a, b), origin);
    case Arithmetic::kFloorDiv:
    case Arithmetic::kMod:
      break;
  }
  if (b.zero()) Fail("division by zero");
  BigInt quotient;
  BigInt remainder;
  BigInt::DivMod(a, b, &quotient, &remainder);
  return Value::Big(operation == Arithmetic::kMod ? remainder : quotient,
                    origin);
}

// The result where it fits in int64.
std::optional<int64_t> CalculateSmall(Arithmetic operation, int64_t a,
                                      int64_t b) {
  int64_t result = 0;
  switch (operation) {
    case Arithmetic::kAdd:
      if (!__builtin_add_overflow(a, b, &result)) return result;
      break;
    case Arithmetic::kSub:
      if (!__builtin_sub_overflow(a, b, &result)) return result;
      break;
    case Arithmetic::kMul:
      if (!__builtin_mul_overflow(a, b, &result)) return result;
      break;
    case Arithmetic::kFloorDiv:
    case Arithmetic::kMod:
      if (b == 0 || (a == std::numeric_limits<int64_t>::min() && b == -1)) {
        break;
      }
      result = a % b;
      if (operation == Arithmetic::kMod) {
        return result != 0 && (result < 0) != (b < 0) ? result + b : result;
      }
      return a / b - (result != 0 && (result < 0) != (b < 0) ? 1 : 0);
    case Arithmetic::kDiv:
    case Arithmetic::kPow:
      break;
  }
  return std::nullopt;
}

// The digits of an ASCII-only copy of TEXT: white space off both ends, Unicode
// decimals as ASCII, single underscores between digits dropped. Empty where
// that can't be a number.
std::string NumberDigits(std::string_view text) {
  std::string ascii;
  for (size_t i = 0; i < text.size(); i = NextCodePoint(text, i)) {
    const char32_t c = CodePointAt(text, i);
    if (const int digit = DecimalValue(c); digit >= 0) {
      ascii += static_cast<char>('0' + digit);
    } else if (IsSpace(c)) {
      ascii += ' ';
    } else if (c < 0x80 && c != 0) {
      ascii += static_cast<char>(c);
    } else {
      return "";
    }
  }
  const size_t begin = ascii.find_first_not_of(' ');
  if (begin == std::string::npos) return "";
  return ascii.substr(begin, ascii.find_last_not_of(' ') - begin + 1);
}

bool IsDigitOf(char c, int base) {
  const int value = c >= '0' && c <= '9'   ? c - '0'
                    : c >= 'a' && c <= 'z' ? c - 'a' + 10
                    : c >= 'A' && c <= 'Z' ? c - 'A' + 10
                                           : 99;
  return value < base;
}

// Drops underscores that stand between two digits; false at any other.
bool DropUnderscores(std::string* digits, int base) {
  std::string kept;
  for (size_t i = 0; i < digits->size(); ++i) {
    const char c = (*digits)[i];
    if (c != '_') {
      kept += c;
      continue;
    }
    if (i == 0 || i + 1 == digits->size() ||
        !IsDigitOf((*digits)[i - 1], base) ||
        !IsDigitOf((*digits)[i + 1], base)) {
      return false;
    }
  }
  *digits = kept;
  return true;
}

Value RoundFloat(double value, int64_t digits, Origin origin) {
  if (!std::isfinite(value) || digits > 323) return Value::Float(value, origin);
  if (digits < -308) return Value::Float(std::copysign(0.0, value), origin);
  char buffer[800];
  if (digits >= 0) {
    const auto end =
        std::to_chars(buffer, buffer + sizeof buffer, value,
                      std::chars_format::fixed, static_cast<int>(digits));
    double rounded = value;
    std::from_chars(buffer, end.ptr, rounded);
    return Value::Float(rounded, origin);
  }
  // Whole tens, hundreds, …: half to even on the exact value.
  const double whole = std::trunc(value);
  BigInt unit = BigInt::Pow(BigInt(10), static_cast<uint64_t>(-digits));
  BigInt quotient;
  BigInt rest;
  BigInt::DivMod(BigInt::FromDouble(std::fabs(whole)), unit, &quotient, &rest);
  const auto half = rest + rest <=> unit;
  BigInt odd_half;
  BigInt parity;
  BigInt::DivMod(quotient, BigInt(2), &odd_half, &parity);
  if (half > 0 ||
      (half == 0 && (std::fabs(value) != std::fabs(whole) || !parity.zero()))) {
    quotient = quotient + BigInt(1);
  }
  return Value::Float(std::copysign((quotient * unit).ToDouble(), value),
                      origin);
}

}  // namespace

BigInt ToBigInt(const Value& value) {
  return value.tag() == Tag::kBigInt ? value.AsBigInt()
                                     : BigInt(SmallIntOf(value));
}

double ToDouble(const Value& value) {
  if (value.tag() == Tag::kFloat) return value.AsFloat();
  if (value.tag() != Tag::kBigInt) {
    return static_cast<double>(SmallIntOf(value));
  }
  const double real = value.AsBigInt().ToDouble();
  if (std::isinf(real)) Fail("an int is too large for a float");
  return real;
}

std::optional<int64_t> ToIndex(const Value& value) {
  if (!IsInt(value)) return std::nullopt;
  if (value.tag() != Tag::kBigInt) return SmallIntOf(value);
  return value.AsBigInt().negative() ? std::numeric_limits<int64_t>::min()
                                     : std::numeric_limits<int64_t>::max();
}

std::string FloatRepr(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  char buffer[40];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value,
                                 std::chars_format::scientific);
  const std::string_view scientific(buffer,
                                    static_cast<size_t>(end.ptr - buffer));
  const size_t e = scientific.find('e');
  int exponent = 0;
  std::from_chars(scientific.data() + e + (scientific[e + 1] == '+' ? 2 : 1),
                  end.ptr, exponent);
  std::string digits;
  std::string sign;
  for (const char c : scientific.substr(0, e)) {
    if (c == '-') sign = "-";
    if (c >= '0' && c <= '9') digits += c;
  }
  const int count = static_cast<int>(digits.size());
  if (exponent < -4 || exponent >= 16) {
    std::string out = sign + digits[0];
    if (count > 1) out += "." + digits.substr(1);
    std::snprintf(buffer, sizeof buffer, "e%c%02d", exponent < 0 ? '-' : '+',
                  std::abs(exponent));
    return out + buffer;
  }
  if (exponent < 0) {
    return sign + "0." + std::string(static_cast<size_t>(-exponent - 1), '0') +
           digits;
  }
  if (count <= exponent + 1) {
    return sign + digits +
           std::string(static_cast<size_t>(exponent + 1 - count), '0') + ".0";
  }
  return sign + digits.substr(0, static_cast<size_t>(exponent) + 1) + "." +
         digits.substr(static_cast<size_t>(exponent) + 1);
}

std::string IntRepr(const Value& value) {
  if (value.tag() != Tag::kBigInt) return std::to_string(SmallIntOf(value));
  // 3.33 bits a digit: far too long ones are not even converted.
  if (value.AsBigInt().BitLength() <= kMaxPrintedDigits * 10 / 3) {
    std::string digits = value.AsBigInt().ToString();
    if (digits.size() - (digits[0] == '-') <= kMaxPrintedDigits) return digits;
  }
  Fail("an int of more than 4300 digits can't be printed");
}

Value ParseInt(std::string_view text, int base, Origin origin) {
  std::string digits = NumberDigits(text);
  bool negative = false;
  if (!digits.empty() && (digits[0] == '-' || digits[0] == '+')) {
    negative = digits[0] == '-';
    digits.erase(0, 1);
  }
  const auto prefix = [&digits]() {
    if (digits.size() < 2 || digits[0] != '0') return 0;
    const char letter = static_cast<char>(digits[1] | 0x20);
    return letter == 'x' ? 16 : letter == 'o' ? 8 : letter == 'b' ? 2 : 0;
  };
  const int declared = prefix();
  bool any_zero = false;
  if (base == 0) {
    base = declared != 0 ? declared : 10;
    any_zero = declared == 0;
  }
  if (declared == base) {
    digits.erase(0, 2);
    if (!digits.empty() && digits[0] == '_') digits.erase(0, 1);
  }
  if (!DropUnderscores(&digits, base) || digits.empty()) {
    return Value::Missing();
  }
  bool zeros = true;
  for (const char c : digits) {
    if (!IsDigitOf(c, base)) return Value::Missing();
    zeros &= c == '0';
  }
  if (any_zero && digits[0] == '0' && !zeros) return Value::Missing();
  if (digits.size() > kMaxPrintedDigits && (base & (base - 1)) != 0) {
    return Value::Missing();
  }
  BigInt number = BigInt::Parse(digits, base);
  return Value::Big(negative ? -number : number, origin);
}

std::optional<double> ParseFloat(std::string_view text) {
  std::string digits = NumberDigits(text);
  if (!DropUnderscores(&digits, 10) || digits.empty()) return std::nullopt;
  std::string lower;
  for (const char c : digits) {
    lower += c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  }
  bool negative = false;
  if (lower[0] == '+' || lower[0] == '-') {
    negative = lower[0] == '-';
    lower.erase(0, 1);
  }
  double value = 0;
  if (lower == "inf" || lower == "infinity") {
    value = std::numeric_limits<double>::infinity();
  } else if (lower == "nan") {
    value = std::numeric_limits<double>::quiet_NaN();
  } else {
    if (lower.find_first_not_of("0123456789.e+-") != std::string::npos ||
        lower.empty() || lower[0] == '+' || lower[0] == '-') {
      return std::nullopt;
    }
    const char* const last = lower.data() + lower.size();
    const auto end = std::from_chars(lower.data(), last, value);
    if (end.ptr != last) return std::nullopt;
    if (end.ec == std::errc::result_out_of_range) {
      const size_t e = lower.find('e');
      const bool tiny = e != std::string::npos && lower[e + 1] == '-';
      value = tiny ? 0 : std::numeric_limits<double>::infinity();
    }
  }
  return negative ? -value : value;
}

Value TruncateFloat(double value, Origin origin) {
  return Value::Big(BigInt::FromDouble(value), origin);
}

Value Round(const Value& number, int64_t digits) {
  if (number.tag() == Tag::kFloat) {
    return RoundFloat(number.AsFloat(), digits, number.origin());
  }
  if (digits >= 0) {
    return number.is_bool() ? Value::Int(SmallIntOf(number), number.origin())
                            : number;
  }
  const BigInt value = ToBigInt(number);
  if (digits < -static_cast<int64_t>(value.BitLength())) {
    return Value::Int(0, number.origin());
  }
  const BigInt unit = BigInt::Pow(BigInt(10), static_cast<uint64_t>(-digits));
  BigInt quotient;
  BigInt rest;
  BigInt::DivMod(value, unit, &quotient, &rest);
  BigInt half;
  BigInt parity;
  BigInt::DivMod(quotient, BigInt(2), &half, &parity);
  const auto order = rest + rest <=> unit;
  if (order > 0 || (order == 0 && !parity.zero())) {
    quotient = quotient + BigInt(1);
  }
  return Value::Big(quotient * unit, number.origin());
}

Value Calculate(Arithmetic operation, const Value& a, const Value& b) {
  const Origin origin = MergeOrigins(a.origin(), b.origin());
  if (a.tag() == Tag::kFloat || b.tag() == Tag::kFloat) {
    return CalculateFloats(operation, ToDouble(a), ToDouble(b), origin);
  }
  if (a.tag() != Tag::kBigInt && b.tag() != Tag::kBigInt) {
    const int64_t left = SmallIntOf(a);
    const int64_t right = SmallIntOf(b);
    if (const auto small = CalculateSmall(operation, left, right)) {
      return Value::Int(*small, origin);
    }
    constexpr int64_t kExact = int64_t{1} << 53;
    if (operation == Arithmetic::kDiv && std::max(left, right) <= kExact &&
        std::min(left, right) >= -kExact) {
      if (right == 0) Fail("division by zero");
      return Value::Float(
          static_cast<double>(left) / static_cast<double>(right), origin);
    }
  }
  return CalculateBig(operation, a, b, origin);
}

Value Negate(const Value& number) {
  if (number.tag() == Tag::kFloat) {
    return Value::Float(-number.AsFloat(), number.origin());
  }
  return Value::Big(-ToBigInt(number), number.origin());
}

}  // namespace fullstop::jinja
