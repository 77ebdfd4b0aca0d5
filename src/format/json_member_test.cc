#include "format/json_member.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>
#include <string>

#include "format/json_file.h"

namespace fullstop {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kInLines = R"({
  "a": [
    1,
    2
  ],
  "text": "with \"a\": {, and \\",
  "nested": {"a": {"b": []}},
  "last": null
}
)";

std::string ValueOf(std::string_view text, std::string_view key) {
  const auto member = FindJsonMember(text, key);
  if (!member) return "absent";
  return std::string(
      text.substr(member->value_begin, member->end - member->value_begin));
}

TEST(JsonMemberTest, OwnMembersAreFound) {
  EXPECT_EQ(ValueOf(kInLines, "a"), "[\n    1,\n    2\n  ]");
  EXPECT_EQ(ValueOf(kInLines, "text"), R"("with \"a\": {, and \\")");
  EXPECT_EQ(ValueOf(kInLines, "nested"), R"({"a": {"b": []}})");
  EXPECT_EQ(ValueOf(kInLines, "last"), "null");
  EXPECT_EQ(ValueOf(kInLines, "b"), "absent");
  EXPECT_EQ(ValueOf(R"( {"x":NaN,"x" :-1.5e3} )", "x"), "-1.5e3");
  EXPECT_EQ(ValueOf(R"({"\u0061":true})", "a"), "true");
  EXPECT_EQ(ValueOf("{}", "a"), "absent");
}

TEST(JsonMemberTest, ValuesAreSetAsTheTextIsSetOut) {
  EXPECT_EQ(SetJsonMember("{\n  \"a\": 1,\n  \"b\": 2\n}\n", "a", {3, 4}),
            "{\n  \"a\": [\n    3,\n    4\n  ],\n  \"b\": 2\n}\n");
  EXPECT_EQ(SetJsonMember(R"({"a": 1})", "a", {3, 4}), R"({"a": [3, 4]})");
  EXPECT_EQ(SetJsonMember("{\n  \"a\": [1]\n}", "a", {3, 4}),
            "{\n  \"a\": [3, 4]\n}");
  EXPECT_EQ(SetJsonMember(R"({"a": 1})", "b", 2), R"({"a": 1, "b": 2})");
  EXPECT_EQ(SetJsonMember("{\n\t\"a\": 1\n}", "b", 2),
            "{\n\t\"a\": 1,\n\t\"b\": 2\n}");
  EXPECT_EQ(SetJsonMember("{}", "b", {2}), "{\n  \"b\": [\n    2\n  ]\n}\n");
}

TEST(JsonMemberTest, MembersAreRemovedWithTheirCommas) {
  EXPECT_EQ(RemoveJsonMember(R"({"a": 1, "b": 2, "c": 3})", "a"),
            R"({"b": 2, "c": 3})");
  EXPECT_EQ(RemoveJsonMember(R"({"a": 1, "b": 2, "c": 3})", "c"),
            R"({"a": 1, "b": 2})");
  EXPECT_EQ(RemoveJsonMember(R"({"a": 1, "b": 2, "a": 3})", "a"),
            R"({"b": 2})");
  EXPECT_EQ(RemoveJsonMember(R"({"a": 1})", "a"), "{}");
  EXPECT_EQ(RemoveJsonMember(R"({"a": 1})", "b"), R"({"a": 1})");
  EXPECT_EQ(RemoveJsonMember("{\n  \"a\": 1,\n  \"b\": 2\n}", "b"),
            "{\n  \"a\": 1\n}");
}

TEST(JsonMemberTest, LinesCountFromOne) {
  EXPECT_EQ(LineOfByte(kInLines, 0), 1u);
  EXPECT_EQ(LineOfByte(kInLines, FindJsonMember(kInLines, "text")->key_begin),
            6u);
}

// A change of the text is the change of the value.
TEST(JsonMemberTest, RandomChangesAreThoseOfTheValue) {
  std::mt19937_64 random(20261129);
  const auto draw = [&](size_t n) { return random() % n; };
  const auto text = [&] {
    std::string drawn;
    for (size_t n = draw(4); n > 0; --n) drawn += "ab\"\\{}[],: \n\t"[draw(13)];
    return drawn;
  };
  for (int i = 0; i < 2000; ++i) {
    Json value = Json::object();
    for (size_t n = draw(5); n > 0; --n) {
      const Json values[] = {1,
                             -2.5,
                             nullptr,
                             text(),
                             {1, 2},
                             {{"a", text()}},
                             Json::array({Json::array(), true})};
      value[text()] = values[draw(std::size(values))];
    }
    const std::string key = text();
    const std::string written = value.dump(draw(2) == 0 ? -1 : 2);
    SCOPED_TRACE(written + " " + key);
    Json changed = value;
    changed[key] = {7, 8};
    EXPECT_EQ(ParseJson(SetJsonMember(written, key, {7, 8}), "test"), changed);
    changed.erase(key);
    EXPECT_EQ(ParseJson(RemoveJsonMember(written, key), "test"), changed);
    if (HasFailure()) break;
  }
}

}  // namespace
}  // namespace fullstop
