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
const std::string kLong =
    "These are the words of a long answer. It says what it has to say, and no "
    "more. The river goes on as it always did. Nobody asked why. It rained for "
    "three days, and then the bridge was closed. There was nothing to be "
    "done. ";

TEST(RawCheckTest, HealthyAnswersAreSilent) {
  for (const std::string& answer : std::vector<std::string>{
           "Yes", kLong + "It ends here.",
           kLong + "See https://example.org/a,b", kLong + "1. one\n2. two",
           kLong + "| a | b |\n|---|---|\n| 1 | 2 |",
           kLong + "```\nx = {{name}}\n```", "<think>So.</think>Four.",
           Repeated("0, ", 200) + "0.", Repeated("-", 300), "Output is 3."}) {
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

void ExpectEach(RawFault fault, const std::vector<std::string>& answers) {
  for (const std::string& answer : answers) {
    EXPECT_THAT(FaultsOfAnswer(answer), ElementsAre(fault)) << answer;
  }
}

void ExpectSilence(const std::vector<std::string>& answers) {
  for (const std::string& answer : answers) {
    EXPECT_THAT(FaultsOfAnswer(answer), IsEmpty()) << answer;
  }
}

TEST(RawCheckTest, AnswersOfSpacesAndThoughtsSayNothing) {
  ExpectEach(RawFault::kEmptyAnswer,
             {"", "\xe2\x80\x8b", "\xe3\x80\x80 \xc2\xa0",
              "<think>So it is.</think>\n"});
  RawRow row = Row("Say something about it.", "");
  row.turns[1].thought = "So it is.";
  EXPECT_THAT(Faults(row), ElementsAre(RawFault::kEmptyAnswer));
  // The call has a turn of its own.
  row.turns.push_back(row.turns[1]);
  row.turns[2].calls = {"{}"};
  EXPECT_THAT(Faults(row), IsEmpty());
}

TEST(RawCheckTest, MarkersOfAnyNameAreForeign) {
  ExpectEach(
      RawFault::kForeignMarker,
      {"It is so.<|river_end|>", "<｜river｜>It is so.", "So.<end_of_turn>",
       "So.</s>", "So. [TOOL_CALLS] So.", "So.<|river>",
       "It is so.\n### Response:\nSo.", "So.\nUSER: Go on.\nASSISTANT: So."});
  ExpectSilence({"`<|river_end|>` ends a turn.", "A list<int> or map<a, b>.",
                 "If |a|<|b| and |c|>|d|.", "p <|> q, and x <| y.",
                 "<p>An <s>old</s> word.</p>", "[INFO] It began.",
                 "git log -- <file>", "```\n<|river|>\n```"});
}

TEST(RawCheckTest, MarkersThatTheRowIsAboutAreNoFault) {
  EXPECT_THAT(Faults(Row("What is <|river|>?", "`<|river|>` ends a turn.")),
              IsEmpty());
  EXPECT_THAT(Faults(Row("What is <|river|>?", "`<|stone|>` ends a turn.")),
              ElementsAre(RawFault::kForeignMarker));
}

TEST(RawCheckTest, ThoughtsHaveSeveralNames) {
  ExpectEach(RawFault::kOpenThought,
             {"<thinking>So. Four.", "So.</reasoning>Four.",
              "<think>So.<think>Or.</think>Four.",
              "<think>So.</think></think>Four.", "<think>So.</thought>Four."});
  ExpectEach(RawFault::kEmptyThought, {"<thinking> </thinking>Four."});
  ExpectSilence({"`<think>` begins a thought.", "<thought>So.</thought>Four.",
                 "```\n</think>\n```\nends it.",
                 "<think>`x</think>It is four."});
  RawRow row = Row("Say something about it.", "It is four.");
  row.turns[1].thought = "\n\n";
  EXPECT_THAT(Faults(row), ElementsAre(RawFault::kEmptyThought));
}

TEST(RawCheckTest, NamesThatNobodyFilledIn) {
  for (const char* name :
       {"{{name}}", "{{ name }}", "{name}", "${name}", "#{name}", "[[name]]",
        "<<name>>", "<%= name %>", "%(name)s", "{user.name}", "{{姓名}}"}) {
    ExpectEach(RawFault::kPlaceholder, {"I am " + std::string(name) + "."});
  }
  ExpectSilence({"Use `{{name}}` here.", "The set {x | x > 3}.",
                 "$\\frac{ab}{cd}$ is x_{ij}.", "A = [[2, 3], [1, 5]].",
                 "print(f'{name} is {age}')", "Dear [Your Name],"});
  EXPECT_THAT(Faults(Row("Write a template of a letter.", "Dear {{name}}!")),
              IsEmpty());
}

TEST(RawCheckTest, LabelsOfManyLanguages) {
  ExpectEach(RawFault::kLabel,
             {"Answer: 3", "OUTPUT: 3", "**回答：** 三", "Réponse : 3",
              "Ответ: 3", "الجواب: 3", "AI: 3"});
  ExpectSilence({"Answers: 3", "Output devices: a printer.", "Title: The River",
                 "Question: Why?\nAnswer: So."});
  EXPECT_THAT(Faults(Row("Reply as 'Answer: X'.", "Answer: 3")), IsEmpty());
}

TEST(RawCheckTest, EchoesThatNobodyAskedFor) {
  EXPECT_THAT(
      Faults(Row("Name the longest  river.", "Name the longest river. ")),
      ElementsAre(RawFault::kEcho));
  EXPECT_THAT(Faults(Row("Good morning", "Good morning")), IsEmpty());
  RawRow row = Row("Name the longest river.", "Name the longest river.");
  RawTurn system;
  system.role = RawRole::kSystem;
  system.text = "Repeat what is said.";
  row.turns.insert(row.turns.begin(), system);
  EXPECT_THAT(Faults(row), IsEmpty());
}

TEST(RawCheckTest, LoopsThatNobodyAskedFor) {
  const std::string loop = Repeated("stone ", 60);
  EXPECT_THAT(Faults(Row("Name a thing.", loop)), ElementsAre(RawFault::kLoop));
  EXPECT_THAT(Faults(Row("Write stone 60 times.", loop)), IsEmpty());
}

TEST(RawCheckTest, DamageIsTextThatWasOtherBytes) {
  ExpectEach(RawFault::kEncodingDamage,
             {"cafÃ©", "It is 20Â°.", "ï¼Œ", "ðŸ˜€",
              "ä¸\xc2\xad"
              "å›½",
              "hakkÄ±nda", "Ã¢â‚¬â„¢", "РџСЂРёРІРµС‚", "锟斤拷",
              "鎴戠殑涔︼紝鏄鍦ㄨ繖閲屻", "a\xc2\x93z"});
  ExpectSilence({"NÃO É", "SÃO PAULO", "« CAFÉ »", "“café”—so", "Âm nhạc",
                 "voilà\xc2\xa0»", "РСФСР и СССР", "Ärger, Öl, Spaß“",
                 "`â€™` is an apostrophe.", "锛", "Ñandú", "CAFÉ\xc2\xa0!"});
}

TEST(RawCheckTest, PromptsHaveTheirOwn) {
  EXPECT_THAT(Faults(Row("Do it. <noinput>", "Done.")),
              ElementsAre(RawFault::kNoInput));
  EXPECT_THAT(Faults(Row("Use {{name}}.", "{{name}} it is.")), IsEmpty());
  for (const char* sign : {"<NoInput/>", "No input", "noinput.", "< no_input >",
                           "`<noinput>`", "无输入"}) {
    EXPECT_THAT(Faults(Row("Do it.\n" + std::string(sign), "Done.")),
                ElementsAre(RawFault::kNoInput))
        << sign;
  }
  EXPECT_THAT(
      Faults(Row("What is `<noinput>` here?\nNo input came in.", "So.")),
      IsEmpty());
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
  row.turns.push_back(row.turns[0]);
  EXPECT_THAT(Faults(row), ElementsAre(RawFault::kRoleOrder));
  row = Row("a", "b");
  row.turns.insert(row.turns.begin(), row.turns[0]);
  EXPECT_THAT(Faults(row), ElementsAre(RawFault::kRoleOrder));
  row.turns[1].role = RawRole::kTool;
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

TEST(RawCheckTest, ARowIsToldOfOnce) {
  FileEnds ends;
  RawRow row = Row("Say something about it.", Repeated("word ", 300) + "word");
  row.turns.insert(row.turns.end(), row.turns.begin(), row.turns.end());
  row.turns[3].text = kLong + "First,";
  for (row.line = 1; row.line < 40; ++row.line) {
    EXPECT_THAT(CheckRaw(row, {}, &ends), testing::Not(IsEmpty()));
  }
  EXPECT_THAT(ends.BrokenOff(ends.CutOffs()), IsEmpty());
}

TEST(RawCheckTest, LayoutsOfOneConversationAreEqual) {
  RawRow sharegpt = Row("a", "<think>\nso\n</think>\n\nb");
  sharegpt.turns.push_back(
      RawTurn{.role = RawRole::kAssistant,
              .calls = {R"({"name":"f","arguments":{"x": 1}})"}});
  RawRow messages = Row("a", "b");
  messages.turns[1].thought = "so";
  messages.turns[1].calls = {R"({"id":"7","type":"function","function":)"
                             R"({"name":"f","arguments":"{\"x\":1}"}})"};
  EXPECT_EQ(HashOf(sharegpt), HashOf(messages));
  messages.turns[1].thought = "no";
  EXPECT_NE(HashOf(sharegpt), HashOf(messages));
  messages.turns[1].thought = "so";
  messages.turns[1].calls = {R"({"name":"f","arguments":{"x": 2}})"};
  EXPECT_NE(HashOf(sharegpt), HashOf(messages));
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
