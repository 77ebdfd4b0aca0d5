#include "data/tokenized_rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/test_folder.h"

namespace fullstop {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class TokenizedRowsTest : public ::testing::Test {
 protected:
  // Each text as "LINE: IDS", those that the next one sees with a "*".
  std::vector<std::string> Texts(const std::string& lines) {
    WriteFileAtomically(path_, lines);
    TokenizedRows rows(path_);
    std::vector<std::string> texts;
    TokenizedRow row;
    while (rows.Next(&row)) {
      EXPECT_EQ(row.ids.size(), row.labels.size());
      std::string text = std::to_string(row.line) + ":";
      for (const TokenId id : row.ids) text += " " + std::to_string(id);
      texts.push_back(text + (row.seen_by_next ? "*" : ""));
    }
    return texts;
  }

  std::string Refusal(const std::string& lines) {
    try {
      Texts(lines);
    } catch (const Error& error) {
      return error.what();
    }
    return "was read";
  }

 private:
  TestFolder folder_;
  std::string path_ = folder_.File("rows.jsonl");
};

TEST_F(TokenizedRowsTest, ARowIsAText) {
  EXPECT_THAT(Texts("{\"input_ids\": [5, 6], \"labels\": [-100, 6]}\n\n"
                    "{\"input_ids\": [7], \"labels\": [7]}"),
              ElementsAre("1: 5 6", "3: 7"));
}

TEST_F(TokenizedRowsTest, PaddingOfTheMaskIsLeftOut) {
  EXPECT_THAT(
      Texts(
          "{\"input_ids\": [9, 5, 6, 9, 9], \"labels\": [-100, -100, 6, -100, "
          "-100], \"attention_mask\": [0, 1, 1, 0, 0]}"),
      ElementsAre("1: 5 6"));
}

TEST_F(TokenizedRowsTest, LengthsPartTexts) {
  EXPECT_THAT(Texts("{\"input_ids\": [5, 6, 7], \"labels\": [5, 6, 7], "
                    "\"seq_lengths\": [2, 1]}"),
              ElementsAre("1: 5 6", "1: 7"));
}

TEST_F(TokenizedRowsTest, NumbersOfTheMaskPartTexts) {
  EXPECT_THAT(
      Texts("{\"input_ids\": [5, 6, 7, 8, 9], \"labels\": [5, 6, 7, 8, -100], "
            "\"attention_mask\": [1, 1, 2, 2, 0], "
            "\"position_ids\": [0, 1, 0, 1, 0]}"),
      ElementsAre("1: 5 6", "1: 7 8"));
}

TEST_F(TokenizedRowsTest, PositionsPartTextsWithoutAMask) {
  EXPECT_THAT(Texts("{\"input_ids\": [5, 6, 7, 8], \"labels\": [5, 6, 7, 8], "
                    "\"position_ids\": [0, 1, 0, 1]}"),
              ElementsAre("1: 5 6", "1: 7 8"));
}

// As LLaMA-Factory packs without neat_packing.
TEST_F(TokenizedRowsTest, PositionsBesideAMaskOfOnesLetTextsSeeEachOther) {
  EXPECT_THAT(
      Texts(
          "{\"input_ids\": [5, 6, 7, 8, 9, 9], \"labels\": [5, 6, 7, 8, -100, "
          "-100], \"attention_mask\": [1, 1, 1, 1, 1, 1], "
          "\"position_ids\": [0, 1, 0, 1, 0, 0]}"),
      ElementsAre("1: 5 6*", "1: 7 8"));
}

TEST_F(TokenizedRowsTest, LengthsThatDoNotAddUpAreRefused) {
  for (const char* lengths :
       {"[1]", "[2, 1]", "[0, 2]", "[-1, 3]", "[9223372036854775807, 2]"}) {
    EXPECT_THAT(Refusal("{\"input_ids\": [5, 6], \"labels\": [5, 6], "
                        "\"seq_lengths\": " +
                        std::string(lengths) + "}"),
                HasSubstr("line 1: seq_lengths are not those of the input_ids"))
        << lengths;
  }
}

}  // namespace
}  // namespace fullstop
