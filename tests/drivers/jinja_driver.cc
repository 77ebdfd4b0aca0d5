// Renders templates for the oracle tests. A line of JSON in:
//   {"template": TEXT, "context": {NAME: VALUE, …}, "repeat": N}
// and a line of JSON out:
//   {"text": TEXT} or {"error": MESSAGE, "kind": KIND}, and for each input the
//   template's "undeclared" names where it compiles. Each member of the context
// has an origin of its own; with "origins" true the spans come back too, as
// [begin, end, origin] in bytes, the names' origins being 1, 2, … in order.
// "now" (seconds) sets the clock, "repeat" measures: processor "seconds" of N
// renderings.
#include <ctime>
#include <exception>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>

#include "base/error.h"
#include "jinja/template.h"

namespace {

using fullstop::Error;
using fullstop::jinja::Dict;
using fullstop::jinja::Origin;
using fullstop::jinja::Rendering;
using fullstop::jinja::RenderOptions;
using fullstop::jinja::Template;
using fullstop::jinja::Value;
using Json = nlohmann::ordered_json;

Json Run(const Json& request) {
  Json answer;
  try {
    const Template compiled =
        Template::Parse(request.at("template").get<std::string>());
    answer["undeclared"] = compiled.undeclared();
    Dict context;
    Origin origin = 0;
    for (const auto& [name, value] : request.at("context").items()) {
      context.Set(name, Value::FromJson(value, ++origin));
    }
    RenderOptions options;
    const int64_t now = request.value("now", int64_t{0});
    options.now = [now] { return static_cast<std::time_t>(now); };
    const Rendering rendering = compiled.Render(context, options);
    answer["text"] = rendering.text;
    if (request.value("origins", false)) {
      Json spans = Json::array();
      for (const auto& span : rendering.origins) {
        spans.push_back({span.begin, span.end, span.origin});
      }
      answer["spans"] = spans;
      Json generations = Json::array();
      for (const auto& span : rendering.generations) {
        generations.push_back({span.begin, span.end});
      }
      answer["generations"] = generations;
    }
    if (const int repeat = request.value("repeat", 0)) {
      const std::clock_t start = std::clock();
      for (int i = 0; i < repeat; ++i) compiled.Render(context, options);
      answer["seconds"] =
          static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
    }
  } catch (const Error& error) {
    answer["error"] = error.what();
    answer["kind"] = fullstop::ErrorKindName(error.kind());
  }
  return answer;
}

}  // namespace

int main() {
  std::string line;
  while (std::getline(std::cin, line)) {
    std::cout << Run(Json::parse(line))
                     .dump(-1, ' ', false, Json::error_handler_t::replace)
              << std::endl;
  }
}
