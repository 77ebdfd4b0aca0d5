// Source to rendering: lexer, parser, scopes, evaluator, with small bounds. The
// rendering's spans must cover its text.
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "base/error.h"
#include "jinja/template.h"

using fullstop::jinja::Dict;
using fullstop::jinja::Limits;
using fullstop::jinja::OriginSpan;
using fullstop::jinja::Rendering;
using fullstop::jinja::RenderOptions;
using fullstop::jinja::Template;
using fullstop::jinja::Value;

namespace {

const Dict& Context() {
  static const Dict kContext = [] {
    const auto json = nlohmann::ordered_json::parse(R"json({
      "s": "Hello, Wörld\n", "n": 7, "f": 2.5, "b": true, "z": null,
      "e": "", "u": "ÀÉîß ΣΑΣ ǆ ﬁ İ 你好 🙂", "big": 9223372036854788153,
      "h": "<b a='1'>x & \"y\"</b> <!-- c --> &lt;i&gt; &eacute;",
      "link": "see http://example.com/a?b=(c), www.x.org. mail me@site.net",
      "fmt": "%s-%d", "brace": "{} {0}", "t": "  a,b,,c \n d\te ",
      "l": [3, 1, "a"], "ls": ["b", "A", "a"], "ll": [[1, 2], [3, 4], [5]],
      "d": {"a": 1, "b": [2]}, "dd": {"x": {"y": [1, {"w": "deep"}]}},
      "us": [{"name": "ann", "age": 30}, {"name": "Bob", "age": 25}, {}],
      "messages": [{"role": "user", "content": "hi"}]})json");
    Dict context;
    for (const auto& [name, value] : json.items()) {
      context.Set(name, Value::FromJson(value, 1));
    }
    return context;
  }();
  return kContext;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  RenderOptions options;
  options.limits = Limits{20'000, 40, 1 << 16, 1 << 12};
  options.now = [] { return std::time_t{0}; };
  try {
    const Template compiled =
        Template::Parse(std::string(reinterpret_cast<const char*>(data), size),
                        "fuzz", options.limits);
    const Rendering rendering = compiled.Render(Context(), options);
    size_t at = 0;
    for (const OriginSpan& span : rendering.origins) {
      if (span.begin != at || span.end <= span.begin) __builtin_trap();
      at = span.end;
    }
    if (at != rendering.text.size()) __builtin_trap();
  } catch (const fullstop::Error&) {
  }
  return 0;
}
