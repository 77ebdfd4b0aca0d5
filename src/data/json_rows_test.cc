#include "data/json_rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <vector>

#include "base/error.h"
#include "base/test_folder.h"

namespace fullstop {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

std::vector<std::string> RowsOf(const std::string& text) {
  const TestFolder folder;
  std::ofstream(folder.File("rows.json"), std::ios::binary) << text;
  JsonRows rows(folder.File("rows.json"));
  std::vector<std::string> found;
  JsonRow row;
  while (rows.Next(&row)) {
    found.push_back(std::to_string(row.line) + ":" + std::string(row.text));
  }
  EXPECT_FALSE(rows.Next(&row));
  EXPECT_EQ(rows.done(), rows.total());
  return found;
}

std::string Refusal(const std::string& text) {
  try {
    RowsOf(text);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(JsonRowsTest, BothFormsAreRead) {
  EXPECT_THAT(RowsOf("{\"a\": 1}\n\n  {\"b\": 2}"),
              ElementsAre("1:{\"a\": 1}", "3:{\"b\": 2}"));
  EXPECT_THAT(RowsOf("[\n {\"a\": 1},\n\n {\"b\":\n {}}\n,{}]\n"),
              ElementsAre("2:{\"a\": 1}", "4:{\"b\":\n {}}", "6:{}"));
  EXPECT_THAT(RowsOf("\xef\xbb\xbf[{}]"), ElementsAre("1:{}"));
}

TEST(JsonRowsTest, AFileWithoutRowsIsRefused) {
  for (const char* text : {"", "\n \n", "[]", " [\n]\n"}) {
    EXPECT_THAT(Refusal(text), HasSubstr("no rows")) << text;
  }
}

TEST(JsonRowsTest, OtherFormatsAreNamed) {
  EXPECT_THAT(Refusal("PAR1\x15\x04"), HasSubstr("the file is a Parquet"));
  EXPECT_THAT(Refusal("\x1f\x8b\x08"), HasSubstr("the file is a gzip"));
  EXPECT_THAT(Refusal("{}\nPAR1"), Not(HasSubstr("the file is")));
}

TEST(JsonRowsTest, BracesInTextsEndNothing) {
  EXPECT_THAT(RowsOf(R"([{"a": "}{\"}\\"}, {"b": "\\\""}])"),
              ElementsAre(R"(1:{"a": "}{\"}\\"})", R"(1:{"b": "\\\""})"));
}

TEST(JsonRowsTest, WhatIsNoRowIsNamed) {
  EXPECT_THAT(Refusal("{}\n7"), HasSubstr("line 2: the line is no JSON"));
  EXPECT_THAT(Refusal("[{}\n,1]"), HasSubstr("line 2: here a row"));
  EXPECT_THAT(Refusal("[{}\n{}]"), HasSubstr("line 2: a comma"));
  EXPECT_THAT(Refusal("[{},]"), HasSubstr("here a row"));
  EXPECT_THAT(Refusal("[{\"a\": \"}"), HasSubstr("does not end"));
  EXPECT_THAT(Refusal("[{}"), HasSubstr("a comma"));
  EXPECT_THAT(Refusal("[{}] {}"), HasSubstr("behind the array"));
}

TEST(JsonRowsTest, ARowHasItsLimit) {
  const std::string huge(JsonRows::kMostBytes, 'x');
  EXPECT_THAT(Refusal("{\"a\": \"" + huge + "\"}"),
              HasSubstr("longer than 64 MiB"));
  EXPECT_THAT(Refusal("[{\"a\": \"" + huge + "\"}]"),
              HasSubstr("longer than 64 MiB"));
}

}  // namespace
}  // namespace fullstop
