#include "data/row_messages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "data/json_rows.h"

namespace fullstop {
namespace {

using nlohmann::ordered_json;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

RowMessages Of(const std::string& json) {
  RawRow row;
  RawRowReader().Read({.text = json, .line = 1}, &row);
  return MessagesOf(row);
}

TEST(RowMessagesTest, TurnsBecomeMessages) {
  const RowMessages made = Of(R"({"system": "Be brief.", "instruction": "Add",
      "input": "1 and 2", "output": "3"})");
  EXPECT_EQ(made.messages, ordered_json::parse(R"([
      {"role": "system", "content": "Be brief."},
      {"role": "user", "content": "Add\n1 and 2"},
      {"role": "assistant", "content": "3"}])"));
  EXPECT_TRUE(made.tools.is_null());
  EXPECT_THAT(made.faults, IsEmpty());
}

TEST(RowMessagesTest, ACallBehindWordsIsTheirMessages) {
  const RowMessages made = Of(R"({"tools": "[{\"name\": \"find\"}]",
      "conversations": [
      {"from": "human", "value": "Find it."},
      {"from": "gpt", "value": "Let me see."},
      {"from": "function_call",
       "value": "{\"name\": \"find\", \"arguments\": {\"what\": 1}}"},
      {"from": "observation", "value": "{}"},
      {"from": "gpt", "value": "Found."}]})");
  ASSERT_EQ(made.messages.size(), 4U);
  EXPECT_EQ(made.messages[1], ordered_json::parse(R"({
      "role": "assistant", "content": "Let me see.", "tool_calls": [
      {"type": "function",
       "function": {"name": "find", "arguments": {"what": 1}}}]})"));
  EXPECT_EQ(made.messages[2]["role"], "tool");
  EXPECT_EQ(made.tools, ordered_json::parse(R"([
      {"type": "function", "function": {"name": "find"}}])"));
}

TEST(RowMessagesTest, ThoughtsAndListsOfCallsAreKept) {
  const RowMessages made = Of(R"({"messages": [
      {"role": "user", "content": "Go."},
      {"role": "assistant", "reasoning_content": "Hm.", "content": "",
       "tool_calls": [
       {"id": "1", "type": "function",
        "function": {"name": "a", "arguments": "{}"}},
       {"function": {"name": "b"}}]}]})");
  ASSERT_EQ(made.messages.size(), 2U);
  EXPECT_EQ(made.messages[1]["reasoning_content"], "Hm.");
  EXPECT_EQ(made.messages[1]["tool_calls"], ordered_json::parse(R"([
      {"id": "1", "type": "function",
       "function": {"name": "a", "arguments": "{}"}},
      {"function": {"name": "b", "arguments": {}}, "type": "function"}])"));
}

TEST(RowMessagesTest, WhatCannotBeBroughtOverIsSaid) {
  const RowMessages made = Of(R"({"tools": "none", "conversations": [
      {"from": "human", "value": "Find it."},
      {"from": "function_call", "value": "find"}]
})");
  EXPECT_THAT(made.faults,
              ElementsAre("a call names no function", "the tools are no list"));
  EXPECT_FALSE(made.messages[1].contains("tool_calls"));
}

TEST(RowMessagesTest, DeepCallsAreNoCalls) {
  const std::string deep =
      std::string(100'000, '[') + std::string(100'000, ']');
  const RowMessages made = Of(
      R"({"conversations": [{"from": "human", "value": "Go."},
      {"from": "function_call",
       "value": "{\"name\": \"f\", \"arguments\": )" +
      deep + R"(}"}]})");
  EXPECT_THAT(made.faults, ElementsAre("a call names no function"));
}

TEST(RowMessagesTest, RejectedAnswersAreLeftOut) {
  const RowMessages made = Of(R"({"messages": [
      {"role": "user", "content": "Go."}],
      "chosen": {"role": "assistant", "content": "Gone."},
      "rejected": {"role": "assistant", "content": "No."}})");
  ASSERT_EQ(made.messages.size(), 2U);
  EXPECT_EQ(made.messages[1]["content"], "Gone.");
}

}  // namespace
}  // namespace fullstop
