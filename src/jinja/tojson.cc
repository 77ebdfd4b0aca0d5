#include "jinja/tojson.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <optional>

#include "jinja/arguments.h"
#include "jinja/compare.h"
#include "jinja/number.h"
#include "jinja/stable_sort.h"
#include "jinja/unicode.h"

namespace fullstop::jinja {
namespace {

using Tag = Value::Tag;

struct Style {
  bool ascii = false;
  bool sort = false;
  std::optional<Text> indent;
  Text item_separator{", "};
  Text key_separator{": "};
};

// What a JSON string writes for C, or "" where C stands for itself.
std::string EscapeJson(char32_t c, bool ascii) {
  switch (c) {
    case U'"':
      return "\\\"";
    case U'\\':
      return "\\\\";
    case U'\n':
      return "\\n";
    case U'\r':
      return "\\r";
    case U'\t':
      return "\\t";
    case U'\b':
      return "\\b";
    case U'\f':
      return "\\f";
    default:
      break;
  }
  if (c >= 0x20 && (c < 0x7F || !ascii)) return "";
  if (c == 0x7F) return "";
  char buffer[16];
  if (c < 0x10000) {
    std::snprintf(buffer, sizeof buffer, "\\u%04x", static_cast<unsigned>(c));
  } else {
    const unsigned rest = static_cast<unsigned>(c) - 0x10000;
    std::snprintf(buffer, sizeof buffer, "\\u%04x\\u%04x",
                  0xD800 + (rest >> 10), 0xDC00 + (rest & 0x3FF));
  }
  return buffer;
}

class Writer {
 public:
  Writer(Runtime* runtime, const Style& style, Text* out)
      : runtime_(runtime), style_(style), out_(out) {}

  void Write(const Value& value, int depth) {
    if (depth > kMaxNesting) FailNesting();
    runtime_->Charge(1);
    runtime_->LimitText(out_->size());
    switch (value.tag()) {
      case Tag::kString:
        WriteString(value.AsText());
        return;
      case Tag::kNone:
        out_->Append("null", value.origin());
        return;
      case Tag::kBool:
        out_->Append(value.AsBool() ? "true" : "false", value.origin());
        return;
      case Tag::kInt:
      case Tag::kBigInt:
        out_->Append(IntRepr(value), value.origin());
        return;
      case Tag::kFloat:
        out_->Append(FloatJson(value.AsFloat()), value.origin());
        return;
      case Tag::kList:
      case Tag::kTuple:
        WriteList(value, depth);
        return;
      case Tag::kDict:
        WriteDict(value, depth);
        return;
      default:
        Fail("a value of type " + TypeName(value) +
             " can't be written as JSON");
    }
  }

 private:
  static std::string FloatJson(double value) {
    if (std::isnan(value)) return "NaN";
    if (std::isinf(value)) return value < 0 ? "-Infinity" : "Infinity";
    return FloatRepr(value);
  }

  void WriteString(const Text& text) {
    runtime_->ChargeText(text.size());
    const std::string_view bytes = text.view();
    out_->Append("\"", text.origin());
    size_t done = 0;
    for (size_t i = 0; i < bytes.size();) {
      const size_t next = NextCodePoint(bytes, i);
      const unsigned char c = static_cast<unsigned char>(bytes[i]);
      if (c < 0x20 || c == '"' || c == '\\' || (c >= 0x80 && style_.ascii)) {
        const std::string escaped =
            EscapeJson(CodePointAt(bytes, i), style_.ascii);
        out_->Append(text, done, i);
        out_->Append(escaped, text.OriginAt(i));
        done = next;
      }
      i = next;
    }
    out_->Append(text, done, bytes.size());
    out_->Append(
        "\"", bytes.empty() ? text.origin() : text.OriginAt(bytes.size() - 1));
  }

  // Punctuation: of the container's origin, or where that is the template, of
  // the separator's own.
  void Punctuate(const Text& text, Origin origin) {
    if (origin == kTemplateOrigin) {
      out_->Append(text);
    } else {
      out_->Append(text.view(), origin);
    }
  }

  void NewLine(int depth, Origin origin) {
    if (!style_.indent) return;
    out_->Append("\n", origin);
    runtime_->ChargeText(static_cast<uint64_t>(depth) * style_.indent->size());
    for (int i = 0; i < depth; ++i) Punctuate(*style_.indent, origin);
    runtime_->LimitText(out_->size());
  }

  void WriteList(const Value& value, int depth) {
    const Origin origin = value.origin();
    const std::vector<Value>& items = value.AsItems();
    out_->Append("[", origin);
    for (size_t i = 0; i < items.size(); ++i) {
      if (i > 0) Punctuate(style_.item_separator, origin);
      NewLine(depth + 1, origin);
      Write(items[i], depth + 1);
    }
    if (!items.empty()) NewLine(depth, origin);
    out_->Append("]", origin);
  }

  void WriteKey(const Value& key) {
    if (key.is_string()) {
      WriteString(key.AsText());
      return;
    }
    if (!IsNumber(key) && !key.is_none()) {
      Fail("a key of type " + TypeName(key) + " can't be written as JSON");
    }
    out_->Append("\"", key.origin());
    Write(key, 0);
    out_->Append("\"", key.origin());
  }

  void WriteDict(const Value& value, int depth) {
    const Origin origin = value.origin();
    std::vector<const Dict::Entry*> entries;
    entries.reserve(value.AsDict().size());
    for (const Dict::Entry& entry : value.AsDict()) entries.push_back(&entry);
    if (style_.sort) {
      StableSort(&entries, [](const Dict::Entry* a, const Dict::Entry* b) {
        return Compare(a->key, b->key, "<") < 0;
      });
    }
    out_->Append("{", origin);
    for (size_t i = 0; i < entries.size(); ++i) {
      if (i > 0) Punctuate(style_.item_separator, origin);
      NewLine(depth + 1, origin);
      WriteKey(entries[i]->key);
      Punctuate(style_.key_separator, origin);
      Write(entries[i]->value, depth + 1);
    }
    if (!entries.empty()) NewLine(depth, origin);
    out_->Append("}", origin);
  }

  Runtime* runtime_;
  const Style& style_;
  Text* out_;
};

Text IndentOf(const Value& indent, Runtime* runtime) {
  if (indent.is_string()) return indent.AsText();
  const int64_t width = IntArgument("indent", indent);
  runtime->ChargeText(static_cast<uint64_t>(std::max<int64_t>(0, width)));
  return Text(
      std::string(static_cast<size_t>(std::max<int64_t>(0, width)), ' '),
      indent.origin());
}

}  // namespace

Value ToJsonFilter(Runtime* runtime, const Value& input, Arguments* arguments) {
  const auto [ensure_ascii, indent, separators, sort_keys] =
      Bind<4>("tojson", arguments, 0,
              {"ensure_ascii", "indent", "separators", "sort_keys"});
  Style style;
  style.ascii = FlagArgument(runtime, ensure_ascii, false);
  style.sort = FlagArgument(runtime, sort_keys, false);
  if (!indent.is_missing() && !indent.is_none()) {
    style.indent = IndentOf(indent, runtime);
    style.item_separator = Text(",");
  }
  if (!separators.is_missing() && !separators.is_none()) {
    const std::vector<Value> both = ToList(runtime, separators);
    if (both.size() != 2) Fail("separators must be two strings");
    style.item_separator = TextArgument("a separator", both[0]);
    style.key_separator = TextArgument("a separator", both[1]);
  }
  Text out(std::string(), input.origin());
  Writer(runtime, style, &out).Write(input, 0);
  return Value::String(std::move(out));
}

}  // namespace fullstop::jinja
