#include "jinja/template.h"

#include <nlohmann/json.hpp>
#include <string>
#include <thread>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fullstop::jinja {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string Render(const std::string& source, const Dict& context = {},
                   const RenderOptions& options = {}) {
  return Template::Parse(source).Render(context, options).text;
}

Error FailureOf(const std::string& source, const RenderOptions& options = {}) {
  try {
    Render(source, {}, options);
  } catch (const Error& error) {
    return error;
  }
  return Error::Usage("it did not fail: " + source);
}

TEST(Template, SyntaxErrorTellsLineColumnAndCaret) {
  const Error error = FailureOf("ok\n  {{ messages[ }}");
  EXPECT_EQ(error.kind(), Error::Kind::kTemplate);
  EXPECT_EQ(error.line(), 2u);
  EXPECT_EQ(error.column(), 16u);
  EXPECT_THAT(error.what(), HasSubstr("  {{ messages[ }}"));
}

TEST(Template, RunTimeErrorTellsLineColumnAndCaret) {
  const Error error = FailureOf("é\n{{ 'é' ~ x.y }}");
  EXPECT_EQ(error.kind(), Error::Kind::kTemplate);
  EXPECT_EQ(error.line(), 2u);
  EXPECT_EQ(error.column(), 11u);
  EXPECT_EQ(error.message(), "'x' is undefined");
}

TEST(Template, ErrorNamesTheTemplate) {
  try {
    Template::Parse("{{ 1 / 0 }}", "tool_use").Render({});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.file(), "tool_use");
    EXPECT_EQ(error.message(), "division by zero");
  }
}

TEST(Template, ErrorHandlersOfEncodingsAreFollowed) {
  EXPECT_EQ(Render("{{ 'é€x'.encode('ascii', 'ignore') }}"), "b'x'");
  EXPECT_EQ(Render("{{ 'é€x'.encode('latin-1', 'replace') }}"), "b'\\xe9?x'");
  EXPECT_EQ(Render("{{ 'é€'.encode('ascii', errors='backslashreplace') }}"),
            "b'\\\\xe9\\\\u20ac'");
  EXPECT_EQ(Render("{{ 'é€'.encode('ascii', 'xmlcharrefreplace') }}"),
            "b'&#233;&#8364;'");
  const std::string broken = "'aé'.encode('latin-1').decode('utf-8', ";
  EXPECT_EQ(Render("{{ " + broken + "'ignore') }}"), "a");
  EXPECT_EQ(Render("{{ " + broken + "'replace') }}"), "a\xEF\xBF\xBD");
  EXPECT_EQ(Render("{{ " + broken + "'backslashreplace') }}"), "a\\xe9");
  FailureOf("{{ " + broken + "'xmlcharrefreplace') }}");
  EXPECT_EQ(FailureOf("{{ 'é'.encode('ascii') }}").message(),
            "a character that the encoding does not have");
}

TEST(Template, RaiseExceptionIsARefusalWithItsMessage) {
  try {
    Render("{{ raise_exception('roles must ' ~ 'alternate') }}");
    FAIL();
  } catch (const TemplateRefusal& refusal) {
    EXPECT_EQ(refusal.message(), "roles must alternate");
    EXPECT_EQ(refusal.kind(), Error::Kind::kTemplate);
    EXPECT_EQ(refusal.line(), 1u);
  }
}

TEST(Template, UndeclaredNamesAreThoseReadFromTheContext) {
  const Template compiled = Template::Parse(
      "{% set a = b %}{% for c in d %}{{ c }}{{ e }}{% endfor %}"
      "{% macro m(f) %}{{ f }}{{ g }}{% endmacro %}{{ range(3) }}{{ a }}");
  EXPECT_THAT(compiled.undeclared(), ElementsAre("b", "d", "e", "g"));
}

TEST(Template, LiteralsComeInOrderOfAppearance) {
  const Template compiled = Template::Parse(
      "one{{ 'two' + x['three'] }}{% if 'four' in y %}five"
      "{% endif %}{# six #}");
  EXPECT_THAT(compiled.Literals(),
              ElementsAre("one", "two", "three", "four", "five"));
}

TEST(Template, GenerationBlocksAreRecorded) {
  const Rendering rendering =
      Template::Parse("ab{% generation %}cd{% endgeneration %}e").Render({});
  ASSERT_EQ(rendering.generations.size(), 1u);
  EXPECT_EQ(rendering.generations[0].begin, 2u);
  EXPECT_EQ(rendering.generations[0].end, 4u);
}

TEST(Template, StrftimeNowReadsTheGivenClock) {
  RenderOptions options;
  options.now = [] { return std::time_t{86400 * 365}; };
  EXPECT_EQ(Render("{{ strftime_now('%Y %%') }}", {}, options), "1971 %");
}

TEST(Template, SurvivesInvalidUtf8) {
  Dict context;
  context.Set("s", Value::String("a\xff\xe4\xbd"
                                 "b",
                                 1));
  EXPECT_EQ(Render("{{ s }}", context),
            "a\xff\xe4\xbd"
            "b");
  EXPECT_EQ(Render("{{ s|length }}{{ s[1:2] }}", context), "4\xff");
}

TEST(Template, RendersFromManyThreadsAtOnce) {
  const Template compiled =
      Template::Parse("{% for x in l %}{{ x|upper }}{{ 'const' }}{% endfor %}");
  Dict context;
  context.Set("l", Value::FromJson(nlohmann::ordered_json({"a", "b"}), 1));
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&compiled, &context] {
      for (int j = 0; j < 200; ++j) {
        EXPECT_EQ(compiled.Render(context).text, "AconstBconst");
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(Template, DictKeepsOrderAndJoinsEqualKeys) {
  Dict dict;
  dict.Set(Value::Int(1), Value::String("a"));
  dict.Set("x", Value::Int(2));
  dict.Set(Value::Bool(true), Value::String("b"));
  for (int i = 0; i < 100; ++i)
    dict.Set("k" + std::to_string(i), Value::Int(i));
  EXPECT_EQ(dict.size(), 102u);
  EXPECT_EQ(dict.Find(Value::Float(1.0))->AsText().bytes(), "b");
  EXPECT_EQ(dict.Find("k77")->AsSmallInt(), 77);
  EXPECT_EQ(dict.Find("k100"), nullptr);
  EXPECT_THROW(dict.Set(Value::List({}), Value()), Error);
}

// What a hostile template tries, and that it meets a bound.
class HostileTemplate : public testing::TestWithParam<const char*> {};

TEST_P(HostileTemplate, MeetsALimit) {
  RenderOptions options;
  options.limits.steps = 300'000;
  options.limits.output_bytes = 1 << 20;
  options.limits.list_items = 1 << 16;
  const Error error = FailureOf(GetParam(), options);
  EXPECT_EQ(error.kind(), Error::Kind::kLimit) << error.what();
}

INSTANTIATE_TEST_SUITE_P(
    Template, HostileTemplate,
    testing::Values(
        "{{ 'a' * 10**9 }}", "{{ [1] * 10**12 }}", "{{ 10**(10**10) }}",
        "{{ '%1000000000d' % 1 }}", "{{ '{:>1000000000}'.format(1) }}",
        "{{ 'x'.center(10**9) }}", "{{ 'x'.zfill(10**15) }}",
        "{{ '\\t'.expandtabs(10**12) }}", "{{ '%.1000000000f' % 1.5 }}",
        "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}"
        "{% endfor %}",
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
        "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}"
        "{% endmacro %}{{ m(90) }}",
        "{% set ns = namespace(x='ab') %}{% for i in range(99) %}"
        "{% set ns.x = ns.x + ns.x %}{% endfor %}",
        "{% set ns = namespace(x=[0]) %}{% for i in range(99) %}"
        "{% set ns.x = ns.x + ns.x %}{% endfor %}",
        "{% set ns = namespace(x=3) %}{% for i in range(99) %}"
        "{% set ns.x = ns.x * ns.x %}{% endfor %}",
        "{% set ns = namespace(x=[]) %}{% for i in range(9999) %}"
        "{% set ns.x = [ns.x] %}{% endfor %}{{ ns.x }}",
        "{% set ns = namespace(x=[]) %}{% for i in range(9999) %}"
        "{% set ns.x = [ns.x] %}{% endfor %}{{ ns.x == [ns.x] }}",
        "{% set ns = namespace(x=[1]) %}{% for i in range(9999) %}"
        "{% set ns.x = ns.x|map('string') %}{% endfor %}{{ ns.x|first }}",
        "{% set ns = namespace(x=[]) %}{% for i in range(9999) %}"
        "{% set ns.x = (ns.x,) %}{% endfor %}{{ ns.x|tojson }}",
        "{{ 'a'|replace('', 'b' * 1000000) }}",
        "{{ range(60000)|batch(1)|map('list')|list|tojson(indent=9999) }}",
        "{{ [1]|tojson(indent=10**9) }}", "{{ 'a'|indent(10**9) }}",
        "{{ [1]|batch(10**9, 0)|list }}", "{{ lipsum(10**9) }}",
        "{{ strftime_now('%1000000d') }}",
        "{% for x in range(9) recursive %}{{ loop([x]) }}{% endfor %}"));

// Deep structures are taken apart without recursion.
TEST(Template, DeepValuesAreDestroyed) {
  for (const char* source :
       {"{% set ns = namespace(x=[]) %}{% for i in range(60000) %}"
        "{% set ns.x = [ns.x] %}{% endfor %}",
        "{% set ns = namespace(x=[]) %}{% for i in range(60000) %}"
        "{% set ns.x = {'a': ns.x} %}{% endfor %}",
        "{% set ns = namespace(x=[]) %}{% for i in range(60000) %}"
        "{% set ns.x = ns.x|map('string') %}{% endfor %}",
        "{% set ns = namespace(x=[]) %}{% for i in range(60000) %}"
        "{% set ns.x = [ns.x].index %}{% endfor %}",
        "{% set ns = namespace(x=0) %}{% for i in range(30000) %}"
        "{% set ns.x = namespace(x=ns.x) %}{% endfor %}",
        "{% set ns = namespace(x=0) %}{% for i in range(30000) %}"
        "{% set ns.x = cycler(ns.x) %}{% endfor %}",
        "{% set ns = namespace(x=0) %}{% macro m(p) %}{% macro i() %}{{ p }}"
        "{% endmacro %}{% set ns.x = i %}{% endmacro %}"
        "{% for i in range(20000) %}{{ m(ns.x) }}{% endfor %}",
        "{% set ns = namespace() %}{% set ns.x = ns %}"
        "{% for i in [1] %}{{ loop.changed(loop) }}{% endfor %}"}) {
    EXPECT_NO_THROW(Render(source)) << source;
  }
}

TEST(Template, DeepNestingIsAnErrorNotAnOverflow) {
  const auto repeat = [](const std::string& text, int count) {
    std::string out;
    for (int i = 0; i < count; ++i) out += text;
    return out;
  };
  for (const std::string& source :
       {"{{ " + repeat("(", 10000) + "1" + repeat(")", 10000) + " }}",
        "{{ " + repeat("[", 10000) + repeat("]", 10000) + " }}",
        "{{ " + repeat("not ", 10000) + "1 }}",
        "{{ " + repeat("-", 10000) + "1 }}",
        "{{ " + repeat("1 if 1 else ", 10000) + "1 }}",
        "{{ x" + repeat(".a", 10000) + " }}",
        "{{ x" + repeat("|upper", 10000) + " }}",
        "{{ x" + repeat("(x", 10000) + repeat(")", 10000) + " }}",
        repeat("{% if 1 %}", 10000) + repeat("{% endif %}", 10000),
        repeat("{% for x in y %}", 5000) + repeat("{% endfor %}", 5000),
        "{% macro m() %}{{ " + repeat("[", 150) + "m()" + repeat("]", 150) +
            " }}{% endmacro %}{{ m() }}",
        "{% macro m() %}" + repeat("{% if 1 %}", 150) + "{{ m() }}" +
            repeat("{% endif %}", 150) + "{% endmacro %}{{ m() }}"}) {
    const Error error = FailureOf(source);
    EXPECT_EQ(error.kind(), Error::Kind::kLimit) << source.substr(0, 20);
  }
}

TEST(Template, LongChainsAreNotDeep) {
  std::string sum = "{{ 1";
  for (int i = 0; i < 3000; ++i) sum += " + 1";
  EXPECT_EQ(Render(sum + " }}"), "3001");
  std::string any = "{{ 0";
  for (int i = 0; i < 3000; ++i) any += " or 0";
  EXPECT_EQ(Render(any + " }}"), "0");
}

TEST(Template, NothingIsRepeatedByMoreThanAnIndexHolds) {
  for (const char* source :
       {"{{ '' * 10 ** 30 }}", "{{ [] * -(10 ** 30) }}", "{{ 10**30 * () }}"}) {
    EXPECT_EQ(FailureOf(source).kind(), Error::Kind::kTemplate) << source;
  }
}

}  // namespace
}  // namespace fullstop::jinja
