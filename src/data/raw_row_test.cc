#include "data/raw_row.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "base/error.h"
#include "base/test_folder.h"

namespace fullstop {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// "role: text" of each turn, with its thought and calls.
std::vector<std::string> Turns(const std::string& json,
                               const RawColumns& columns = {},
                               RawRow* row = nullptr) {
  RawRow own;
  if (row == nullptr) row = &own;
  RawRowReader reader(columns);
  reader.Read({.text = json, .line = 1}, row);
  std::vector<std::string> turns;
  for (const RawTurn& turn : row->turns) {
    std::string text = std::string(RawRoleName(turn.role)) + ": " + turn.text;
    if (!turn.thought.empty()) text += " (" + turn.thought + ")";
    for (const std::string& call : turn.calls) text += " call " + call;
    if (turn.rejected) text += " rejected";
    turns.push_back(text);
  }
  return turns;
}

TEST(RawRowTest, AlpacaIsRead) {
  RawRow row;
  EXPECT_THAT(Turns(R"({"instruction": "Add.", "input": "1 2", "output": "3",
                        "system": "S", "history": [["q", "a"]]})",
                    {}, &row),
              ElementsAre("system: S", "user: q", "assistant: a",
                          "user: Add.\n1 2", "assistant: 3"));
  EXPECT_EQ(row.layout, RawLayout::kAlpaca);
  EXPECT_THAT(row.faults, IsEmpty());
}

TEST(RawRowTest, SharegptIsRead) {
  RawRow row;
  EXPECT_THAT(
      Turns(R"({"conversations": [{"from": "human", "value": "Hi"},
               {"from": "function_call", "value": "{\"name\": \"f\"}"},
               {"from": "observation", "value": "7"},
               {"from": "gpt", "value": "Seven."}],
               "tools": "[]", "system": "S"})",
            {}, &row),
      ElementsAre("system: S", "user: Hi", "assistant:  call {\"name\": \"f\"}",
                  "tool: 7", "assistant: Seven."));
  EXPECT_EQ(row.layout, RawLayout::kSharegpt);
  EXPECT_EQ(row.tools, "[]");
}

TEST(RawRowTest, MessagesAreRead) {
  EXPECT_THAT(
      Turns(R"({"messages": [{"role": "user", "content": "Hi"},
               {"role": "assistant", "content": null,
                "reasoning_content": "hm",
                "tool_calls": [{"id": "1", "type": "function"}]},
               {"role": "tool", "content": "7"}]})"),
      ElementsAre("user: Hi",
                  "assistant:  (hm) call {\"id\":\"1\",\"type\":\"function\"}",
                  "tool: 7"));
}

TEST(RawRowTest, TypedPartsAreRead) {
  EXPECT_THAT(
      Turns(R"({"messages": [
               {"role": "user", "content": [{"type": "text", "text": "Hi"}]},
               {"role": "assistant", "content": [
                 {"type": "reasoning", "value": "hm"},
                 {"type": "text", "value": "A"},
                 {"type": "tool_call", "value": "{\"name\": \"f\"}"}]}],
               "tools": "[{}]"})"),
      ElementsAre("user: Hi", "assistant: A (hm) call {\"name\": \"f\"}"));
}

TEST(RawRowTest, ColumnsAndTagsAreTheDataSets) {
  const TestFolder folder;
  const std::string path = folder.File("dataset_info.json");
  std::ofstream(path) << R"({"mine": {"columns": {"messages": "talk"},
      "tags": {"role_tag": "who", "content_tag": "says", "user_tag": "A",
               "assistant_tag": "B"}}, "other": {"columns": {"prompt": "q",
      "response": "a"}}, "bad": {"columns": {"prompt": 1}}})";
  EXPECT_THAT(Turns(R"({"talk": [{"who": "A", "says": "Hi"},
                                 {"who": "B", "says": "Ho"}]})",
                    RawColumns::Read(path, "mine")),
              ElementsAre("user: Hi", "assistant: Ho"));
  EXPECT_THAT(
      Turns(R"({"q": "Hi", "a": "Ho"})", RawColumns::Read(path, "other")),
      ElementsAre("user: Hi", "assistant: Ho"));
  EXPECT_THROW(RawColumns::Read(path, "none"), Error);
  EXPECT_THROW(RawColumns::Read(path, "bad"), Error);
}

TEST(RawRowTest, RankedAnswersAreToldApart) {
  EXPECT_THAT(
      Turns(R"({"conversations": [{"from": "human", "value": "Q"}],
               "chosen": {"from": "gpt", "value": "good"},
               "rejected": {"from": "gpt", "value": "bad"}})"),
      ElementsAre("user: Q", "assistant: good", "assistant: bad rejected"));
}

TEST(RawRowTest, WhatIsNotUnderstoodIsSaid) {
  RawRow row;
  EXPECT_THAT(Turns(R"({"x": 1})", {}, &row), IsEmpty());
  EXPECT_THAT(row.faults, ElementsAre(HasSubstr("in no layout")));
  EXPECT_THAT(Turns("{", {}, &row), IsEmpty());
  EXPECT_THAT(row.faults, ElementsAre(HasSubstr("no valid JSON")));
  EXPECT_THAT(Turns(R"({"messages": [{"role": "king", "content": "Hi"}, 3]})",
                    {}, &row),
              ElementsAre("user: Hi"));
  EXPECT_THAT(row.faults,
              ElementsAre(HasSubstr("no role 'king'"), HasSubstr("no object")));
}

}  // namespace
}  // namespace fullstop
