#include <algorithm>

#include "jinja/arguments.h"
#include "jinja/bytes.h"
#include "jinja/compare.h"
#include "jinja/format.h"
#include "jinja/methods.h"
#include "jinja/number.h"
#include "jinja/text_ops.h"

namespace fullstop::jinja {
namespace {

// A result of a method of SELF, which is Markup where SELF is.
Value Like(const Value& self, Text text) {
  return self.is_markup() ? Value::Markup(std::move(text))
                          : Value::String(std::move(text));
}

std::vector<Value> LikeAll(Runtime* runtime, const Value& self,
                           std::vector<Text> parts) {
  runtime->ChargeItems(parts.size());
  std::vector<Value> values;
  values.reserve(parts.size());
  for (Text& part : parts) values.push_back(Like(self, std::move(part)));
  return values;
}

template <Text (*kChange)(const Text&)>
Value Change(Runtime* runtime, const Value& self, Arguments* arguments) {
  BindNothing("a string's method", arguments);
  runtime->ChargeText(self.AsText().size());
  return Like(self, kChange(self.AsText()));
}

template <Case kTo>
Value ToCase(Runtime* runtime, const Value& self, Arguments* arguments) {
  BindNothing("a string's method", arguments);
  runtime->ChargeText(self.AsText().size());
  return Like(self, ChangeCase(self.AsText(), kTo));
}

template <bool kLeft, bool kRight>
Value StripEnds(Runtime* runtime, const Value& self, Arguments* arguments) {
  const auto [chars] = BindPositional<1>("strip", arguments, 0);
  runtime->ChargeText(self.AsText().size());
  const Text* set = nullptr;
  if (!chars.is_missing() && !chars.is_none()) {
    set = &TextArgument("strip's argument", chars);
    runtime->Charge(set->size() * self.AsText().size() / 64);
  }
  return Like(self, Strip(self.AsText(), set, kLeft, kRight));
}

template <bool kFromRight>
Value SplitAt(Runtime* runtime, const Value& self, Arguments* arguments) {
  const auto [sep, maxsplit] =
      Bind<2>("split", arguments, 0, {"sep", "maxsplit"});
  const Text* separator = nullptr;
  if (!sep.is_missing() && !sep.is_none()) {
    separator = &TextArgument("the separator", sep);
    if (separator->empty()) Fail("the separator of split is empty");
  }
  int64_t most = IntArgument("maxsplit", maxsplit, -1);
  if (most < 0) most = kUnlimited;
  runtime->ChargeText(self.AsText().size());
  return Value::List(
      LikeAll(runtime, self,
              kFromRight ? SplitFromRight(self.AsText(), separator, most)
                         : Split(self.AsText(), separator, most)),
      self.origin());
}

Value SplitIntoLines(Runtime* runtime, const Value& self,
                     Arguments* arguments) {
  const auto [keepends] = Bind<1>("splitlines", arguments, 0, {"keepends"});
  runtime->ChargeText(self.AsText().size());
  return Value::List(
      LikeAll(
          runtime, self,
          SplitLines(self.AsText(), FlagArgument(runtime, keepends, false))),
      self.origin());
}

template <bool kFromRight>
Value Partition(Runtime* runtime, const Value& self, Arguments* arguments) {
  const auto [sep] = BindPositional<1>("partition", arguments, 1);
  const Text& mark = TextArgument("the separator", sep);
  if (mark.empty()) Fail("the separator of partition is empty");
  const Text& text = self.AsText();
  runtime->ChargeText(text.size());
  const size_t found = kFromRight ? text.view().rfind(mark.view())
                                  : text.view().find(mark.view());
  std::vector<Text> parts;
  if (found != std::string_view::npos) {
    const size_t behind = found + mark.size();
    parts = {text.Slice(0, found), text.Slice(found, behind),
             text.Slice(behind, text.size())};
  } else {
    const Text none(std::string(), text.origin());
    parts = {none, none, none};
    parts[kFromRight ? 2 : 0] = text;
  }
  return Value::Tuple(LikeAll(runtime, self, std::move(parts)), self.origin());
}

Value ReplaceAll(Runtime* runtime, const Value& self, Arguments* arguments) {
  const auto [old, by, count] = BindPositional<3>("replace", arguments, 2);
  const Text& from = TextArgument("replace's first argument", old);
  Text to = TextArgument("replace's second argument", by);
  if (self.is_markup()) to = EscapeHtml(runtime, by);
  const int64_t most = IntArgument("replace's count", count, -1);
  runtime->ChargeText(ReplacedSize(self.AsText(), from, to, most));
  return Like(self, Replace(self.AsText(), from, to, most));
}

Value Join(Runtime* runtime, const Value& self, Arguments* arguments) {
  const auto [items] = BindPositional<1>("join", arguments, 1);
  return JoinText(runtime, self, items, false);
}

// The searched part of a text: code points [start, end) as Python clamps them.
struct Window {
  size_t begin;
  size_t end;
  int64_t start;
  bool valid;
};

int64_t ClampIndex(const Value& value, int64_t fallback, int64_t length) {
  if (value.is_missing() || value.is_none()) return fallback;
  const int64_t index = IntArgument("a position", value);
  if (index < 0)
    return std::max<int64_t>(0, index < -length ? 0 : index + length);
  return index;
}

Window WindowOf(Runtime* runtime, const Text& text, const Value& start,
                const Value& end) {
  runtime->Charge(1 + text.size() / 64);
  const std::string_view bytes = text.view();
  if ((start.is_missing() || start.is_none()) &&
      (end.is_missing() || end.is_none())) {
    return {0, bytes.size(), 0, true};
  }
  const int64_t length = static_cast<int64_t>(CountCodePoints(bytes));
  const int64_t from = ClampIndex(start, 0, length);
  const int64_t to = std::min(ClampIndex(end, length, length), length);
  if (from > to) return {0, 0, from, false};
  return {ByteOfCodePoint(bytes, static_cast<size_t>(from)),
          ByteOfCodePoint(bytes, static_cast<size_t>(to)), from, true};
}

// The code point index of the argument in SELF, or -1.
int64_t FindIn(Runtime* runtime, const Value& self, Arguments* arguments,
               bool from_right) {
  const auto [sub, start, end] = BindPositional<3>("find", arguments, 1);
  const Text& part = TextArgument("what to find", sub);
  const Text& text = self.AsText();
  const Window window = WindowOf(runtime, text, start, end);
  if (!window.valid) return -1;
  const std::string_view within =
      text.view().substr(window.begin, window.end - window.begin);
  const size_t found =
      from_right ? within.rfind(part.view()) : within.find(part.view());
  if (found == std::string_view::npos) return -1;
  return static_cast<int64_t>(
      CountCodePoints(text.view().substr(0, window.begin + found)));
}

template <bool kFromRight>
Value Find(Runtime* runtime, const Value& self, Arguments* arguments) {
  return Value::Int(FindIn(runtime, self, arguments, kFromRight));
}

template <bool kFromRight>
Value Index(Runtime* runtime, const Value& self, Arguments* arguments) {
  const int64_t found = FindIn(runtime, self, arguments, kFromRight);
  if (found < 0) Fail("the substring was not found");
  return Value::Int(found);
}

Value Count(Runtime* runtime, const Value& self, Arguments* arguments) {
  const auto [sub, start, end] = BindPositional<3>("count", arguments, 1);
  const Text& part = TextArgument("what to count", sub);
  const Text& text = self.AsText();
  const Window window = WindowOf(runtime, text, start, end);
  if (!window.valid) return Value::Int(0);
  return Value::Int(static_cast<int64_t>(CountOccurrences(
      text.view().substr(window.begin, window.end - window.begin),
      part.view())));
}

bool TouchesEnd(std::string_view within, const Value& part, bool at_start) {
  const std::string_view text =
      TextArgument("the argument or each item of its tuple", part).view();
  return at_start ? within.starts_with(text) : within.ends_with(text);
}

template <bool kAtStart>
Value StartsOrEnds(Runtime* runtime, const Value& self, Arguments* arguments) {
  const auto [parts, start, end] =
      BindPositional<3>("startswith", arguments, 1);
  const Window window = WindowOf(runtime, self.AsText(), start, end);
  const std::string_view within =
      self.AsText().view().substr(window.begin, window.end - window.begin);
  if (!parts.is_tuple()) {
    const bool found = TouchesEnd(within, parts, kAtStart);
    return Value::Bool(window.valid && found);
  }
  for (const Value& part : parts.AsItems()) {
    if (TouchesEnd(within, part, kAtStart) && window.valid) {
      return Value::Bool(true);
    }
  }
  return Value::Bool(false);
}

template <bool kPrefix>
Value RemoveEnd(Runtime* runtime, const Value& self, Arguments* arguments) {
  const auto [part] = BindPositional<1>("removeprefix", arguments, 1);
  const std::string_view end = TextArgument("the argument", part).view();
  const Text& text = self.AsText();
  runtime->ChargeText(text.size());
  if (kPrefix ? !text.view().starts_with(end) : !text.view().ends_with(end)) {
    return self;
  }
  return Like(self, kPrefix ? text.Slice(end.size(), text.size())
                            : text.Slice(0, text.size() - end.size()));
}

enum class Side { kLeft, kRight, kBoth };

template <Side kText>
Value Justify(Runtime* runtime, const Value& self, Arguments* arguments) {
  const auto [width, fillchar] = BindPositional<2>("center", arguments, 1);
  const int64_t wanted = IntArgument("the width", width);
  Text fill(" ");
  if (!fillchar.is_missing()) {
    fill = TextArgument("the fill character", fillchar);
    if (CountCodePoints(fill.view()) != 1) {
      Fail("the fill character must be exactly one character");
    }
  }
  const int64_t length = *LengthOf(runtime, self);
  if (wanted <= length) return self;
  const int64_t extra = wanted - length;
  runtime->LimitText(static_cast<uint64_t>(extra));
  runtime->ChargeText(self.AsText().size() +
                      static_cast<uint64_t>(extra) * fill.size());
  int64_t left = kText == Side::kLeft ? 0 : extra;
  if (kText == Side::kBoth) left = extra / 2 + (extra & wanted & 1);
  return Like(self, Pad(self.AsText(), left, extra - left, fill));
}

Value ZeroFill(Runtime* runtime, const Value& self, Arguments* arguments) {
  const auto [width] = BindPositional<1>("zfill", arguments, 1);
  const int64_t wanted = IntArgument("the width", width);
  const int64_t length = *LengthOf(runtime, self);
  if (wanted <= length) return self;
  runtime->ChargeText(static_cast<uint64_t>(wanted) + self.AsText().size());
  const Text& text = self.AsText();
  const bool has_sign =
      text.view().starts_with('-') || text.view().starts_with('+');
  Text out = text.Slice(0, has_sign ? 1 : 0);
  out.Append(std::string(static_cast<size_t>(wanted - length), '0'),
             kTemplateOrigin);
  out.Append(text, has_sign ? 1 : 0, text.size());
  return Like(self, std::move(out));
}

Value Expand(Runtime* runtime, const Value& self, Arguments* arguments) {
  const auto [tabsize] = Bind<1>("expandtabs", arguments, 0, {"tabsize"});
  const int64_t size = IntArgument("tabsize", tabsize, 8);
  const Text& text = self.AsText();
  const size_t tabs = CountOccurrences(text.view(), "\t");
  if (size > 0 && tabs > 0) {
    runtime->LimitText(static_cast<uint64_t>(size));
    runtime->ChargeText(text.size() + tabs * static_cast<uint64_t>(size));
  }
  return Like(self, ExpandTabs(text, size));
}

Value Translate(Runtime* runtime, const Value& self, Arguments* arguments) {
  const auto [table] = BindPositional<1>("translate", arguments, 1);
  const Text& text = self.AsText();
  const std::string_view bytes = text.view();
  if (table.is_undefined()) FailUndefined(table);
  Text out(std::string(), text.origin());
  for (size_t i = 0; i < bytes.size();) {
    const size_t next = NextCodePoint(bytes, i);
    const Value key = Value::Int(CodePointAt(bytes, i));
    Value found = Value::Missing();
    if (table.is_dict()) {
      if (const Value* entry = table.AsDict().Find(key)) found = *entry;
    } else if (table.is_list() || table.is_tuple() || table.is_string()) {
      found = GetItem(runtime, table, key);
      if (found.is_undefined()) found = Value::Missing();
    } else {
      Fail("a value of type " + TypeName(table) + " is no table to translate");
    }
    if (found.is_missing()) {
      out.Append(text, i, next);
    } else if (found.is_string()) {
      out.Append(found.AsText());
    } else if (!found.is_none()) {
      const int64_t code = IntArgument("an entry of the table", found);
      if (code < 0 || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) {
        Fail("an entry of the table is no character");
      }
      std::string letter;
      AppendUtf8(static_cast<char32_t>(code), &letter);
      out.Append(letter, MergeOrigins(found.origin(), text.OriginAt(i)));
    }
    runtime->ChargeText(next - i);
    runtime->LimitText(out.size());
    i = next;
  }
  return Like(self, std::move(out));
}

Value MakeTable(Runtime*, const Value&, Arguments* arguments) {
  const auto [from, to, drop] = BindPositional<3>("maketrans", arguments, 1);
  Dict table;
  const auto letters = [](const Text& text) {
    std::vector<Value> codes;
    for (size_t i = 0; i < text.size(); i = NextCodePoint(text.view(), i)) {
      codes.push_back(
          Value::Int(CodePointAt(text.view(), i), text.OriginAt(i)));
    }
    return codes;
  };
  if (to.is_missing()) {
    if (!from.is_dict()) Fail("maketrans with one argument needs a dict");
    for (const Dict::Entry& entry : from.AsDict()) {
      if (entry.key.is_string()) {
        const std::vector<Value> codes = letters(entry.key.AsText());
        if (codes.size() != 1) Fail("maketrans needs keys of one character");
        table.Set(codes[0], entry.value);
      } else {
        IntArgument("a key of maketrans", entry.key);
        table.Set(entry.key, entry.value);
      }
    }
    return Value::Map(std::move(table));
  }
  const std::vector<Value> keys = letters(TextArgument("maketrans", from));
  const std::vector<Value> values = letters(TextArgument("maketrans", to));
  if (keys.size() != values.size()) {
    Fail("the first two arguments of maketrans must be equally long");
  }
  for (size_t i = 0; i < keys.size(); ++i) table.Set(keys[i], values[i]);
  if (!drop.is_missing()) {
    for (const Value& code : letters(TextArgument("maketrans", drop))) {
      table.Set(code, Value());
    }
  }
  return Value::Map(std::move(table));
}

Value Format(Runtime* runtime, const Value& self, Arguments* arguments) {
  return FormatBraces(runtime, self, *arguments, nullptr);
}

Value FormatMap(Runtime* runtime, const Value& self, Arguments* arguments) {
  const auto [mapping] = BindPositional<1>("format_map", arguments, 1);
  return FormatBraces(runtime, self, Arguments(), &mapping);
}

}  // namespace

Value JoinText(Runtime* runtime, const Value& separator, const Value& items,
               bool convert) {
  const bool markup = separator.is_markup();
  const Text& between = separator.AsText();
  Text out(std::string(), separator.origin());
  const Value iterator = MakeIterator(runtime, items);
  Value item;
  bool first = true;
  while (IteratorOf(iterator)->Next(runtime, &item)) {
    if (!convert && !markup && !item.is_string()) {
      Fail("join needs strings, not " + TypeName(item));
    }
    if (!first) {
      runtime->ChargeText(between.size());
      out.Append(between);
    }
    first = false;
    if (markup) {
      out.Append(EscapeHtml(runtime, item));
    } else {
      AppendText(runtime, item, &out);
    }
    runtime->LimitText(out.size());
  }
  return markup ? Value::Markup(std::move(out)) : Value::String(std::move(out));
}

std::span<const MethodEntry> StringMethods() {
  static constexpr MethodEntry kMethods[] = {
      {"capitalize", Change<Capitalize>},
      {"casefold", ToCase<Case::kFold>},
      {"center", Justify<Side::kBoth>},
      {"count", Count},
      {"encode", EncodeText},
      {"endswith", StartsOrEnds<false>},
      {"expandtabs", Expand},
      {"find", Find<false>},
      {"format", Format},
      {"format_map", FormatMap},
      {"index", Index<false>},
      {"join", Join},
      {"ljust", Justify<Side::kLeft>},
      {"lower", ToCase<Case::kLower>},
      {"lstrip", StripEnds<true, false>},
      {"maketrans", MakeTable},
      {"partition", Partition<false>},
      {"removeprefix", RemoveEnd<true>},
      {"removesuffix", RemoveEnd<false>},
      {"replace", ReplaceAll},
      {"rfind", Find<true>},
      {"rindex", Index<true>},
      {"rjust", Justify<Side::kRight>},
      {"rpartition", Partition<true>},
      {"rsplit", SplitAt<true>},
      {"rstrip", StripEnds<false, true>},
      {"split", SplitAt<false>},
      {"splitlines", SplitIntoLines},
      {"startswith", StartsOrEnds<true>},
      {"strip", StripEnds<true, true>},
      {"swapcase", Change<SwapCase>},
      {"title", Change<TitleCase>},
      {"translate", Translate},
      {"upper", ToCase<Case::kUpper>},
      {"zfill", ZeroFill},
  };
  return kMethods;
}

}  // namespace fullstop::jinja
