// Filters on text.
#include <algorithm>

#include "jinja/arguments.h"
#include "jinja/filters.h"
#include "jinja/format.h"
#include "jinja/methods.h"
#include "jinja/number.h"
#include "jinja/text_ops.h"
#include "jinja/text_wrap.h"

namespace fullstop::jinja {
namespace {

// soft_str: the value itself where it is a string, else its text.
Value Soft(Runtime* runtime, const Value& input) {
  return input.is_string() ? input : Value::String(ToText(runtime, input));
}

Value Like(const Value& self, Text text) {
  return self.is_markup() ? Value::Markup(std::move(text))
                          : Value::String(std::move(text));
}

template <Text (*kChange)(const Text&)>
Value Change(Runtime* runtime, const Value& input, Arguments* arguments) {
  BindNothing("a filter", arguments);
  const Value text = Soft(runtime, input);
  runtime->ChargeText(text.AsText().size());
  return Like(text, kChange(text.AsText()));
}

Text Upper(const Text& text) { return ChangeCase(text, Case::kUpper); }
Text Lower(const Text& text) { return ChangeCase(text, Case::kLower); }

// Each word's first letter in upper case, the rest in lower case; words begin
// behind white space and "-({[<".
Text TitleWords(const Text& text) {
  const std::string_view bytes = text.view();
  Text out(std::string(), text.origin());
  const auto splits = [bytes](size_t at) {
    const char32_t c = CodePointAt(bytes, at);
    return IsSpace(c) || (c < 0x80 && c != 0 &&
                          std::string_view("-({[<").find(
                              static_cast<char>(c)) != std::string_view::npos);
  };
  for (size_t i = 0; i < bytes.size();) {
    size_t end = i;
    const bool separator = splits(i);
    while (end < bytes.size() && splits(end) == separator) {
      end = NextCodePoint(bytes, end);
    }
    const size_t second = NextCodePoint(bytes, i);
    out.Append(ChangeCase(text.Slice(i, second), Case::kUpper));
    out.Append(ChangeCase(text.Slice(second, end), Case::kLower));
    i = end;
  }
  return out;
}

Value Trim(Runtime* runtime, const Value& input, Arguments* arguments) {
  const auto [chars] = Bind<1>("trim", arguments, 0, {"chars"});
  const Value text = Soft(runtime, input);
  runtime->ChargeText(text.AsText().size());
  const Text* set = nullptr;
  if (!chars.is_missing() && !chars.is_none()) {
    set = &TextArgument("trim's argument", chars);
  }
  return Like(text, Strip(text.AsText(), set, true, true));
}

Value ReplaceText(Runtime* runtime, const Value& input, Arguments* arguments) {
  const auto [old, by, count] =
      Bind<3>("replace", arguments, 2, {"old", "new", "count"});
  const int64_t most =
      count.is_none() ? -1 : IntArgument("replace's count", count, -1);
  const bool markup = runtime->autoescape &&
                      (input.is_markup() || old.is_markup() || by.is_markup());
  const auto text = [runtime, markup](const Value& value) {
    return markup ? EscapeHtml(runtime, value) : ToText(runtime, value);
  };
  const Text self = text(input);
  const Text from = ToText(runtime, old);
  const Text to = text(by);
  runtime->ChargeText(ReplacedSize(self, from, to, most));
  Text out = Replace(self, from, to, most);
  return markup ? Value::Markup(std::move(out)) : Value::String(std::move(out));
}

Value Center(Runtime* runtime, const Value& input, Arguments* arguments) {
  const auto [width] = Bind<1>("center", arguments, 0, {"width"});
  const int64_t wanted = IntArgument("width", width, 80);
  const Value text = Soft(runtime, input);
  const int64_t length = *LengthOf(runtime, text);
  if (wanted <= length) return text;
  const int64_t extra = wanted - length;
  runtime->ChargeText(text.AsText().size() + static_cast<uint64_t>(extra));
  const int64_t left = extra / 2 + (extra & wanted & 1);
  return Like(text, Pad(text.AsText(), left, extra - left, Text(" ")));
}

// Each line end of TEXT becomes a newline of the same origin, with INDENTION
// behind it where the next line has text or BLANK.
Text IndentLines(Runtime* runtime, const Text& text, const Text& indention,
                 bool blank) {
  const std::vector<Text> lines = SplitLines(text, true);
  const std::string_view bytes = text.view();
  // Python adds a newline before it splits, which pairs with a last \r.
  const bool drops_end = bytes.ends_with('\r');
  Text out(std::string(), text.origin());
  bool ended = false;
  for (size_t i = 0; i < lines.size(); ++i) {
    const Text bare = SplitLines(lines[i], false)[0];
    if (i > 0 && (blank || !bare.empty())) out.Append(indention);
    out.Append(bare);
    runtime->ChargeText(bare.size() + indention.size());
    runtime->LimitText(out.size());
    ended =
        bare.size() < lines[i].size() && !(drops_end && i + 1 == lines.size());
    if (ended) out.Append("\n", lines[i].OriginAt(bare.size()));
  }
  // A last line without text, behind a final line end.
  if (ended && blank) out.Append(indention);
  return out;
}

Value Indent(Runtime* runtime, const Value& input, Arguments* arguments) {
  const auto [width, first, blank] =
      Bind<3>("indent", arguments, 0, {"width", "first", "blank"});
  if (!input.is_string()) {
    if (input.is_undefined()) FailUndefined(input);
    Fail("indent needs a string, not " + TypeName(input));
  }
  Text indention;
  if (width.is_string()) {
    indention = width.AsText();
  } else {
    const int64_t columns =
        std::max<int64_t>(0, IntArgument("width", width, 4));
    runtime->ChargeText(static_cast<uint64_t>(columns));
    indention = Text(std::string(static_cast<size_t>(columns), ' '));
  }
  Text out(std::string(), input.origin());
  if (FlagArgument(runtime, first, false)) out.Append(indention);
  out.Append(IndentLines(runtime, input.AsText(), indention,
                         FlagArgument(runtime, blank, false)));
  return Like(input, std::move(out));
}

Value Truncate(Runtime* runtime, const Value& input, Arguments* arguments) {
  const auto [length, killwords, end, leeway] = Bind<4>(
      "truncate", arguments, 0, {"length", "killwords", "end", "leeway"});
  const Value suffix = end.is_missing() ? Value::String("...") : end;
  const auto suffix_length = LengthOf(runtime, suffix);
  if (!suffix_length) Fail("truncate's end must be a string");
  const int64_t most = IntArgument("length", length, 255);
  const int64_t slack = leeway.is_missing() || leeway.is_none()
                            ? 5
                            : IntArgument("leeway", leeway);
  if (most < *suffix_length) Fail("truncate's length is less than its end's");
  if (slack < 0) Fail("truncate's leeway is negative");
  const auto size = LengthOf(runtime, input);
  if (!size) Fail("truncate needs a string, not " + TypeName(input));
  if (*size <= (most > kUnlimited - slack ? kUnlimited : most + slack)) {
    return input;
  }
  if (!input.is_string()) {
    Fail("truncate needs a string, not " + TypeName(input));
  }
  Value cut = GetSlice(runtime, input, Value(),
                       Value::Int(most - *suffix_length), Value());
  if (!FlagArgument(runtime, killwords, false)) {
    const Text space(" ");
    cut = Like(input, SplitFromRight(cut.AsText(), &space, 1)[0]);
  }
  return Operate(runtime, Arithmetic::kAdd, cut, suffix);
}

Value WordWrap(Runtime* runtime, const Value& input, Arguments* arguments) {
  const auto [width, break_long_words, wrapstring, break_on_hyphens] =
      Bind<4>("wordwrap", arguments, 0,
              {"width", "break_long_words", "wrapstring", "break_on_hyphens"});
  if (!input.is_string()) {
    if (input.is_undefined()) FailUndefined(input);
    Fail("wordwrap needs a string, not " + TypeName(input));
  }
  const int64_t columns = IntArgument("width", width, 79);
  const Value separator = wrapstring.is_missing() || wrapstring.is_none()
                              ? Value::String("\n")
                              : wrapstring;
  if (!separator.is_string()) Fail("wrapstring must be a string");
  std::vector<Value> paragraphs;
  for (const Text& line : SplitLines(input.AsText(), false)) {
    if (columns <= 0) Fail("wordwrap needs a positive width");
    std::vector<Value> lines;
    for (Text& part : WrapText(runtime, line, columns,
                               FlagArgument(runtime, break_long_words, true),
                               FlagArgument(runtime, break_on_hyphens, true))) {
      lines.push_back(Value::String(std::move(part)));
    }
    paragraphs.push_back(
        JoinText(runtime, separator, Value::List(std::move(lines)), false));
  }
  return JoinText(runtime, separator, Value::List(std::move(paragraphs)),
                  false);
}

Value WordCount(Runtime* runtime, const Value& input, Arguments* arguments) {
  BindNothing("wordcount", arguments);
  const Text text = ToText(runtime, input);
  const std::string_view bytes = text.view();
  int64_t words = 0;
  bool in_word = false;
  for (size_t i = 0; i < bytes.size(); i = NextCodePoint(bytes, i)) {
    const bool word = IsWord(CodePointAt(bytes, i));
    words += word && !in_word;
    in_word = word;
  }
  return Value::Int(words);
}

Value Format(Runtime* runtime, const Value& input, Arguments* arguments) {
  if (!arguments->positional.empty() && !arguments->named.empty()) {
    Fail("format takes positional arguments or named ones, not both");
  }
  const Value text = Soft(runtime, input);
  if (arguments->named.empty()) {
    return FormatPercent(runtime, text,
                         Value::Tuple(std::move(arguments->positional)));
  }
  Dict named;
  for (auto& [name, value] : arguments->named) {
    named.Set(name, std::move(value));
  }
  return FormatPercent(runtime, text, Value::Map(std::move(named)));
}

}  // namespace

std::span<const FilterEntry> StringFilters() {
  static constexpr FilterEntry kFilters[] = {
      {"capitalize", Change<Capitalize>},
      {"center", Center},
      {"format", Format},
      {"indent", Indent},
      {"lower", Change<Lower>},
      {"replace", ReplaceText},
      {"title", Change<TitleWords>},
      {"trim", Trim},
      {"truncate", Truncate},
      {"upper", Change<Upper>},
      {"wordcount", WordCount},
      {"wordwrap", WordWrap},
  };
  return kFilters;
}

}  // namespace fullstop::jinja
