// cases.json: templates with what Jinja2 makes of them.
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "base/error.h"
#include "gtest/gtest.h"
#include "jinja/template.h"

namespace fullstop::jinja {
namespace {

using Json = nlohmann::ordered_json;

std::string RenderOrFail(const std::string& source, const Dict& context) {
  try {
    return Template::Parse(source).Render(context).text;
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), Error::Kind::kTemplate) << source;
    return "(fails)";
  }
}

TEST(Cases, GiveWhatJinja2Gives) {
  std::ifstream file(std::string(FULLSTOP_SOURCE_DIR) +
                     "/src/jinja/cases.json");
  const Json tables = Json::parse(file);
  int count = 0;
  for (const Json& table : tables) {
    Dict context;
    for (const auto& [name, value] : table.at("context").items()) {
      context.Set(name, Value::FromJson(value, 1));
    }
    for (const Json& row : table.at("cases")) {
      const std::string source = row.at("template").get<std::string>();
      EXPECT_EQ(RenderOrFail(source, context), row.value("text", "(fails)"))
          << source;
      ++count;
    }
  }
  EXPECT_GT(count, 500);
}

}  // namespace
}  // namespace fullstop::jinja
