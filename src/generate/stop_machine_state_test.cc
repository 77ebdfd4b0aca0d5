// What the stop machine holds back, counts, refuses and takes back.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/error.h"
#include "generate/stop_machine.h"
#include "generate/stop_script.h"

namespace fullstop {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

StopConfig WithStrings(std::vector<std::string> strings) {
  StopConfig config;
  config.stop_strings = std::move(strings);
  config.stops.stops = {
      {1, "<end>", StopRole::kTurnEnd, {{Provenance::kDerived, "answer"}}}};
  config.markers = {{Section::kAnswer, Section::kThought, {11}, ""},
                    {Section::kThought, Section::kAnswer, {12}, ""},
                    {Section::kAnswer, Section::kCall, {21, 22, 23}, ""}};
  return config;
}

// What each step of the script shows.
std::vector<std::string> Shown(const StopConfig& config,
                               const std::string& script) {
  StopMachine machine(config);
  std::vector<std::string> shown;
  for (const ScriptToken& token : ParseScript(script)) {
    shown.push_back(Written(Play(token, &machine).pieces));
  }
  return shown;
}

std::string UsageError(const StopConfig& config) {
  try {
    StopMachine machine(config);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), Error::Kind::kUsage);
    return error.message();
  }
  return "";
}

TEST(StopMachineHoldTest, TextThatBeginsNoStopIsShownAtOnce) {
  EXPECT_THAT(Shown(WithStrings({"END"}), "a|b|c"), ElementsAre("a", "b", "c"));
}

TEST(StopMachineHoldTest, OnlyTheBeginningOfAStopIsHeld) {
  EXPECT_THAT(Shown(WithStrings({"END"}), "xE|N|xEN|ED|a"),
              ElementsAre("x", "", "ENx", "ENED", "a"));
}

TEST(StopMachineHoldTest, TheLongestBeginningOfAnyStopIsHeld) {
  EXPECT_THAT(Shown(WithStrings({"abcd", "bce"}), "xabc|f"),
              ElementsAre("x", "abcf"));
  EXPECT_THAT(Shown(WithStrings({"abcd", "bce"}), "xabc|e"),
              ElementsAre("x", "a"));
}

TEST(StopMachineHoldTest, AMatchBeforeTheMinimumIsNotHeldLongerThanNeeded) {
  StopConfig config = WithStrings({"ab", "bcd"});
  config.min_tokens = 3;
  EXPECT_THAT(Shown(config, "xab|y"), ElementsAre("xa", "by"));
  config = WithStrings({"ab"});
  config.min_tokens = 3;
  EXPECT_THAT(Shown(config, "xab|y"), ElementsAre("xab", "y"));
}

TEST(StopMachineHoldTest, ARunOfIdsIsHeldUntilItBreaksOff) {
  EXPECT_THAT(Shown(WithStrings({}), "a|=21|=22|=23|b"),
              ElementsAre("a", "", "", "[<21><22><23>]", "{b}"));
  EXPECT_THAT(Shown(WithStrings({}), "a|=21|=22|b"),
              ElementsAre("a", "", "", "<21><22>b"));
  EXPECT_THAT(Shown(WithStrings({}), "a|=21|=21|=22|b"),
              ElementsAre("a", "", "<21>", "", "<21><22>b"));
}

TEST(StopMachineHoldTest, HeldShowsWhatIsHeld) {
  StopMachine machine(WithStrings({"END"}));
  machine.Put({1000, "xEN"});
  EXPECT_EQ(machine.held(), "EN");
  machine.Put({1000, "x"});
  EXPECT_EQ(machine.held(), "");
}

TEST(StopMachineHoldTest, AWindowShowsEachTokenThatMuchLater) {
  StopConfig config = WithStrings({"END"});
  config.hold_tokens = 2;
  EXPECT_THAT(Shown(config, "a|b|c|d|#1"), ElementsAre("", "", "a", "b", "cd"));
  EXPECT_THAT(Shown(config, "xE|N|c|d|e|f"),
              ElementsAre("", "", "x", "", "ENc", "d"));
}

TEST(StopMachineHoldTest, AHoldOfOneTokenReplacesTheWindow) {
  StopMachine machine(WithStrings({}));
  const auto put = [&machine](std::string_view bytes, size_t hold) {
    StopEvents events;
    events.hold = hold;
    return Written(machine.Put({1000, bytes}, events).pieces);
  };
  EXPECT_EQ(put("a", 0), "a");
  EXPECT_EQ(put("b", 1), "");
  EXPECT_EQ(put("c", 2), "");
  EXPECT_EQ(machine.rollback_limit(), 2u);
  EXPECT_EQ(put("d", 1), "bc");
  EXPECT_EQ(machine.rollback_limit(), 1u);
  EXPECT_EQ(put("e", 5), "");
  EXPECT_EQ(machine.rollback_limit(), 2u);
  EXPECT_EQ(put("f", 0), "def");
}

TEST(StopMachineUsageTest, TheStopTokenCounts) {
  StopMachine machine(WithStrings({}));
  machine.Put({1000, "a"});
  machine.Put({1, "<end>", true});
  EXPECT_EQ(machine.usage(), (ReplyUsage{2, 0, 0}));
}

TEST(StopMachineUsageTest, AThoughtCountsWithItsMarkers) {
  StopMachine machine(WithStrings({}));
  for (const auto& token : ParseScript("a|#11|b|c|#12|d|#1")) {
    Play(token, &machine);
  }
  EXPECT_EQ(machine.usage(), (ReplyUsage{7, 4, 0}));
}

TEST(StopMachineUsageTest, TokensBehindTheEndDoNotCount) {
  StopMachine machine(WithStrings({}));
  for (const auto& token : ParseScript("a|#1|b|c")) Play(token, &machine);
  EXPECT_EQ(machine.usage(), (ReplyUsage{2, 0, 0}));
}

TEST(StopMachineEndTest, TheEndNamesIdTextAndSource) {
  StopMachine machine(WithStrings({}));
  const StopStep step = machine.Put({1, "<end>", true});
  ASSERT_TRUE(step.end.has_value());
  EXPECT_EQ(step.end->cause, EndCause::kTurnEnd);
  EXPECT_EQ(step.end->id, 1);
  EXPECT_EQ(step.end->text, "<end>");
  ASSERT_EQ(step.end->from.size(), 1u);
  EXPECT_EQ(step.end->from[0].provenance, Provenance::kDerived);
  EXPECT_EQ(step.end->from[0].where, "answer");
}

TEST(StopMachineEndTest, AStopStringNamesWhoAsked) {
  StopConfig config = WithStrings({"a"});
  config.stops.strings = {"b"};
  StopMachine asked(config);
  EXPECT_EQ(asked.Put({1000, "a"}).end->from.at(0).provenance,
            Provenance::kUser);
  StopMachine derived(config);
  EXPECT_EQ(derived.Put({1000, "b"}).end->from.at(0).provenance,
            Provenance::kDerived);
}

TEST(StopMachineEndTest, ALoopNamesPeriodAndCount) {
  StopMachine machine(WithStrings({}));
  StopEvents events;
  events.loop = LoopEvent{7, 9, 0};
  const StopStep step = machine.Put({1000, "a"}, events);
  EXPECT_EQ(step.end->period, 7u);
  EXPECT_EQ(step.end->count, 9u);
}

TEST(StopMachineEndTest, StopsAreFoundByTheSectionTheyCountIn) {
  StopConfig config = WithStrings({});
  config.stops.stops[0].role = StopRole::kSection;
  StopMachine machine(config);
  EXPECT_NE(machine.FindStop(1), nullptr);
  EXPECT_EQ(machine.FindStop(2), nullptr);
  machine.Put({11, "<t>", true});
  EXPECT_EQ(machine.section(), Section::kThought);
  EXPECT_EQ(machine.FindStop(1), nullptr);
}

TEST(StopMachineEndTest, TheMinimumSaysWhetherTheNextTokenMayStop) {
  StopConfig config = WithStrings({});
  config.min_tokens = 2;
  StopMachine machine(config);
  EXPECT_FALSE(machine.may_stop());
  machine.Put({1000, "a"});
  EXPECT_TRUE(machine.may_stop());
}

TEST(StopMachineConfigTest, AnEmptyStopStringIsRefused) {
  EXPECT_THAT(UsageError(WithStrings({"a", ""})), HasSubstr("empty"));
  StopConfig config;
  config.stops.strings = {""};
  EXPECT_THAT(UsageError(config), HasSubstr("empty"));
}

TEST(StopMachineConfigTest, AMinimumAboveTheMaximumIsRefused) {
  StopConfig config;
  config.min_tokens = 3;
  config.max_tokens = 2;
  EXPECT_EQ(UsageError(config),
            "the minimum of 3 tokens is above the maximum of 2");
  config.max_tokens = 3;
  EXPECT_EQ(UsageError(config), "");
}

TEST(StopMachineConfigTest, AMarkerOfNothingOrOfBothIsRefused) {
  StopConfig config;
  config.markers = {{Section::kAnswer, Section::kThought, {}, ""}};
  EXPECT_THAT(UsageError(config), HasSubstr("not both"));
  config.markers = {{Section::kAnswer, Section::kThought, {1}, "a"}};
  EXPECT_THAT(UsageError(config), HasSubstr("not both"));
}

TEST(StopMachineConfigTest, MarkersThatContradictEachOtherAreRefused) {
  StopConfig config;
  config.markers = {{Section::kAnswer, Section::kThought, {}, "a"},
                    {Section::kAnswer, Section::kCall, {}, "a"}};
  EXPECT_EQ(UsageError(config),
            "two markers leave the section answer by the text a");
  config.markers = {{Section::kThought, Section::kAnswer, {5, 6}, ""},
                    {Section::kThought, Section::kCall, {5, 6}, ""}};
  EXPECT_EQ(UsageError(config),
            "two markers leave the section thought by id 5");
  config.markers[1].from = Section::kHeader;
  EXPECT_EQ(UsageError(config), "");
}

TEST(StopMachineRollbackTest, NothingIsTakenBackWithoutAWindow) {
  StopMachine machine(WithStrings({}));
  machine.Put({1000, "a"});
  EXPECT_EQ(machine.rollback_limit(), 0u);
  machine.Rollback(0);
  EXPECT_THROW(machine.Rollback(1), Error);
}

TEST(StopMachineRollbackTest, AtMostTheWindowIsTakenBack) {
  StopConfig config = WithStrings({});
  config.hold_tokens = 2;
  StopMachine machine(config);
  for (int i = 0; i < 5; ++i) machine.Put({1000, "a"});
  EXPECT_EQ(machine.rollback_limit(), 2u);
  EXPECT_THROW(machine.Rollback(3), Error);
  machine.Rollback(2);
  EXPECT_EQ(machine.tokens(), 3u);
  EXPECT_EQ(machine.rollback_limit(), 0u);
}

TEST(StopMachineRollbackTest, AMarkerIsTakenBackWithItsSection) {
  StopConfig config = WithStrings({});
  config.hold_tokens = 4;
  config.markers.push_back({Section::kAnswer, Section::kThought, {}, "<t>"});
  StopMachine machine(config);
  machine.Put({1000, "a<"});
  machine.Put({1000, "t>b"});
  EXPECT_EQ(machine.section(), Section::kThought);
  machine.Rollback(1);
  EXPECT_EQ(machine.section(), Section::kAnswer);
  machine.Put({1000, "u"});
  EXPECT_EQ(Written(machine.Put({1, "<end>", true}).pieces), "a<u");
}

TEST(StopMachineRollbackTest, NothingIsTakenBackAfterTheEnd) {
  StopConfig config = WithStrings({});
  config.hold_tokens = 4;
  StopMachine machine(config);
  machine.Put({1000, "a"});
  machine.Put({1, "<end>", true});
  EXPECT_EQ(machine.rollback_limit(), 0u);
}

TEST(StopMachineStepBackTest, TheRepeatedTailIsNeverShownButCounts) {
  StopConfig config = WithStrings({});
  config.hold_tokens = 8;
  StopMachine machine(config);
  std::vector<Piece> pieces;
  for (const auto& token : ParseScript("a|b|c|b|c!back4|d|#1")) {
    const StopStep step = Play(token, &machine);
    EXPECT_EQ(step.stepped_back, token.events.loop ? 4u : 0u);
    JoinPieces(step.pieces, &pieces);
  }
  EXPECT_EQ(Written(pieces), "ad");
  EXPECT_EQ(machine.tokens(), 3u);
  EXPECT_EQ(machine.usage(), (ReplyUsage{7, 0, 4}));
}

TEST(StopMachineStepBackTest, WhatWasShownStays) {
  StopConfig config = WithStrings({});
  config.hold_tokens = 2;
  StopMachine machine(config);
  const auto script = ParseScript("a|b|c|d!back9");
  StopStep step;
  for (const ScriptToken& token : script) step = Play(token, &machine);
  EXPECT_EQ(step.stepped_back, 3u);
  EXPECT_EQ(machine.tokens(), 1u);
}

TEST(StopMachineStepBackTest, WithoutAWindowOnlyTheTokenItselfIsTakenBack) {
  StopMachine machine(WithStrings({}));
  machine.Put({1000, "a"});
  EXPECT_EQ(Play(ParseToken("b!back9"), &machine).stepped_back, 1u);
  EXPECT_EQ(Written(machine.Put({1000, "c"}).pieces), "c");
}

TEST(StopMachineStepBackTest, SteppedBackTokensCountTowardsTheMaximum) {
  StopConfig config = WithStrings({});
  config.hold_tokens = 8;
  config.max_tokens = 4;
  StopMachine machine(config);
  std::vector<Piece> pieces;
  for (const auto& token : ParseScript("a|b|b!back2|c|d")) {
    JoinPieces(Play(token, &machine).pieces, &pieces);
  }
  EXPECT_EQ(Written(machine.end()), "max_tokens");
  EXPECT_EQ(Written(pieces), "ac");
  EXPECT_EQ(machine.usage().completion_tokens, 4u);
}

TEST(StopMachineStepBackTest, AStepBackAtTheMaximumEndsThere) {
  StopConfig config = WithStrings({});
  config.hold_tokens = 8;
  config.max_tokens = 3;
  StopMachine machine(config);
  machine.Put({1000, "a"});
  machine.Put({1000, "b"});
  const StopStep step = Play(ParseToken("b!back2"), &machine);
  EXPECT_EQ(step.stepped_back, 2u);
  EXPECT_EQ(Written(step.end), "max_tokens");
  EXPECT_EQ(Written(step.pieces), "a");
}

TEST(StopMachineStepBackTest, AStopComesBeforeAStepBack) {
  StopConfig config = WithStrings({"bb"});
  config.hold_tokens = 8;
  StopMachine machine(config);
  machine.Put({1000, "ab"});
  const StopStep step = Play(ParseToken("b!back2"), &machine);
  EXPECT_EQ(step.stepped_back, 0u);
  EXPECT_EQ(Written(step.end), "stop_string bb");
  EXPECT_EQ(Written(step.pieces), "a");
}

TEST(StopMachineCopyTest, CopiesGoTheirOwnWays) {
  StopMachine machine(WithStrings({"END"}));
  machine.Put({1000, "xE"});
  StopMachine copy = machine;
  EXPECT_EQ(Written(machine.Put({1000, "ND"}).end), "stop_string END");
  EXPECT_EQ(Written(copy.Put({1000, "x"}).pieces), "Ex");
  EXPECT_FALSE(copy.end().has_value());
}

}  // namespace
}  // namespace fullstop
