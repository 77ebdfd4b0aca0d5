#include "generate/end.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/error.h"
#include "generate/end_json.h"

namespace fullstop {
namespace {

using testing::HasSubstr;

constexpr std::string_view kNames[] = {
    "turn_end", "sequence_end", "tool_call",    "turn_open", "stop_string",
    "loop",     "max_tokens",   "context_full", "cancelled", "error"};

const std::vector<Source> kFrom = {
    {Provenance::kGguf, "tokenizer.ggml.eos_token_id"},
    {Provenance::kDerived, "the run behind the last answer"}};

TEST(EndTest, CausesHaveTheNamesOfTheDesignInItsOrder) {
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(EndCauseName(static_cast<EndCause>(i)), kNames[i]);
    EXPECT_EQ(FindEndCause(kNames[i]), static_cast<EndCause>(i));
  }
  EXPECT_FALSE(FindEndCause("eos").has_value());
}

TEST(EndTest, AStopIdIsDescribedWithIdTextAndSources) {
  EXPECT_EQ(DescribeEnd({EndCause::kTurnEnd, 2, "<|im_end|>", kFrom}),
            "turn_end 2 <|im_end|> (gguf tokenizer.ggml.eos_token_id, "
            "derived)");
}

TEST(EndTest, AStopStringIsQuoted) {
  EXPECT_EQ(DescribeEnd({EndCause::kStopString,
                         {},
                         "\n\nU\"\\\x1b\x7f\xff:",
                         {{Provenance::kDerived, "stop string"}}}),
            "stop_string \"\\n\\nU\\\"\\\\\\x1b\\x7f\uFFFD:\" (derived)");
}

TEST(EndTest, OtherCausesSayWhatTheyKnow) {
  EXPECT_EQ(DescribeEnd({EndCause::kLoop, {}, "", {}, 4, 13}),
            "loop of 4 tokens, 13 times");
  EXPECT_EQ(DescribeEnd({EndCause::kError, {}, "the device is gone", {}}),
            "error: the device is gone");
  EXPECT_EQ(DescribeEnd({EndCause::kMaxTokens, {}, "", {}}), "max_tokens");
  EXPECT_EQ(DescribeEnd({EndCause::kCancelled, {}, "", {}}), "cancelled");
}

TEST(EndTest, AnEndOfItsOwnIsAStop) {
  for (const EndCause cause : {EndCause::kTurnEnd, EndCause::kSequenceEnd,
                               EndCause::kToolCall, EndCause::kTurnOpen}) {
    EXPECT_EQ(OpenAiFinishReason(cause, false), "stop");
    EXPECT_EQ(OpenAiFinishReason(cause, true), "tool_calls");
  }
  EXPECT_EQ(OpenAiFinishReason(EndCause::kStopString, false), "stop");
  EXPECT_EQ(OpenAiFinishReason(EndCause::kStopString, true), "stop");
}

TEST(EndTest, AReplyCutShortIsNeverAStop) {
  for (const EndCause cause :
       {EndCause::kLoop, EndCause::kMaxTokens, EndCause::kContextFull,
        EndCause::kCancelled, EndCause::kError}) {
    EXPECT_EQ(OpenAiFinishReason(cause, false), "length");
    EXPECT_EQ(OpenAiFinishReason(cause, true), "length");
  }
}

TEST(EndJsonTest, AStopIdHasIdTextAndSources) {
  EXPECT_EQ(EndToJson({EndCause::kTurnEnd, 0, "<|im_end|>", kFrom}).dump(),
            R"({"cause":"turn_end","id":0,"text":"<|im_end|>","from":)"
            R"(["gguf: tokenizer.ggml.eos_token_id",)"
            R"("derived: the run behind the last answer"]})");
}

TEST(EndJsonTest, WhatIsAbsentIsLeftOut) {
  EXPECT_EQ(EndToJson({EndCause::kMaxTokens, {}, "", {}}).dump(),
            R"({"cause":"max_tokens"})");
  EXPECT_EQ(EndToJson({EndCause::kLoop, {}, "", {}, 4, 13}).dump(),
            R"({"cause":"loop","period":4,"count":13})");
}

TEST(EndJsonTest, EveryEndComesBack) {
  const std::vector<End> ends = {
      {EndCause::kTurnEnd, 2, "<|im_end|>", kFrom},
      {EndCause::kStopString, {}, "\xc3", {{Provenance::kUser, ""}}},
      {EndCause::kLoop, {}, "", {}, 4, 13},
      {EndCause::kError, {}, "it broke", {}},
  };
  for (const End& end : ends) {
    const auto json = EndToJson(end);
    const End back = EndFromJson(json);
    EXPECT_EQ(EndToJson(back), json);
    EXPECT_EQ(back.id, end.id);
    EXPECT_EQ(back.text, end.text);
    EXPECT_EQ(back.from.size(), end.from.size());
  }
}

TEST(EndJsonTest, AnEndWithoutACauseIsRefused) {
  try {
    EndFromJson(nlohmann::ordered_json::object());
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.message(), HasSubstr("\"cause\" of an end"));
  }
}

}  // namespace
}  // namespace fullstop
