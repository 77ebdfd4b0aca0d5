// No byte that a user wrote is ever told to be the template's, whatever the
// template does to it.
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/error.h"
#include "gtest/gtest.h"
#include "jinja/filters.h"
#include "jinja/methods.h"
#include "jinja/template.h"
#include "jinja/unicode.h"

namespace fullstop::jinja {
namespace {

using Json = nlohmann::ordered_json;

// Deseret has upper and lower case, and no template or table here holds any.
bool IsMarker(char32_t c) { return c >= 0x10400 && c < 0x10450; }

// A marker's bytes, and how escapes show its UTF-16 or its bytes.
void ExpectNoMarkerFromTemplate(const Rendering& rendering,
                                const std::string& source) {
  const auto origin_at = [&rendering](size_t byte) {
    for (const OriginSpan& span : rendering.origins) {
      if (byte >= span.begin && byte < span.end) return span.origin;
    }
    return kTemplateOrigin;
  };
  const std::string_view text = rendering.text;
  for (size_t i = 0; i < text.size(); i = NextCodePoint(text, i)) {
    if (IsMarker(CodePointAt(text, i))) {
      EXPECT_NE(origin_at(i), kTemplateOrigin) << source << "\n" << text;
      return;
    }
  }
  for (const char* escaped :
       {"\\ud801\\udc", "\\U000104", "%F0%90%90", "\\xf0\\x90\\x90"}) {
    const size_t at = text.find(escaped);
    if (at == std::string_view::npos) continue;
    EXPECT_NE(origin_at(at), kTemplateOrigin) << source << "\n" << text;
  }
}

void ExpectSpansCoverText(const Rendering& rendering) {
  size_t at = 0;
  for (size_t i = 0; i < rendering.origins.size(); ++i) {
    const OriginSpan& span = rendering.origins[i];
    EXPECT_EQ(span.begin, at);
    EXPECT_LT(span.begin, span.end);
    if (i > 0) {
      EXPECT_NE(span.origin, rendering.origins[i - 1].origin);
    }
    at = span.end;
  }
  EXPECT_EQ(at, rendering.text.size());
}

// All strings are markers and what splits, formats and escapes them.
Dict MarkedContext() {
  const Json json = Json::parse(R"json({
    "s": "𐐀𐐨𐐁 𐐩,𐐂\n𐐪\t𐐃",
    "h": "<𐐄 𐐬='𐐅'>𐐭 & \"𐐆\"</𐐄> https://𐐮.com/𐐇 𐐯@𐐈.org",
    "p": "%s𐐉%5d%%", "b": "{}𐐊{:𐐋>9}", "l": ["𐐌", "𐐴 𐐍", "", "𐐎"],
    "d": {"𐐏": "𐐷", "k": ["𐐐", {"𐐹": null}], "n": 12},
    "u": [{"name": "𐐒", "v": "𐐻"}, {"name": "𐐓", "v": "𐐼"}]})json");
  Dict context;
  Origin origin = 0;
  for (const auto& [name, value] : json.items()) {
    context.Set(name, Value::FromJson(value, ++origin));
  }
  return context;
}

// Renders where it can; most combinations are errors.
bool Try(const std::string& source, const Dict& context) {
  try {
    const Rendering rendering = Template::Parse(source).Render(context);
    ExpectSpansCoverText(rendering);
    ExpectNoMarkerFromTemplate(rendering, source);
    return true;
  } catch (const Error&) {
    return false;
  }
}

const std::vector<std::string>& Subjects() {
  static const std::vector<std::string> kSubjects = {"s",
                                                     "h",
                                                     "p",
                                                     "b",
                                                     "l",
                                                     "d",
                                                     "u",
                                                     "d.k",
                                                     "l|list",
                                                     "s|safe",
                                                     "(s, l)",
                                                     "s|list",
                                                     "d.items()",
                                                     "namespace(a=s)",
                                                     "u|map(attribute='name')"};
  return kSubjects;
}

const std::vector<std::string>& ArgumentLists() {
  static const std::vector<std::string> kArguments = {
      "",
      "()",
      "(s)",
      "('x')",
      "(2)",
      "(s, 'y')",
      "(l[1], s)",
      "(s, s)",
      "(30, l[0])",
      "(l)",
      "('name')",
      "('v', s)",
      "(3, s)",
      "(d)",
      "(' ', 1)",
      "(',', '')",
      "('upper')",
      "(attribute='name')",
      "(indent=s)",
      "(s, true)",
      "(true)",
      "(indent=2, ensure_ascii=true)",
      "(separators=(s, s))",
      "(5, true, s, 0)",
      "(', ', 'v')",
      "(attribute='v', default=s)",
      "({72: s, 66560: l[0]})",
      "(s, s, s)"};
  return kArguments;
}

TEST(Origins, SurviveEveryFilter) {
  const Dict context = MarkedContext();
  int rendered = 0;
  for (const auto& filters : {StringFilters(), HtmlFilters(), SequenceFilters(),
                              SelectionFilters(), NumberFilters()}) {
    for (const FilterEntry& filter : filters) {
      for (const std::string& subject : Subjects()) {
        for (const std::string& arguments : ArgumentLists()) {
          const std::string call =
              "(" + subject + ")|" + std::string(filter.name) + arguments;
          rendered += Try("a{{ " + call + " }}b", context);
          rendered +=
              Try("{% for x in " + call + " %}-{{ x }}{% endfor %}", context);
        }
      }
    }
  }
  EXPECT_GT(rendered, 5000);
}

TEST(Origins, SurviveEveryMethod) {
  const Dict context = MarkedContext();
  int rendered = 0;
  for (const auto& methods :
       {StringMethods(), StringTestMethods(), MarkupMethods(), ListMethods(),
        TupleMethods(), DictMethods()}) {
    for (const MethodEntry& method : methods) {
      for (const std::string& subject : Subjects()) {
        for (const std::string& arguments : ArgumentLists()) {
          if (arguments.empty()) continue;
          const std::string call =
              "(" + subject + ")." + std::string(method.name) + arguments;
          rendered += Try("{{ " + call + " }}{{ " + call + "|list }}", context);
        }
      }
    }
  }
  EXPECT_GT(rendered, 500);
}

TEST(Origins, SurviveOperatorsAndStatements) {
  const Dict context = MarkedContext();
  for (const char* source :
       {"{{ s + h }}{{ s ~ 1 ~ h }}{{ s * 3 }}{{ 2 * l }}{{ l + l }}",
        "{{ '%s-%10s|%-9r' % (s, l[0], l) }}{{ p % (s, 5) }}",
        "{{ '%(n)5d %(k)s' % d }}{{ b.format(s, l[0]) }}",
        "{{ s[1:4] }}{{ s[::-1] }}{{ s[2] }}{{ l[1:] }}{{ s[-5:-1:2] }}",
        "{% for c in s %}{{ c }}{{ loop.nextitem }}{% endfor %}",
        "{% for k, v in d.items() %}{{ k }}={{ v }};{% endfor %}",
        "{% macro m(x, y=s) %}<{{ x }}{{ y }}{{ varargs }}{{ kwargs }}>"
        "{% endmacro %}{{ m(h, l[0], s, z=d) }}",
        "{% set x %}a{{ s }}b{% endset %}{{ x|upper }}{{ x|replace('a', h) }}",
        "{% set ns = namespace(a=s) %}{{ ns.a }}{{ ns }}{{ ns|string }}",
        "{% filter title %}abc {{ s }} def{% endfilter %}",
        "{% macro m() %}[{{ caller(s) }}]{% endmacro %}"
        "{% call(y) m() %}{{ y }}{{ h }}{% endcall %}",
        "{% autoescape true %}{{ h }}{{ '<' ~ h }}{% endautoescape %}",
        "{{ [s, {s: h}, (l,)] }}{{ {'a': [s]}|tojson(indent=1) }}",
        "{{ s.encode() }}{{ s.encode().decode() }}{{ s.encode().hex() }}",
        "{{ cycler(s, h).next() }}{% set j = joiner(s) %}{{ j() }}{{ j() }}",
        "{{ strftime_now(s) }}{{ s if s else h }}{{ nothing or s }}",
        "{% for x in [1, [s]] recursive %}{% if x is not string and x is "
        "iterable %}"
        "{{ loop(x) }}{% else %}{{ x }}{% endif %}{% endfor %}",
        "{% block a %}{{ s }}{% endblock %}{{ self.a()|upper }}",
        "{% generation %}{{ s }}{% endgeneration %}",
        "{{ dict(d, a=s) }}{{ dict([(s, h)]) }}{{ d|dictsort|tojson }}"}) {
    EXPECT_TRUE(Try(source, context)) << source;
  }
}

TEST(Origins, OfTheTemplateStayZero) {
  Dict context;
  context.Set("s", Value::String("XY", 7));
  const Rendering rendering =
      Template::Parse("ab{{ s }}{{ 'c' ~ s|lower }}{{ loop }}{{ s|length }}d")
          .Render(context);
  EXPECT_EQ(rendering.text, "abXYcxy2d");
  const std::vector<OriginSpan> expected = {
      {0, 2, 0}, {2, 4, 7}, {4, 5, 0}, {5, 7, 7}, {7, 9, 0}};
  EXPECT_EQ(rendering.origins, expected);
}

TEST(Origins, OfContainersAreOnTheirPunctuation) {
  Dict inner;
  inner.Set("k", Value::String("v", 3), 2);
  Dict context;
  context.Set("d", Value::Map(inner, 1));
  const Rendering rendering = Template::Parse("{{ d|tojson }}").Render(context);
  EXPECT_EQ(rendering.text, R"({"k": "v"})");
  const std::vector<OriginSpan> expected = {
      {0, 1, 1}, {1, 4, 2}, {4, 6, 1}, {6, 9, 3}, {9, 10, 1}};
  EXPECT_EQ(rendering.origins, expected);
}

TEST(Origins, OfSplitAndJoinedPartsAreTheirOwn) {
  Dict context;
  context.Set("s", Value::String("a,b", 1));
  context.Set("t", Value::String("-", 2));
  const Rendering rendering =
      Template::Parse("{{ s.split(',')|join(t) }}").Render(context);
  EXPECT_EQ(rendering.text, "a-b");
  const std::vector<OriginSpan> expected = {{0, 1, 1}, {1, 2, 2}, {2, 3, 1}};
  EXPECT_EQ(rendering.origins, expected);
}

}  // namespace
}  // namespace fullstop::jinja
