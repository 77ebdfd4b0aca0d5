// str() and repr() of all values.
#include "jinja/compare.h"
#include "jinja/number.h"
#include "jinja/runtime.h"
#include "jinja/string_escape.h"
#include "jinja/unicode.h"

namespace fullstop::jinja {
namespace {

using Tag = Value::Tag;

// How repr writes C, or "" where it stands for itself.
std::string Escape(char32_t c, char quote) {
  switch (c) {
    case U'\\':
      return "\\\\";
    case U'\n':
      return "\\n";
    case U'\r':
      return "\\r";
    case U'\t':
      return "\\t";
    default:
      break;
  }
  if (c == static_cast<unsigned char>(quote)) return std::string("\\") + quote;
  if (c >= 0x20 && c < 0x7F) return "";
  if (UnicodeFlags(c) & kPrintable) return "";
  return EscapedLetter(c);
}

void AppendItems(Runtime* runtime, const Value& value, Text* out, int depth) {
  const Origin origin = value.origin();
  const std::vector<Value>& items = value.AsItems();
  out->Append(value.is_list() ? "[" : "(", origin);
  for (size_t i = 0; i < items.size(); ++i) {
    if (i > 0) out->Append(", ", origin);
    AppendRepr(runtime, items[i], out, depth + 1);
  }
  if (value.is_tuple() && items.size() == 1) out->Append(",", origin);
  out->Append(value.is_list() ? "]" : ")", origin);
}

void AppendDict(Runtime* runtime, const Value& value, Text* out, int depth) {
  const Origin origin = value.origin();
  out->Append("{", origin);
  bool first = true;
  for (const Dict::Entry& entry : value.AsDict()) {
    if (!first) out->Append(", ", origin);
    first = false;
    AppendRepr(runtime, entry.key, out, depth + 1);
    out->Append(": ", origin);
    AppendRepr(runtime, entry.value, out, depth + 1);
  }
  out->Append("}", origin);
}

// The text of a value that is neither a string nor holds others.
std::string Scalar(const Value& value) {
  switch (value.tag()) {
    case Tag::kNone:
      return "None";
    case Tag::kBool:
      return value.AsBool() ? "True" : "False";
    case Tag::kInt:
    case Tag::kBigInt:
      return IntRepr(value);
    case Tag::kFloat:
      return FloatRepr(value.AsFloat());
    default:
      return "Undefined";
  }
}

}  // namespace

void AppendStringRepr(const Text& text, Text* out) {
  const std::string_view bytes = text.view();
  const bool single = bytes.find('\'') != std::string_view::npos;
  const bool both = single && bytes.find('"') != std::string_view::npos;
  const char quote = single && !both ? '"' : '\'';
  const std::string_view mark(&quote, 1);
  out->Append(mark, text.origin());
  size_t done = 0;
  for (size_t i = 0; i < bytes.size();) {
    const size_t next = NextCodePoint(bytes, i);
    const std::string escaped = Escape(CodePointAt(bytes, i), quote);
    if (!escaped.empty()) {
      out->Append(text, done, i);
      out->Append(escaped, text.OriginAt(i));
      done = next;
    }
    i = next;
  }
  out->Append(text, done, bytes.size());
  out->Append(mark,
              bytes.empty() ? text.origin() : text.OriginAt(bytes.size() - 1));
}

void AppendRepr(Runtime* runtime, const Value& value, Text* out, int depth) {
  if (depth > kMaxNesting) FailNesting();
  runtime->Charge(1);
  runtime->LimitText(out->size());
  switch (value.tag()) {
    case Tag::kString:
      runtime->ChargeText(value.AsText().size());
      if (value.is_markup()) out->Append("Markup(", value.origin());
      AppendStringRepr(value.AsText(), out);
      if (value.is_markup()) out->Append(")", value.origin());
      return;
    case Tag::kList:
    case Tag::kTuple:
      AppendItems(runtime, value, out, depth);
      return;
    case Tag::kDict:
      AppendDict(runtime, value, out, depth);
      return;
    case Tag::kObject:
      HostOf(value)->Repr(runtime, out, value.origin(), depth);
      return;
    default:
      out->Append(Scalar(value), value.origin());
  }
}

void AppendText(Runtime* runtime, const Value& value, Text* out) {
  if (value.is_string()) {
    runtime->ChargeText(value.AsText().size());
    runtime->LimitText(out->size() + value.AsText().size());
    out->Append(value.AsText());
  } else if (!value.is_undefined()) {
    AppendRepr(runtime, value, out, 0);
  }
}

Text ToText(Runtime* runtime, const Value& value) {
  if (value.is_string()) {
    runtime->ChargeText(value.AsText().size());
    return value.AsText();
  }
  Text out(std::string(), value.origin());
  AppendText(runtime, value, &out);
  return out;
}

Text EscapeHtml(Runtime* runtime, const Value& value) {
  const Text text = ToText(runtime, value);
  if (value.is_markup()) return text;
  Text out(std::string(), text.origin());
  const std::string_view bytes = text.view();
  size_t done = 0;
  for (size_t i = 0; i < bytes.size(); ++i) {
    const char c = bytes[i];
    const char* const escaped = c == '&'    ? "&amp;"
                                : c == '<'  ? "&lt;"
                                : c == '>'  ? "&gt;"
                                : c == '\'' ? "&#39;"
                                : c == '"'  ? "&#34;"
                                            : nullptr;
    if (escaped == nullptr) continue;
    out.Append(text, done, i);
    out.Append(escaped, text.OriginAt(i));
    done = i + 1;
  }
  out.Append(text, done, bytes.size());
  runtime->ChargeText(out.size());
  return out;
}

}  // namespace fullstop::jinja
