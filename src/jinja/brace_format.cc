// str.format and str.format_map, as the sandbox does them.
#include <optional>

#include "jinja/format.h"
#include "jinja/number.h"
#include "jinja/string_escape.h"
#include "jinja/unicode.h"

namespace fullstop::jinja {
namespace {

class Formatter {
 public:
  Formatter(Runtime* runtime, const Arguments& arguments, const Value* mapping,
            bool markup)
      : runtime_(runtime),
        arguments_(arguments),
        mapping_(mapping),
        markup_(markup) {}

  Text Run(const Text& format, int depth) {
    if (depth < 0) Fail("a format's fields nest too deep");
    const std::string_view bytes = format.view();
    Text out(std::string(), format.origin());
    size_t at = 0;
    while (at < bytes.size()) {
      const size_t brace =
          std::min(bytes.find_first_of("{}", at), bytes.size());
      out.Append(format, at, brace);
      if (brace == bytes.size()) break;
      const bool doubled =
          brace + 1 < bytes.size() && bytes[brace + 1] == bytes[brace];
      if (doubled) {
        out.Append(format, brace, brace + 1);
        at = brace + 2;
        continue;
      }
      if (bytes[brace] == '}') Fail("a single '}' in a format");
      const size_t end = FieldEnd(bytes, brace + 1);
      Field(format.Slice(brace + 1, end), depth, &out);
      runtime_->Charge(1);
      runtime_->LimitText(out.size());
      at = end + 1;
    }
    return out;
  }

 private:
  // The "}" that closes the field which begins at AT.
  static size_t FieldEnd(std::string_view bytes, size_t at) {
    int open = 1;
    bool bracket = false;
    bool name = true;
    for (; at < bytes.size(); ++at) {
      const char c = bytes[at];
      if (name && c == '[') bracket = true;
      if (c == ']') bracket = false;
      if (bracket) continue;
      if (c == '!' || c == ':') name = false;
      if (c == '{') ++open;
      if (c == '}' && --open == 0) return at;
    }
    Fail("a '{' in a format is never closed");
  }

  void Field(const Text& field, int depth, Text* out) {
    const std::string_view bytes = field.view();
    size_t name_end = 0;
    bool bracket = false;
    for (; name_end < bytes.size(); ++name_end) {
      const char c = bytes[name_end];
      if (c == '{' && !bracket) Fail("an unexpected '{' in a field's name");
      if (c == '[') bracket = true;
      if (c == ']') bracket = false;
      if (!bracket && (c == '!' || c == ':')) break;
    }
    char conversion = 0;
    size_t spec_begin = bytes.size();
    if (name_end < bytes.size() && bytes[name_end] == '!') {
      if (name_end + 1 >= bytes.size()) Fail("a format's '!' needs a letter");
      conversion = bytes[name_end + 1];
      spec_begin = name_end + 2;
      if (spec_begin < bytes.size()) {
        if (bytes[spec_begin] != ':') Fail("a ':' is missing in a format");
        ++spec_begin;
      }
    } else if (name_end < bytes.size()) {
      spec_begin = name_end + 1;
    }
    Value value = Lookup(bytes.substr(0, name_end));
    if (conversion != 0) value = Convert(value, conversion);
    const Text spec = Run(field.Slice(spec_begin, bytes.size()), depth - 1);
    if (!markup_) {
      out->Append(FormatSpec(runtime_, value, spec));
      return;
    }
    if (value.is_markup()) {
      if (!spec.empty()) Fail("Markup takes no format");
      out->Append(value.AsText());
      return;
    }
    out->Append(
        EscapeHtml(runtime_, Value::String(FormatSpec(runtime_, value, spec))));
  }

  Value Convert(const Value& value, char conversion) {
    if (conversion == 's') return Value::String(ToText(runtime_, value));
    if (conversion != 'r' && conversion != 'a') {
      Fail("a format's conversion must be s, r or a");
    }
    Text text(std::string(), value.origin());
    AppendRepr(runtime_, value, &text);
    return Value::String(conversion == 'a' ? ToAscii(text) : text);
  }

  static bool IsNumeral(std::string_view text) {
    return !text.empty() &&
           text.find_first_not_of("0123456789") == std::string_view::npos;
  }

  Value First(std::string_view name, bool whole) {
    if (whole && name.empty()) {
      if (numbered_) Fail("a format mixes numbered and unnumbered fields");
      return Positional(next_++);
    }
    if (whole && IsNumeral(name)) {
      if (next_ > 0) Fail("a format mixes numbered and unnumbered fields");
      numbered_ = true;
    }
    if (IsNumeral(name)) {
      const Value index = ParseInt(name, 10, kTemplateOrigin);
      return Positional(index.is_missing()
                            ? ~size_t{0}
                            : static_cast<size_t>(*ToIndex(index)));
    }
    if (mapping_ != nullptr) {
      if (mapping_->is_undefined()) FailUndefined(*mapping_);
      if (!mapping_->is_dict()) Fail("format_map needs a dict");
      if (const Value* found = mapping_->AsDict().Find(name)) return *found;
    }
    for (const auto& [known, value] : arguments_.named) {
      if (known == name) return value;
    }
    Fail("a format names '" + std::string(name) + "', which is not given");
  }

  Value Positional(size_t index) {
    if (index >= arguments_.positional.size()) {
      Fail("a format asks for more arguments than are given");
    }
    return arguments_.positional[index];
  }

  // a.b[c] from the arguments.
  Value Lookup(std::string_view name) {
    size_t at = std::min(name.find_first_of(".["), name.size());
    Value value = First(name.substr(0, at), at == name.size());
    while (at < name.size()) {
      if (name[at] == '.') {
        const size_t end =
            std::min(name.find_first_of(".[", at + 1), name.size());
        if (end == at + 1) Fail("an empty attribute in a format");
        value = GetAttribute(
            runtime_, value,
            Value::String(std::string(name.substr(at + 1, end - at - 1))));
        at = end;
      } else if (name[at] == '[') {
        const size_t end = name.find(']', at);
        if (end == std::string_view::npos) Fail("a ']' is missing in a format");
        const std::string_view key = name.substr(at + 1, end - at - 1);
        if (key.empty()) Fail("an empty attribute in a format");
        Value index = IsNumeral(key) ? ParseInt(key, 10, kTemplateOrigin)
                                     : Value::String(std::string(key));
        value = GetItem(runtime_, value, index);
        at = end + 1;
      } else {
        Fail("only '.' or '[' may follow ']' in a format");
      }
    }
    return value;
  }

  Runtime* runtime_;
  const Arguments& arguments_;
  const Value* mapping_;
  bool markup_;
  size_t next_ = 0;
  bool numbered_ = false;
};

}  // namespace

Text ToAscii(const Text& repr) {
  Text out(std::string(), repr.origin());
  const std::string_view bytes = repr.view();
  for (size_t i = 0; i < bytes.size();) {
    const size_t next = NextCodePoint(bytes, i);
    const char32_t c = CodePointAt(bytes, i);
    if (c < 0x80) {
      out.Append(repr, i, next);
    } else {
      out.Append(EscapedLetter(c), repr.OriginAt(i));
    }
    i = next;
  }
  return out;
}

Value FormatBraces(Runtime* runtime, const Value& format,
                   const Arguments& arguments, const Value* mapping) {
  runtime->ChargeText(format.AsText().size());
  Text out = Formatter(runtime, arguments, mapping, format.is_markup())
                 .Run(format.AsText(), 2);
  return format.is_markup() ? Value::Markup(std::move(out))
                            : Value::String(std::move(out));
}

}  // namespace fullstop::jinja
