// The "%" of strings.
#include <algorithm>
#include <cmath>

#include "jinja/format.h"
#include "jinja/number.h"
#include "jinja/text_ops.h"

namespace fullstop::jinja {
namespace {

using Tag = Value::Tag;

struct Conversion {
  bool left = false;
  bool plus = false;
  bool space = false;
  bool alternate = false;
  bool zero = false;
  int64_t width = 0;
  int64_t precision = -1;
  char type = 0;
  Origin origin = kTemplateOrigin;  // of the specification
};

class Formatter {
 public:
  Formatter(Runtime* runtime, const Value& format, const Value& argument)
      : runtime_(runtime),
        format_(format.AsText()),
        bytes_(format.AsText().view()),
        markup_(format.is_markup()),
        argument_(argument),
        single_(!argument.is_tuple()) {
    const HostObject* host = HostOf(argument);
    mapping_ = argument.is_dict() || argument.is_list() ||
               argument.is_undefined() ||
               (host != nullptr && host->has_items());
  }

  Value Run() {
    Text out(std::string(), format_.origin());
    while (true) {
      const size_t percent = bytes_.find('%', at_);
      if (percent == std::string_view::npos) break;
      out.Append(format_, at_, percent);
      at_ = percent + 1;
      ReadConversion(percent, &out);
      runtime_->LimitText(out.size());
      runtime_->Charge(1);
    }
    out.Append(format_, at_, bytes_.size());
    const size_t given = single_ ? 1 : argument_.AsItems().size();
    if (used_ < given && !mapping_) {
      Fail("not all arguments are used by the format");
    }
    return markup_ ? Value::Markup(std::move(out))
                   : Value::String(std::move(out));
  }

 private:
  char Take() {
    if (at_ >= bytes_.size()) Fail("a format that is cut short");
    return bytes_[at_++];
  }
  char Peek() const { return at_ < bytes_.size() ? bytes_[at_] : 0; }

  Value NextArgument() {
    if (keyed_) {
      keyed_ = false;
      return key_value_;
    }
    const size_t given = single_ ? 1 : argument_.AsItems().size();
    if (used_ >= given) Fail("not enough arguments for the format");
    ++used_;
    return single_ ? argument_ : argument_.AsItems()[used_ - 1];
  }

  void ReadKey() {
    const size_t begin = ++at_;
    int open = 1;
    while (open > 0) {
      const char c = Take();
      open += c == '(' ? 1 : c == ')' ? -1 : 0;
    }
    if (!mapping_ || !single_) Fail("the format needs a dict");
    const Value key =
        Value::String(Text(std::string(bytes_.substr(begin, at_ - 1 - begin))));
    if (!argument_.is_dict()) {
      if (argument_.is_undefined()) FailUndefined(argument_);
      Fail("the format needs a dict, not " + TypeName(argument_));
    }
    const Value* found = argument_.AsDict().Find(key);
    if (found == nullptr) {
      Fail("the format names a key that is not there: '" +
           key.AsText().bytes() + "'");
    }
    keyed_ = true;
    used_ = 1;
    key_value_ = *found;
  }

  int64_t ReadNumber() {
    if (Peek() == '*') {
      ++at_;
      const Value value = NextArgument();
      if (!IsInt(value)) Fail("* in a format needs an int");
      return *ToIndex(value);
    }
    int64_t number = 0;
    while (Peek() >= '0' && Peek() <= '9') {
      number = std::min<int64_t>(number * 10 + (Take() - '0'), 1ll << 40);
    }
    return number;
  }

  void ReadConversion(size_t begin, Text* out) {
    Conversion spec;
    spec.origin = format_.OriginAt(begin);
    if (Peek() == '(') ReadKey();
    for (bool more = true; more;) {
      switch (Peek()) {
        case '-':
          spec.left = true;
          break;
        case '+':
          spec.plus = true;
          break;
        case ' ':
          spec.space = true;
          break;
        case '#':
          spec.alternate = true;
          break;
        case '0':
          spec.zero = true;
          break;
        default:
          more = false;
      }
      if (more) ++at_;
    }
    spec.width = ReadNumber();
    if (spec.width < 0) {
      spec.left = true;
      spec.width = -std::max(spec.width, -(int64_t{1} << 40));
    }
    if (Peek() == '.') {
      ++at_;
      spec.precision = std::max<int64_t>(0, ReadNumber());
    }
    if (Peek() == 'h' || Peek() == 'l' || Peek() == 'L') ++at_;
    runtime_->LimitText(static_cast<uint64_t>(spec.width));
    spec.type = Take();
    if (spec.type == '%') {
      out->Append("%", spec.origin);
      return;
    }
    Convert(spec, NextArgument(), out);
  }

  void Convert(const Conversion& spec, const Value& value, Text* out) {
    switch (spec.type) {
      case 's':
      case 'r':
      case 'a':
        ConvertText(spec, value, out);
        return;
      case 'c':
        ConvertLetter(spec, value, out);
        return;
      case 'd':
      case 'i':
      case 'u':
      case 'o':
      case 'x':
      case 'X':
        ConvertInt(spec, value, out);
        return;
      case 'e':
      case 'E':
      case 'f':
      case 'F':
      case 'g':
      case 'G':
        ConvertFloat(spec, value, out);
        return;
      default:
        Fail("a format with an unknown conversion");
    }
  }

  void ConvertText(const Conversion& spec, const Value& value, Text* out) {
    Text text(std::string(), value.origin());
    if (spec.type == 's') {
      text = ToText(runtime_, value);
    } else {
      AppendRepr(runtime_, value, &text);
      if (spec.type == 'a') text = ToAscii(text);
    }
    if (markup_) {
      text = spec.type == 's' && value.is_markup()
                 ? text
                 : EscapeHtml(runtime_, Value::String(std::move(text)));
    }
    if (spec.precision >= 0) {
      text = text.Slice(
          0, ByteOfCodePoint(text.view(), static_cast<size_t>(spec.precision)));
    }
    Place(spec, text, out);
  }

  void ConvertLetter(const Conversion& spec, const Value& value, Text* out) {
    Text letter(std::string(), value.origin());
    if (value.is_string()) {
      letter = value.AsText();
      if (CountCodePoints(letter.view()) != 1) Fail("%c needs one character");
    } else {
      const auto code = ToIndex(value);
      if (!code || *code < 0 || *code > 0x10FFFF ||
          (*code >= 0xD800 && *code < 0xE000)) {
        Fail("%c needs a character or its code");
      }
      std::string bytes;
      AppendUtf8(static_cast<char32_t>(*code), &bytes);
      letter = Text(std::move(bytes), value.origin());
    }
    Place(spec, letter, out);
  }

  void ConvertInt(const Conversion& spec, const Value& value, Text* out) {
    Value whole = value;
    const bool decimal =
        spec.type == 'd' || spec.type == 'i' || spec.type == 'u';
    if (decimal && value.tag() == Tag::kFloat) {
      if (!std::isfinite(value.AsFloat()))
        Fail("no int can be infinite or NaN");
      whole = TruncateFloat(value.AsFloat(), value.origin());
    }
    if (!IsInt(whole)) Fail("%d needs a number, not " + TypeName(value));
    std::string digits =
        decimal ? IntRepr(whole.is_bool() ? Value::Int(whole.AsBool()) : whole)
                : ToBigInt(whole).ToString(spec.type == 'o' ? 8 : 16);
    const bool negative = digits[0] == '-';
    if (negative) digits.erase(0, 1);
    if (spec.precision > static_cast<int64_t>(digits.size())) {
      runtime_->ChargeText(static_cast<uint64_t>(spec.precision));
      digits.insert(0, static_cast<size_t>(spec.precision) - digits.size(),
                    '0');
    }
    std::string prefix;
    if (spec.alternate && !decimal) prefix = spec.type == 'o' ? "0o" : "0x";
    if (spec.type == 'X') {
      for (std::string* text : {&digits, &prefix}) {
        for (char& c : *text) {
          if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
        }
      }
    }
    PlaceNumber(spec, negative, prefix, digits, value.origin(), out);
  }

  void ConvertFloat(const Conversion& spec, const Value& value, Text* out) {
    if (!IsNumber(value)) {
      if (value.is_undefined()) FailUndefined(value);
      Fail("%f needs a number, not " + TypeName(value));
    }
    const int64_t precision = spec.precision < 0 ? 6 : spec.precision;
    runtime_->ChargeText(static_cast<uint64_t>(precision));
    const double real = ToDouble(value);
    std::string digits =
        FormatFloat(std::fabs(real), spec.type,
                    static_cast<int>(std::min<int64_t>(precision, 1 << 20)),
                    spec.alternate);
    PlaceNumber(spec, std::signbit(real) && !std::isnan(real), "", digits,
                value.origin(), out);
  }

  void PlaceNumber(const Conversion& spec, bool negative,
                   const std::string& prefix, const std::string& digits,
                   Origin origin, Text* out) {
    const std::string sign = negative     ? "-"
                             : spec.plus  ? "+"
                             : spec.space ? " "
                                          : "";
    Text text(sign + prefix, origin);
    const int64_t length = static_cast<int64_t>(text.size() + digits.size());
    if (spec.zero && !spec.left && spec.width > length) {
      text.Append(std::string(static_cast<size_t>(spec.width - length), '0'),
                  spec.origin);
    }
    text.Append(digits, origin);
    Place(spec, text, out);
  }

  void Place(const Conversion& spec, const Text& text, Text* out) {
    const int64_t length = static_cast<int64_t>(CountCodePoints(text.view()));
    const int64_t extra = std::max<int64_t>(0, spec.width - length);
    runtime_->ChargeText(text.size() + static_cast<uint64_t>(extra));
    const Text fill(" ", spec.origin);
    out->Append(Pad(text, spec.left ? 0 : extra, spec.left ? extra : 0, fill));
  }

  Runtime* runtime_;
  const Text& format_;
  std::string_view bytes_;
  bool markup_;
  const Value& argument_;
  bool single_;
  bool mapping_ = false;
  size_t at_ = 0;
  size_t used_ = 0;
  bool keyed_ = false;
  Value key_value_;
};

}  // namespace

Value FormatPercent(Runtime* runtime, const Value& format,
                    const Value& argument) {
  runtime->ChargeText(format.AsText().size());
  return Formatter(runtime, format, argument).Run();
}

}  // namespace fullstop::jinja
