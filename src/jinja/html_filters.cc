// Filters that write HTML or addresses.
#include <algorithm>

#include "jinja/arguments.h"
#include "jinja/filters.h"
#include "jinja/html.h"
#include "jinja/methods.h"
#include "jinja/stable_sort.h"
#include "jinja/text_ops.h"

namespace fullstop::jinja {
namespace {

Value Escape(Runtime* runtime, const Value& input, Arguments* arguments) {
  BindNothing("escape", arguments);
  return Value::Markup(EscapeHtml(runtime, input));
}

Value ForceEscape(Runtime* runtime, const Value& input, Arguments* arguments) {
  BindNothing("forceescape", arguments);
  return Value::Markup(
      EscapeHtml(runtime, Value::String(ToText(runtime, input))));
}

Value Safe(Runtime* runtime, const Value& input, Arguments* arguments) {
  BindNothing("safe", arguments);
  return Value::Markup(ToText(runtime, input));
}

Value StripTagsFilter(Runtime* runtime, const Value& input,
                      Arguments* arguments) {
  BindNothing("striptags", arguments);
  return Value::String(StripTags(ToText(runtime, input)));
}

Value MarkupEscape(Runtime* runtime, const Value&, Arguments* arguments) {
  const auto given = Bind<1>("escape", arguments, 1, {"s"});
  return Value::Markup(EscapeHtml(runtime, given[0]));
}

Value MarkupStripTags(Runtime*, const Value& self, Arguments* arguments) {
  BindNothing("striptags", arguments);
  return Value::String(StripTags(self.AsText()));
}

Value MarkupUnescape(Runtime*, const Value& self, Arguments* arguments) {
  BindNothing("unescape", arguments);
  return Value::String(Unescape(self.AsText()));
}

// Percent signs and hex for all bytes but letters, digits, "_.-~" and, outside
// of a query, "/".
Text QuoteUrl(Runtime* runtime, const Value& value, bool query) {
  const Text text = ToText(runtime, value);
  Text out(std::string(), text.origin());
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text.view()[i];
    const unsigned char byte = static_cast<unsigned char>(c);
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                       (c >= 'A' && c <= 'Z') || c == '_' || c == '.' ||
                       c == '-' || c == '~' || (c == '/' && !query);
    std::string quoted(1, c);
    if (query && c == ' ') {
      quoted = "+";
    } else if (!plain) {
      quoted = {'%', "0123456789ABCDEF"[byte >> 4],
                "0123456789ABCDEF"[byte & 15]};
    }
    out.Append(quoted, text.OriginAt(i));
  }
  runtime->ChargeText(out.size());
  return out;
}

Value UrlEncode(Runtime* runtime, const Value& input, Arguments* arguments) {
  BindNothing("urlencode", arguments);
  Value iterator;
  if (!input.is_string()) iterator = TryMakeIterator(runtime, input);
  if (input.is_string() || iterator.is_missing()) {
    return Value::String(QuoteUrl(runtime, input, false));
  }
  std::vector<Value> pairs;
  if (input.is_dict()) {
    for (const Dict::Entry& entry : input.AsDict()) {
      pairs.push_back(Value::Tuple({entry.key, entry.value}));
    }
  } else {
    pairs = ToList(runtime, iterator);
  }
  Text out(std::string(), input.origin());
  bool first = true;
  for (const Value& pair : pairs) {
    const std::vector<Value> parts = ToList(runtime, pair);
    if (parts.size() != 2) Fail("urlencode needs pairs of key and value");
    if (!first) out.Append("&", input.origin());
    first = false;
    out.Append(QuoteUrl(runtime, parts[0], true));
    out.Append("=", input.origin());
    out.Append(QuoteUrl(runtime, parts[1], true));
    runtime->LimitText(out.size());
  }
  return Value::String(std::move(out));
}

// A prefix of an address: two or more letters, a colon, up to two slashes.
bool IsScheme(std::string_view text) {
  size_t end = text.size();
  for (int i = 0; i < 2 && end > 0 && text[end - 1] == '/'; ++i) --end;
  if (end == 0 || text[end - 1] != ':') return false;
  const std::string_view name = text.substr(0, end - 1);
  for (size_t i = 0; i < name.size(); i = NextCodePoint(name, i)) {
    const char32_t c = CodePointAt(name, i);
    if (!IsWord(c) && c != U'.' && c != U'+' && c != U'-') return false;
  }
  return CountCodePoints(name) >= 2;
}

// The words of REL with what the filter adds, sorted.
Text RelOf(Runtime* runtime, const Value& rel, bool nofollow) {
  std::vector<Text> words = {Text("noopener")};
  if (nofollow) words.emplace_back("nofollow");
  if (!rel.is_missing() && Truth(runtime, rel)) {
    for (Text& word : Split(TextArgument("rel", rel), nullptr, kUnlimited)) {
      words.push_back(std::move(word));
    }
  }
  StableSort(&words,
             [](const Text& a, const Text& b) { return a.view() < b.view(); });
  Text out;
  std::string_view last;
  for (const Text& word : words) {
    if (word.view() == last) continue;
    last = word.view();
    if (!out.empty()) out.Append(" ", kTemplateOrigin);
    out.Append(word);
  }
  return EscapeHtml(runtime, Value::String(std::move(out)));
}

Value Urlize(Runtime* runtime, const Value& input, Arguments* arguments) {
  const auto [trim_url_limit, nofollow, target, rel, extra_schemes] =
      Bind<5>("urlize", arguments, 0,
              {"trim_url_limit", "nofollow", "target", "rel", "extra_schemes"});
  LinkOptions options;
  if (!trim_url_limit.is_missing() && !trim_url_limit.is_none()) {
    options.trim = std::max<int64_t>(0, IntArgument("limit", trim_url_limit));
  }
  options.rel = RelOf(runtime, rel, FlagArgument(runtime, nofollow, false));
  if (!target.is_missing() && Truth(runtime, target)) {
    options.target = EscapeHtml(runtime, target);
  }
  if (!extra_schemes.is_missing() && Truth(runtime, extra_schemes)) {
    for (const Value& scheme : ToList(runtime, extra_schemes)) {
      options.schemes.push_back(TextArgument("a scheme", scheme));
      if (!IsScheme(scheme.AsText().view())) {
        Fail("'" + scheme.AsText().bytes() + "' is no prefix of an address");
      }
    }
  }
  const Text escaped = EscapeHtml(runtime, input);
  runtime->Charge(escaped.size());
  Text out = MakeLinks(escaped, options);
  runtime->LimitText(out.size());
  return runtime->autoescape ? Value::Markup(std::move(out))
                             : Value::String(std::move(out));
}

Value XmlAttr(Runtime* runtime, const Value& input, Arguments* arguments) {
  const auto [autospace] = Bind<1>("xmlattr", arguments, 0, {"autospace"});
  if (input.is_undefined()) FailUndefined(input);
  if (!input.is_dict()) Fail("xmlattr needs a dict, not " + TypeName(input));
  const bool space = FlagArgument(runtime, autospace, true);
  Text out(std::string(), input.origin());
  for (const auto& [key, value, hash] : input.AsDict()) {
    if (value.is_none() || value.is_undefined()) continue;
    const Text& name = TextArgument("an attribute's name", key);
    if (name.view().find_first_of(" \t\n\r\f\v/>=") != std::string_view::npos) {
      Fail("an attribute's name can't hold white space, '/', '>' or '='");
    }
    if (space || !out.empty()) out.Append(" ", kTemplateOrigin);
    out.Append(EscapeHtml(runtime, key));
    out.Append("=\"", kTemplateOrigin);
    out.Append(EscapeHtml(runtime, value));
    out.Append("\"", kTemplateOrigin);
    runtime->LimitText(out.size());
  }
  return runtime->autoescape ? Value::Markup(std::move(out))
                             : Value::String(std::move(out));
}

}  // namespace

std::span<const FilterEntry> HtmlFilters() {
  static constexpr FilterEntry kFilters[] = {
      {"e", Escape},
      {"escape", Escape},
      {"forceescape", ForceEscape},
      {"safe", Safe},
      {"striptags", StripTagsFilter},
      {"urlencode", UrlEncode},
      {"urlize", Urlize},
      {"xmlattr", XmlAttr},
  };
  return kFilters;
}

std::span<const MethodEntry> MarkupMethods() {
  static constexpr MethodEntry kMethods[] = {
      {"escape", MarkupEscape},
      {"striptags", MarkupStripTags},
      {"unescape", MarkupUnescape},
  };
  return kMethods;
}

}  // namespace fullstop::jinja
