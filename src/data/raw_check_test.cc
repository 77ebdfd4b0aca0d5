#include "data/raw_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fullstop {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

RawRow Row(const std::string& prompt, const std::string& answer) {
  RawRow row;
  row.turns.resize(2);
  row.turns[0].text = prompt;
  row.turns[1].role = RawRole::kAssistant;
  row.turns[1].text = answer;
  return row;
}

std::vector<RawFault> Faults(const RawRow& row) {
  std::vector<RawFault> faults;
  for (const RawFinding& each : CheckRaw(row, {.control = {"</t>", "<a>"}})) {
    faults.push_back(each.fault);
  }
  return faults;
}

std::vector<RawFault> FaultsOfAnswer(const std::string& answer) {
  return Faults(Row("Say something about it.", answer));
}

std::string Repeated(const std::string& text, size_t times) {
  std::string all;
  for (size_t i = 0; i < times; ++i) all += text;
  return all;
}

// Words enough for an answer to count as long.
const std::string kLong = Repeated("These are the words of a long answer. ", 7);

TEST(RawCheckTest, HealthyAnswersAreSilent) {
  for (const std::string& answer : std::vector<std::string>{
           "Yes", kLong + "It ends here.",
           kLong + "See https://example.org/a,b", kLong + "1. one\n2. two",
           kLong + "| a | b |\n|---|---|\n| 1 | 2 |",
           kLong + "```\nx = {{name}}\n```", "<think>So.</think>Four.",
           Repeated("0, ", 200) + "0.", Repeated("-", 300),
           kLong + "And so the story goes on", "Output is 3."}) {
    EXPECT_THAT(FaultsOfAnswer(answer), IsEmpty()) << answer;
  }
}

TEST(RawCheckTest, AnswersThatBreakOff) {
  for (const std::string& answer :
       {kLong + "First,", kLong + "\n\n5.", kLong + "This is one of the",
        std::string("```python\nprint(1)"), kLong + "其中包括，"}) {
    EXPECT_THAT(FaultsOfAnswer(answer), ElementsAre(RawFault::kUnfinished))
        << answer;
  }
}

TEST(RawCheckTest, EachFaultIsFound) {
  const auto one = [](const std::string& answer, RawFault fault) {
    EXPECT_THAT(FaultsOfAnswer(answer), ElementsAre(fault)) << answer;
  };
  one(" \n", RawFault::kEmptyAnswer);
  one("It is so.</t>", RawFault::kControlText);
  one("It is so.<|im_end|>", RawFault::kForeignMarker);
  one("It is so. [INST] More?", RawFault::kForeignMarker);
  one("<think>So. Four.", RawFault::kOpenThought);
  one("So.</think>Four.", RawFault::kOpenThought);
  one("</think><think>Four.", RawFault::kOpenThought);
  one("<think>\n</think>Four.", RawFault::kEmptyThought);
  one(kLong + Repeated("and then it rained again ", 12), RawFault::kLoop);
  one("Say something about it.", RawFault::kEcho);
  one("I am {{name}}, and glad.", RawFault::kPlaceholder);
  one("Output: 3", RawFault::kLabel);
  one("输出：三", RawFault::kLabel);
  one("It\xef\xbf\xbds so.", RawFault::kEncodingDamage);
  one("donâ€™t", RawFault::kEncodingDamage);
}

TEST(RawCheckTest, PromptsHaveTheirOwn) {
  EXPECT_THAT(Faults(Row("Do it. <noinput>", "Done.")),
              ElementsAre(RawFault::kNoInput));
  EXPECT_THAT(Faults(Row("Use {{name}}.", "{{name}} it is.")), IsEmpty());
}

TEST(RawCheckTest, TurnsHaveAnOrder) {
  RawRow row = Row("a", "b");
  std::swap(row.turns[0], row.turns[1]);
  EXPECT_THAT(Faults(row), ElementsAre(RawFault::kRoleOrder));
  row = Row("a", "b");
  row.turns.push_back(row.turns[1]);
  EXPECT_THAT(Faults(row), ElementsAre(RawFault::kRoleOrder));
  row.turns[1].calls = {"{}"};
  EXPECT_THAT(Faults(row), IsEmpty());
  row.turns.resize(1);
  EXPECT_THAT(Faults(row), ElementsAre(RawFault::kRoleOrder));
  row = Row("a", "b");
  row.faults = {"there is no role 'king'"};
  EXPECT_THAT(Faults(row), ElementsAre(RawFault::kUnreadable));
}

TEST(RawCheckTest, ARowThatEndsInACallIsWhole) {
  RawRow row = Row("a", "");
  row.turns[1].calls = {"{}"};
  EXPECT_THAT(Faults(row), IsEmpty());
}

TEST(RawCheckTest, ConversationsAreEqualByTheirWords) {
  EXPECT_EQ(HashOf(Row("a", "b")), HashOf(Row("a ", "\nb")));
  EXPECT_NE(HashOf(Row("a", "b")), HashOf(Row("a", "c")));
  EXPECT_NE(HashOf(Row("ab", "")), HashOf(Row("a", "b")));
  RawRow swapped = Row("a", "b");
  swapped.turns[1].role = RawRole::kUser;
  EXPECT_NE(HashOf(swapped), HashOf(Row("a", "b")));
}

}  // namespace
}  // namespace fullstop
