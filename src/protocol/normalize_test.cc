#include "protocol/normalize.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace fullstop {
namespace {

using nlohmann::ordered_json;

std::string Normal(const char* messages, const MessageForm& form = {}) {
  return NormalizeMessages(ordered_json::parse(messages), form).messages.dump();
}

TEST(NormalizeTest, NullKeysGoAndOrderStays) {
  EXPECT_EQ(Normal(R"([{"name":null,"role":"user","x":1,"content":"hi"}])"),
            R"([{"role":"user","x":1,"content":"hi"}])");
  EXPECT_EQ(Normal(R"([{"role":"assistant","content":null}])"),
            R"([{"role":"assistant","content":""}])");
}

TEST(NormalizeTest, ThoughtHasAllItsNames) {
  EXPECT_EQ(Normal(R"([{"role":"assistant","thinking":"t","content":"c"}])"),
            R"([{"role":"assistant","thinking":"t","content":"c",)"
            R"("reasoning_content":"t","reasoning":"t","thought":"t",)"
            R"("tool_plan":"t"}])");
}

TEST(NormalizeTest, ThoughtsThatDifferAreLeftAlone) {
  EXPECT_EQ(Normal(R"([{"role":"assistant","reasoning":"a","thinking":"b"}])"),
            R"([{"role":"assistant","reasoning":"a","thinking":"b",)"
            R"("reasoning_content":"a","thought":"a","tool_plan":"a"}])");
}

constexpr const char* kCall =
    R"([{"role":"assistant","content":"","tool_calls":[{"function":)"
    R"({"name":"f","arguments":"{\"b\": 1, \"a\": [2]}"}}]}])";

TEST(NormalizeTest, ArgumentsAreParsedInOrder) {
  EXPECT_EQ(Normal(kCall),
            R"([{"role":"assistant","content":null,"tool_calls":[{"function":)"
            R"({"name":"f","arguments":{"b":1,"a":[2]}}}]}])");
}

TEST(NormalizeTest, CallsTakeTheTemplatesForm) {
  EXPECT_EQ(Normal(kCall, {.calls = CallForm{CallArguments::kText,
                                             CallContent::kAbsent}}),
            R"([{"role":"assistant","tool_calls":[{"function":)"
            R"({"name":"f","arguments":"{\"b\": 1, \"a\": [2]}"}}]}])");
  EXPECT_EQ(
      Normal(R"([{"role":"assistant","tool_calls":[{"name":"f",)"
             R"("arguments":{"a":"é"}}]}])",
             {.calls = CallForm{CallArguments::kText, CallContent::kEmpty}}),
      R"([{"role":"assistant","tool_calls":[{"name":"f",)"
      R"("arguments":"{\"a\":\"é\"}"}],"content":""}])");
}

TEST(NormalizeTest, ArgumentsThatAreNoObjectStayText) {
  for (const char* arguments : {"{", "[1]", "null", "", "{\\\"a\\\":1} x"}) {
    const std::string text =
        R"([{"role":"assistant","content":"c","tool_calls":[{"function":)"
        R"({"arguments":")" +
        std::string(arguments) + R"("}}]}])";
    EXPECT_EQ(Normal(text.c_str()), text);
  }
}

TEST(NormalizeTest, OddShapesAreLeftAlone) {
  const char* odd =
      R"([{"role":"assistant","content":7,"tool_calls":[3,{"function":4},)"
      R"({"function":{"arguments":5}}]},{"role":"user","content":[]}])";
  EXPECT_EQ(Normal(odd), odd);
}

TEST(NormalizeTest, TextBecomesAPartWhereTheTemplateWantsParts) {
  EXPECT_EQ(Normal(R"([{"role":"user","content":"hi"}])",
                   {.calls = {}, .content_as_parts = true}),
            R"([{"role":"user","content":[{"type":"text","text":"hi"}]}])");
}

TEST(NormalizeTest, ChangesAreToldWithTheirMessage) {
  const auto changes =
      NormalizeMessages(
          ordered_json::parse(
              R"([{"role":"user","content":"x"},{"role":"user","a":null}])"))
          .changes;
  ASSERT_EQ(changes.size(), 1);
  EXPECT_EQ(changes[0], "message 1: dropped the null key 'a'");
}

TEST(NormalizeTest, MessagesWithoutARoleAreRefused) {
  for (const char* messages :
       {"{}", "null", "[1]", "[{}]", R"([{"role":3}])", R"([{"role":null}])"}) {
    EXPECT_THROW(Normal(messages), Error) << messages;
  }
}

}  // namespace
}  // namespace fullstop
