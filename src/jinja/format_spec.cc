// format(): the mini-language behind the colon.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include "jinja/format.h"
#include "jinja/number.h"
#include "jinja/text_ops.h"

namespace fullstop::jinja {
namespace {

using Tag = Value::Tag;

struct Spec {
  std::optional<Text> fill;
  char align = 0;
  char sign = 0;
  bool no_negative_zero = false;
  bool alternate = false;
  bool zero = false;
  int64_t width = -1;
  char grouping = 0;
  int64_t precision = -1;
  char type = 0;
};

bool IsAlign(char c) { return c == '<' || c == '>' || c == '=' || c == '^'; }

[[noreturn]] void FailSpec(const Text& spec) {
  Fail("'" + spec.bytes() + "' is no format for this value");
}

int64_t ReadDigits(std::string_view bytes, size_t* at) {
  int64_t number = -1;
  while (*at < bytes.size() && bytes[*at] >= '0' && bytes[*at] <= '9') {
    number = std::min<int64_t>(
        std::max<int64_t>(number, 0) * 10 + (bytes[*at] - '0'), 1ll << 40);
    ++*at;
  }
  return number;
}

Spec ReadSpec(const Text& text) {
  Spec spec;
  const std::string_view bytes = text.view();
  size_t at = 0;
  const auto peek = [&]() { return at < bytes.size() ? bytes[at] : '\0'; };
  if (!bytes.empty()) {
    const size_t second = NextCodePoint(bytes, 0);
    if (second < bytes.size() && IsAlign(bytes[second])) {
      spec.fill = text.Slice(0, second);
      spec.align = bytes[second];
      at = second + 1;
    } else if (IsAlign(bytes[0])) {
      spec.align = bytes[0];
      at = 1;
    }
  }
  if (peek() == '+' || peek() == '-' || peek() == ' ') spec.sign = bytes[at++];
  if (peek() == 'z') {
    spec.no_negative_zero = true;
    ++at;
  }
  if (peek() == '#') {
    spec.alternate = true;
    ++at;
  }
  if (peek() == '0' && !spec.fill) {
    spec.fill = Text("0", text.OriginAt(at));
    spec.zero = spec.align == 0;
    ++at;
  }
  spec.width = ReadDigits(bytes, &at);
  if (peek() == ',' || peek() == '_') spec.grouping = bytes[at++];
  if (peek() == '.') {
    ++at;
    spec.precision = ReadDigits(bytes, &at);
    if (spec.precision < 0) FailSpec(text);
  }
  if (at < bytes.size()) {
    if (NextCodePoint(bytes, at) != bytes.size()) FailSpec(text);
    spec.type = bytes[at];
  }
  return spec;
}

// Puts separators between groups of digits, and as many zeros before them as
// WIDTH asks for.
std::string Group(const std::string& digits, char separator, size_t size,
                  int64_t width) {
  std::string out;
  size_t count = 0;
  for (size_t i = digits.size(); i-- > 0;) {
    if (count > 0 && count % size == 0) out += separator;
    out += digits[i];
    ++count;
  }
  while (static_cast<int64_t>(out.size()) < width) {
    if (count % size == 0) out += separator;
    out += '0';
    ++count;
  }
  std::reverse(out.begin(), out.end());
  return out;
}

class Formatter {
 public:
  Formatter(Runtime* runtime, const Value& value, const Text& text)
      : runtime_(runtime), value_(value), text_(text), spec_(ReadSpec(text)) {
    if (spec_.width > 0) {
      runtime->ChargeText(static_cast<uint64_t>(spec_.width));
    }
    if (spec_.precision > 0) {
      runtime->ChargeText(static_cast<uint64_t>(spec_.precision));
    }
  }

  Text Run() {
    if (value_.is_string()) return FormatString();
    const bool is_float = value_.tag() == Tag::kFloat;
    if (!is_float &&
        (spec_.type == 0 || std::string_view("bcdoxXn").find(spec_.type) !=
                                std::string_view::npos)) {
      return FormatInt();
    }
    if (spec_.type != 0 && std::string_view("eEfFgGn%").find(spec_.type) ==
                               std::string_view::npos) {
      FailSpec(text_);
    }
    return FormatReal(ToDouble(value_));
  }

 private:
  Text FormatString() {
    if ((spec_.type != 0 && spec_.type != 's') || spec_.sign != 0 ||
        spec_.alternate || spec_.grouping != 0 || spec_.align == '=' ||
        spec_.no_negative_zero) {
      FailSpec(text_);
    }
    Text text = value_.AsText();
    if (spec_.precision >= 0) {
      text = text.Slice(
          0,
          ByteOfCodePoint(text.view(), static_cast<size_t>(spec_.precision)));
    }
    return Align(text, '<');
  }

  Text FormatInt() {
    if (spec_.precision >= 0 || spec_.no_negative_zero) FailSpec(text_);
    if (spec_.type == 'c') return FormatLetter();
    const int base = spec_.type == 'b'                        ? 2
                     : spec_.type == 'o'                      ? 8
                     : spec_.type == 'x' || spec_.type == 'X' ? 16
                                                              : 10;
    if (spec_.grouping == ',' && base != 10) FailSpec(text_);
    if (spec_.grouping != 0 && spec_.type == 'n') FailSpec(text_);
    std::string digits =
        base == 10 ? IntRepr(Plain()) : ToBigInt(value_).ToString(base);
    const bool negative = digits[0] == '-';
    if (negative) digits.erase(0, 1);
    const char* prefix = "";
    if (spec_.alternate && base != 10) {
      prefix = base == 2           ? "0b"
               : base == 8         ? "0o"
               : spec_.type == 'X' ? "0X"
                                   : "0x";
    }
    if (spec_.type == 'X') Raise(&digits);
    return Number(negative, prefix, digits, "", base == 10 ? 3 : 4);
  }

  Value Plain() const {
    return value_.is_bool() ? Value::Int(value_.AsBool()) : value_;
  }

  static void Raise(std::string* text) {
    for (char& c : *text) {
      if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
    }
  }

  Text FormatLetter() {
    const auto code = ToIndex(value_);
    if (spec_.sign != 0 || spec_.alternate || spec_.grouping != 0 || !code ||
        *code < 0 || *code > 0x10FFFF || (*code >= 0xD800 && *code < 0xE000)) {
      FailSpec(text_);
    }
    std::string letter;
    AppendUtf8(static_cast<char32_t>(*code), &letter);
    return Align(Text(std::move(letter), value_.origin()), '>');
  }

  Text FormatReal(double real) {
    if (spec_.grouping != 0 && spec_.type == 'n') FailSpec(text_);
    const int precision =
        static_cast<int>(std::min<int64_t>(spec_.precision, 1 << 20));
    std::string digits;
    const double size = std::fabs(real);
    if (spec_.type == 0) {
      digits = precision < 0 ? FloatRepr(size) : Short(size, precision);
    } else {
      const char kind = spec_.type == 'n' ? 'g' : spec_.type;
      digits = FormatFloat(size, kind, precision < 0 ? 6 : precision,
                           spec_.alternate);
    }
    bool negative = std::signbit(real) && !std::isnan(real);
    if (spec_.no_negative_zero &&
        digits.find_first_of("123456789in") == std::string::npos) {
      negative = false;
    }
    size_t whole = digits.find_first_not_of("0123456789");
    if (whole == std::string::npos) whole = digits.size();
    return Number(negative, "", digits.substr(0, whole), digits.substr(whole),
                  3);
  }

  // Without a type but with a precision: g that looks like a float.
  static std::string Short(double size, int precision) {
    precision = std::max(precision, 1);
    if (!std::isfinite(size)) return FormatFloat(size, 'g', precision, false);
    const std::string exact = FormatFloat(size, 'e', precision - 1, false);
    const int exponent = std::atoi(exact.c_str() + exact.find('e') + 1);
    std::string digits;
    if (size != 0 && exponent == precision - 1) {
      // One step earlier than g does.
      digits = exact;
      const size_t e = digits.find('e');
      std::string mantissa = digits.substr(0, e);
      if (mantissa.find('.') != std::string::npos) {
        mantissa.erase(mantissa.find_last_not_of('0') + 1);
        if (mantissa.back() == '.') mantissa.pop_back();
      }
      return mantissa + digits.substr(e);
    }
    digits = FormatFloat(size, 'g', precision, false);
    if (digits.find_first_of(".e") == std::string::npos) digits += ".0";
    return digits;
  }

  Text Number(bool negative, const std::string& prefix, std::string digits,
              const std::string& rest, size_t group) {
    const std::string sign = negative ? "-"
                             : spec_.sign == '+' || spec_.sign == ' '
                                 ? std::string(1, spec_.sign)
                                 : "";
    const Origin origin = value_.origin();
    if (spec_.grouping != 0 && !digits.empty()) {
      const bool zeros = spec_.zero || (spec_.align == '=' && spec_.fill &&
                                        spec_.fill->view() == "0");
      digits = Group(
          digits, spec_.grouping, group,
          zeros ? spec_.width - static_cast<int64_t>(
                                    sign.size() + prefix.size() + rest.size())
                : 0);
    }
    Text body(digits + rest, origin);
    if (spec_.align == '=' || spec_.zero) {
      Text out(sign + prefix, origin);
      const int64_t extra =
          spec_.width - static_cast<int64_t>(out.size() + body.size());
      const Text fill = Fill();
      for (int64_t i = 0; i < extra; ++i) out.Append(fill);
      out.Append(body);
      return out;
    }
    Text out(sign + prefix, origin);
    out.Append(body);
    return Align(out, '>');
  }

  Text Fill() const {
    if (spec_.fill) return *spec_.fill;
    return Text(" ", text_.origin());
  }

  Text Align(const Text& text, char usual) {
    const char align = spec_.align == 0 ? usual : spec_.align;
    const int64_t length = static_cast<int64_t>(CountCodePoints(text.view()));
    const int64_t extra = std::max<int64_t>(0, spec_.width - length);
    const int64_t left = align == '<' ? 0 : align == '>' ? extra : extra / 2;
    runtime_->ChargeText(text.size() + static_cast<uint64_t>(extra) * 4);
    return Pad(text, left, extra - left, Fill());
  }

  Runtime* runtime_;
  const Value& value_;
  const Text& text_;
  Spec spec_;
};

}  // namespace

std::string FormatFloat(double value, char kind, int precision,
                        bool alternate) {
  const bool upper = kind == 'E' || kind == 'F' || kind == 'G';
  const bool percent = kind == '%';
  if (percent) value *= 100;
  std::string out;
  if (!std::isfinite(value)) {
    out = FloatRepr(value);
  } else {
    const char low = static_cast<char>(kind | 0x20);
    const auto format = percent || low == 'f' ? std::chars_format::fixed
                        : low == 'e'          ? std::chars_format::scientific
                                              : std::chars_format::general;
    if (format == std::chars_format::general)
      precision = std::max(precision, 1);
    out.resize(static_cast<size_t>(precision) + 350);
    const auto end = std::to_chars(out.data(), out.data() + out.size(), value,
                                   format, precision);
    out.resize(static_cast<size_t>(end.ptr - out.data()));
    const size_t e = std::min(out.find('e'), out.size());
    if (alternate && out.find('.') == std::string::npos) out.insert(e, ".");
    if (alternate && format == std::chars_format::general) {
      // Trailing zeros up to the precision in significant digits.
      const size_t point = std::min(out.find('e'), out.size());
      const std::string mantissa = out.substr(0, point);
      const size_t first = mantissa.find_first_of("123456789");
      size_t digits = 0;
      for (size_t i = first == std::string::npos ? 0 : first;
           i < mantissa.size(); ++i) {
        digits += mantissa[i] != '.';
      }
      if (digits < static_cast<size_t>(precision)) {
        out.insert(point, static_cast<size_t>(precision) - digits, '0');
      }
    }
  }
  if (upper) {
    for (char& c : out) {
      if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
    }
  }
  return percent ? out + "%" : out;
}

Text FormatSpec(Runtime* runtime, const Value& value, const Text& spec) {
  if (spec.empty()) return ToText(runtime, value);
  if (!value.is_string() && !IsNumber(value)) {
    Fail("a value of type " + TypeName(value) + " takes no format");
  }
  return Formatter(runtime, value, spec).Run();
}

}  // namespace fullstop::jinja
