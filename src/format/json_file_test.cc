#include "format/json_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "base/error.h"

namespace fullstop {
namespace {

using ::testing::HasSubstr;

Error ErrorOf(std::string_view text) {
  try {
    ParseJson(text, "config.json");
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), Error::Kind::kFormat);
    EXPECT_EQ(error.file(), "config.json");
    return error;
  }
  return Error::Usage("no error");
}

TEST(ParseJsonTest, KeysKeepTheirOrder) {
  EXPECT_EQ(ParseJson(R"({"b":1,"a":[true,null],"b":2})", "").dump(),
            R"({"b":2,"a":[true,null]})");
}

TEST(ParseJsonTest, NumbersThatOnlyPythonWritesAreNull) {
  EXPECT_EQ(ParseJson(R"([0.5,Infinity,-Infinity,NaN,-1,"NaN, Infinity"])", "")
                .dump(),
            R"([0.5,null,null,null,-1,"NaN, Infinity"])");
  EXPECT_EQ(ParseJson(R"({"\"NaN":NaN})", "").dump(), R"({"\"NaN":null})");
}

TEST(ParseJsonTest, ErrorsSayWhere) {
  const Error error = ErrorOf("{\n  \"a\": 1,\n  \"b\": ]\n}");
  EXPECT_THAT(error.message(), HasSubstr("line 3, column 8"));
  EXPECT_EQ(error.byte(), 19u);
  EXPECT_THAT(ErrorOf("").message(), HasSubstr("line 1, column 1"));
  EXPECT_THAT(ErrorOf("{\"a\":\"\xFF\"}").message(), HasSubstr("not valid"));
  EXPECT_THAT(ErrorOf("[1e999]").message(), HasSubstr("not valid"));
  EXPECT_THAT(ErrorOf("{\"a\":\"\\").message(), HasSubstr("not valid"));
}

TEST(ParseJsonTest, DepthIsBounded) {
  const auto nested = [](size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_TRUE(ParseJson(nested(kMaxJsonDepth), "").is_array());
  const Error error = ErrorOf(nested(kMaxJsonDepth + 1));
  EXPECT_THAT(error.message(), HasSubstr("deeper than 128"));
  EXPECT_EQ(error.byte(), kMaxJsonDepth);
  EXPECT_THAT(ErrorOf(std::string(1 << 20, '{')).message(),
              HasSubstr("deeper"));
  EXPECT_EQ(ParseJson("\"" + nested(1000) + "\"", "").get<std::string>().size(),
            2000u);
}

}  // namespace
}  // namespace fullstop
