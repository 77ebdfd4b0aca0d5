#include "data/answer_end.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace fullstop {
namespace {

AnswerEnd End(const std::string& text) { return EndOfAnswer(text, false); }

std::string Repeated(const std::string& text, size_t times) {
  std::string all;
  for (size_t i = 0; i < times; ++i) all += text;
  return all;
}

const std::string kSaid =
    "These are the words of an answer. It says what it has to say. ";
const std::string kWide =
    "这是一个很长的回答。它说明了所有应该说明的事情，没有遗漏。";

TEST(AnswerEndTest, WholeAnswers) {
  for (const std::string& text : std::vector<std::string>{
           kSaid + "It ends here.", kSaid + "(It ends here.)", "؟", "。",
           kSaid + "See https://example.org/a,b", kSaid + "\n\n#stone #river",
           kSaid + "Good luck 😊", kWide + "结束了。", kWide + "“结束了”",
           kSaid + "\n\nSincerely,\n\nMara", kSaid + "\n\nsrc/",
           kSaid + "\n| a | b |", kSaid + "\n```\nx = 1\n```"}) {
    EXPECT_EQ(End(text), AnswerEnd::kWhole) << text;
  }
}

TEST(AnswerEndTest, LinesThatNobodyEndsWithAStopAreUnclear) {
  for (const std::string& text : std::vector<std::string>{
           "Paris", "42", "我觉得不错", kSaid + "\n\nBest regards,\nMara Ilves",
           kSaid + "\n\nThe End", kSaid + "\n\nTotal: 43",
           kSaid + "\n\n10 / 5 = 2",
           kSaid + "\n\n- red stones\n- blue stones\n- the old bridge",
           kSaid + "\n\n\"So it goes.\" - Kofi Saskia",
           "The river sleeps beneath the snow\nand no one knows where it may "
           "go\nthe wind is waiting at the door\nand silver lies upon the "
           "floor",
           "เมืองนี้มีประชากรประมาณ 1000 คน ขึ้นอยู่กับสภาพอากาศ ควรฝึกฝน"}) {
    EXPECT_NE(End(text), AnswerEnd::kBroken) << text;
  }
}

TEST(AnswerEndTest, AnswersThatBreakOff) {
  for (
      const std::string& text : std::vector<std::string>{
          kSaid + "The next one",
          kSaid + "First,",
          kSaid + "\n\n5.",
          kSaid + "\n\nThis is one of the",
          kSaid + "\n\nIf",
          kSaid + "\n\nThere are many kinds of stones that people use to build",
          kSaid + "\n\nSome of them (Niobium",
          kSaid + "\n\n4. **Local",
          "- It is red and new.\n- It is blue and old.\n- It is old.\n- It was "
          "made with long",
          "1. Boston - 139 stones\n2. Athens - 125 stones\n3. Rome - 90\n4. Lo",
          "Here are ten films.\n\n1. The Storm\n2. The Day\n3. The Hour at "
          "Six\n"
          "4. The End of It\n5",
          "{\"name\": \"Mara\", \"items\": [\"stone\", \"river\", \"bridge\", "
          "\"snow",
          "2x7=14 | 3x7=21 | 4x7=28 | 5x7=35 | 6x7=42 | 7x7=49\n2x8=16 | "
          "3x8=24",
          kWide + "然后我们",
          kWide + "其中包括，",
          kWide + "\n\n4. 工作：",
          kWide + "\n\n你需要在设置中打开它，然后可以使用一个USB",
          kSaid + "\n\n\"The Ba",
          kSaid + "\n\n| Rank | Coun",
          kWide + "我们可以通过简单的方式——用打气筒——",
          kWide + "电池的百分比只是一个相对量度，200/",
          kSaid + "\n\n1. The first of the two is a stone of old.\n2. The",
          "These many words of an answer of one sentence have no stop behind "
          "them and nothing else",
          kSaid + "\n\nWe get\n\nx =",
          kSaid + "Where it is longer, we'",
          kSaid + "There were some changes in what people eat and/",
          kSaid + "\n\n- Look at each `x = 1` in the list and take `x"}) {
    EXPECT_EQ(End(text), AnswerEnd::kBroken) << text;
  }
  EXPECT_EQ(EndOfAnswer("Look:\n```\nx = 1", true), AnswerEnd::kBroken);
}

TEST(AnswerEndTest, ItemsThatLackWhatTheOthersHaveBreakOff) {
  const std::string names =
      "1. Mara Ilves\n2. Bento Okoro\n3. Livia Radek\n"
      "4. Edda Hilde\n";
  const std::string books =
      "1. The Last Stone from Mara\n2. Snow from Bento\n3. My River from Livia"
      "\n4. The Long Bridge from Edda\n";
  const std::string gear =
      "- Glass beads\n- Dive mask\n- Stone\n"
      "- Dive computer and all its cables\n- Snow\n";
  const std::string terms =
      "- The first term represents a change in the snow\n"
      "- The second one represents the end of a river\n";
  const std::string steps =
      "Take along:\n\n1. Red stones\n2. Snow\n\n"
      "Do this:\n\n1. Mix the stones.\n2. Wash them.\n";
  for (const std::string& text :
       {names + "5. Kofi", books + "5. The Snow and the Silver",
        gear + "- Dive", terms + "- The last one of all the snow represents",
        steps + "3. Pour", terms + "- Then"}) {
    EXPECT_EQ(End(text), AnswerEnd::kBroken) << text;
  }
  for (const std::string& text :
       {names + "5. Kofi Yara", books + "5. The Snow from Kofi",
        gear + "- Fins", steps + "\nThanks:\n\n1. Kofi",
        std::string("- Old grey river stones\n- Red bridge\n- Snow and its "
                    "seven rivers\n- Stone of the bridge\n- Rivers")}) {
    EXPECT_NE(End(text), AnswerEnd::kBroken) << text;
  }
}

TEST(AnswerEndTest, VerseThatSignsEachLineBreaksOffWithoutOne) {
  const std::string verse =
      "In the quiet winter chill,\nA girl walks alone,\nSnow falls as she goes,"
      "\nLost in thoughts unknown.\n\nThe river sleeps below.\n\n";
  EXPECT_EQ(End(verse + "How co"), AnswerEnd::kBroken);
  EXPECT_EQ(End(verse + "How cold,"), AnswerEnd::kBroken);
  EXPECT_NE(End("Dear Mara,\n\n" + kSaid + "\n" + kSaid + "\n" + kSaid +
                "\n\nBest regards,\nKofi"),
            AnswerEnd::kBroken);
}

TEST(AnswerEndTest, AFewWordsBelowSentencesThatEndAreDoubtful) {
  EXPECT_EQ(End(kSaid + "\n\nOne feature"), AnswerEnd::kDoubtful);
  EXPECT_EQ(End("Here it is, as you wanted "
                "it:\n\n```\nprint(1)\nprint(2)\nprint(3)\n```\n\nThis "
                "feature"),
            AnswerEnd::kDoubtful);
  EXPECT_EQ(End("1. Red stones\n2. Blue stones\n3. Grey stones, rivers, "
                "bridges and snow\n4. Silver"),
            AnswerEnd::kDoubtful);
  for (const std::string& text :
       {kSaid + "\n\nAnswer: stone",
        kSaid + "\n\nRed snow\nBlue stones\nOne feature",
        std::string("เมืองนี้มีประชากรประมาณ 30 คน ขึ้นอยู่กับ 5 สภาพ ควร 4 ฝึก 12")}) {
    EXPECT_EQ(End(text), AnswerEnd::kUnclear) << text;
  }
}

TEST(AnswerEndTest, AbbreviationsEndNoSentence) {
  for (const char* const name : {"Mr. Children", "U.S. Army", "St. Louis"}) {
    const std::string text = kSaid + "\n\n1. Perfume\n2. Arashi\n3. " + name;
    EXPECT_EQ(End(text), AnswerEnd::kUnclear) << text;
  }
}

TEST(AnswerLoopTest, LoopsStandAnywhere) {
  const std::string unit = "and then it rained again ";
  const std::string loop = Repeated(unit, 12);
  EXPECT_EQ(FindLoop(kSaid + loop).size(), loop.size() + 1);
  EXPECT_FALSE(FindLoop(kSaid + loop + loop + "\n" + kSaid).empty());
  EXPECT_FALSE(FindLoop(kSaid + Repeated("的", 100)).empty());
  EXPECT_FALSE(FindLoop(kSaid + Repeated("!", 300)).empty());
  EXPECT_EQ(UnitOfLoop(FindLoop(loop)).size(), unit.size());
}

TEST(AnswerLoopTest, LongRowsOfNoughtsCostTheirLengthOnce) {
  EXPECT_TRUE(FindLoop(Repeated("0", 2'000'000) + "1").empty());
  EXPECT_TRUE(FindLoop(Repeated("0, ", 700'000)).empty());
}

TEST(AnswerLoopTest, DrawingsAndRefrainsAreNoLoops) {
  for (const std::string& text : std::vector<std::string>{
           kSaid, Repeated("0, ", 200), Repeated("-", 300),
           Repeated("| 0 | 0 | 0 |\n", 30), Repeated("█ █ \n", 60),
           Repeated("o o o o o\n", 30), Repeated("ha ", 20),
           Repeated("La la la, la la la\n" + kSaid + "\n", 4)}) {
    EXPECT_TRUE(FindLoop(text).empty()) << text;
  }
}

}  // namespace
}  // namespace fullstop
