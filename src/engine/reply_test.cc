// Replies of scripted models: what they say, and thoughts with a budget.
#include "engine/reply.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "base/error.h"
#include "engine/conversation.h"
#include "engine/stop_config.h"
#include "model/table_model.h"
#include "protocol/byte_model.h"

namespace fullstop {
namespace {

constexpr const char* kTemplate =
    "{% for m in messages %}<a>{{ m.role }}\n{% if m.reasoning_content %}"
    "<think>\n{{ m.reasoning_content }}\n</think>\n\n{% endif %}"
    "{{ m.content or '' }}{% for c in m.tool_calls or [] %}<call>"
    "{\"name\": \"{{ c.function.name }}\", \"arguments\": "
    "{{ c.function.arguments | tojson }}}</call>{% endfor %}<z>{% endfor %}"
    "{% if add_generation_prompt %}<a>assistant\n"
    "{% if thinking is defined and thinking %}<think>\n{% endif %}{% endif %}";

class ReplyTest : public testing::Test {
 protected:
  ReplyTest()
      : model_({"<a>", "<z>", "<think>", "</think>", "<call>", "</call>"}) {
    model_.Template(kTemplate).Declare("eos", "<z>");
    protocol_ = model_.Resolve();
  }

  // TEXT as ids, tokens recognised.
  std::vector<TokenId> Ids(const std::string& text) const {
    const ByteRange whole{0, text.size()};
    EncodeOptions options;
    options.control_ranges = {&whole, 1};
    options.extra_control = protocol_->extra_control();
    return protocol_->tokenizer()->Encode(text, options);
  }

  // A model that says SCRIPT behind the prompt, and from the first </think> on
  // ANSWER.
  TableModel Says(const std::string& script, const std::string& answer) const {
    const std::vector<TokenId> first = Ids(script);
    const std::vector<TokenId> then = Ids(answer);
    const TokenId turn = model_.Id("<a>");
    const TokenId close = model_.Id("</think>");
    const TokenId end = model_.Id("<z>");
    return TableModel(262, 4096, [=](std::span<const TokenId> ids) {
      const auto at = std::find(ids.rbegin(), ids.rend(), turn).base();
      // Behind "assistant\n".
      const auto reply = std::span(at, ids.end()).subspan(10);
      const auto closed = std::find(reply.begin(), reply.end(), close);
      const bool open = closed == reply.end();
      const auto said = static_cast<size_t>(open ? reply.end() - reply.begin()
                                                 : reply.end() - closed - 1);
      const std::vector<TokenId>& says = open ? first : then;
      std::vector<float> logits(262, 0.0f);
      logits[static_cast<size_t>(said < says.size() ? says[said] : end)] =
          20.0f;
      return logits;
    });
  }

  fullstop::Reply Run(TableModel model, GenerationOptions options,
                      const nlohmann::ordered_json& tools = {}) const {
    options.sampling.temp = 0;
    Conversation conversation(*protocol_, model);
    conversation.request().tools = tools;
    conversation.messages().push_back({{"role", "user"}, {"content", "Hm?"}});
    ReplyObserver observer;
    return conversation.Reply(options, observer).reply;
  }

  ByteModel model_;
  std::shared_ptr<const TurnProtocol> protocol_;
};

TEST_F(ReplyTest, ThoughtAnswerAndCallsAreToldApart) {
  const auto reply = Run(Says("<think>\nI look.\n</think>",
                              "\n\nWait.<call>{\"name\": \"look\", "
                              "\"arguments\": {\"a\": 1}}</call>"),
                         {}, nlohmann::ordered_json::array({1}));
  EXPECT_EQ(reply.said.reasoning, "I look.");
  EXPECT_EQ(reply.said.content, "Wait.");
  ASSERT_EQ(reply.said.calls.size(), 1u);
  EXPECT_EQ(reply.said.calls[0].name, "look");
  EXPECT_EQ(reply.said.calls[0].arguments, R"({"a": 1})");
  EXPECT_EQ(reply.end.cause, EndCause::kTurnEnd);
}

TEST_F(ReplyTest, WhatAStopStringCutsOffIsNotSaid) {
  GenerationOptions options;
  options.stops.stop_strings = {"two"};
  const auto reply = Run(Says("<think>two</think>", "one two three"), options);
  EXPECT_EQ(reply.said.reasoning, "two");
  EXPECT_EQ(reply.said.content, "one ");
  EXPECT_EQ(reply.text, "one ");
}

TEST_F(ReplyTest, AThoughtIsClosedAtItsBudget) {
  const std::string endless = "<think>" + std::string(200, 'x');
  GenerationOptions options;
  options.on_loop = OnLoop::kWarn;
  options.reasoning_budget = 11;
  const auto reply = Run(Says(endless, "Four."), options);
  EXPECT_EQ(reply.said.reasoning, std::string(10, 'x'));
  EXPECT_EQ(reply.said.content, "Four.");
  EXPECT_EQ(reply.thoughts_closed, 1u);
  // The markers count.
  EXPECT_EQ(reply.usage.reasoning_tokens, 12u);
}

TEST_F(ReplyTest, ABudgetOfNoneClosesThoughtsAtOnce) {
  GenerationOptions options;
  options.reasoning_budget = 0;
  const auto reply = Run(Says("<think>Hm.</think>", "Four."), options);
  EXPECT_EQ(reply.said.reasoning, "");
  EXPECT_EQ(reply.said.content, "Four.");
}

TEST_F(ReplyTest, ABudgetCutsNoCharacter) {
  GenerationOptions options;
  options.reasoning_budget = 3;
  const auto reply = Run(Says("<think>a\u00E9\u00E9</think>", "So."), options);
  EXPECT_EQ(reply.said.reasoning, "a\u00E9");
}

// A model that says "ab", and then fails as FAIL does.
TableModel Fails(std::function<std::vector<float>()> fail, size_t prompt) {
  return TableModel(262, 4096, [=](std::span<const TokenId> ids) {
    if (ids.size() == prompt + 2) return fail();
    std::vector<float> logits(262, 0.0f);
    logits[ids.size() == prompt ? 'a' : 'b'] = 20.0f;
    return logits;
  });
}

TEST_F(ReplyTest, AFailureEndsTheReplyAndKeepsWhatWasSaid) {
  const size_t prompt = Ids("<a>user\nHm?<z><a>assistant\n").size();
  const auto nan = [] { return std::vector<float>(262, std::nanf("")); };
  const auto thrown = []() -> std::vector<float> {
    throw Error::Io("the device is gone");
  };
  const auto broken = Run(Fails(nan, prompt), {});
  EXPECT_EQ(broken.end.cause, EndCause::kError);
  EXPECT_EQ(broken.end.text, "the logit of token 0 is nan");
  EXPECT_EQ(broken.text, "ab");
  const auto gone = Run(Fails(thrown, prompt), {});
  EXPECT_EQ(gone.end.cause, EndCause::kError);
  EXPECT_EQ(gone.end.text, "the device is gone");
  EXPECT_EQ(gone.text, "ab");
}

TEST_F(ReplyTest, AThoughtCanBeAskedFor) {
  GenerationOptions options;
  options.open_thought = true;
  const auto reply = Run(Says("?Hm.</think>", "Four."), options);
  EXPECT_EQ(reply.said.reasoning, "Hm.");
  EXPECT_EQ(reply.said.content, "Four.");
  EXPECT_EQ(reply.ids.front(), model_.Id("<think>"));
}

TEST_F(ReplyTest, TheSwitchOfTheTemplateIsFound) {
  EXPECT_EQ(protocol_->facts().reasoning.switch_name, "thinking");
  EXPECT_TRUE(protocol_->facts().reasoning.switch_on);
}

// Turns in channels: every section has a header.
constexpr const char* kChannels =
    "{% for m in messages %}{% if m.role == 'assistant' %}"
    "{% if m.reasoning_content %}<s>assistant<c>analysis<m>"
    "{{ m.reasoning_content }}<e>{% endif %}{% if m.tool_calls %}"
    "<s>assistant to=functions.{{ m.tool_calls[0].function.name }}"
    "<c>commentary json<m>{{ m.tool_calls[0].function.arguments | tojson }}"
    "<call>{% else %}<s>assistant<c>final<m>{{ m.content }}<e>{% endif %}"
    "{% else %}<s>{{ m.role }}<m>{{ m.content }}<e>{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}<s>assistant{% endif %}";

class ChannelsTest : public testing::Test {
 protected:
  ChannelsTest() : model_({"<s>", "<c>", "<m>", "<e>", "<call>"}) {
    model_.Template(kChannels);
    protocol_ = model_.Resolve();
  }

  fullstop::Reply Run(const std::string& script,
                      const std::vector<std::string>& stops = {}) const {
    const ByteRange whole{0, script.size()};
    EncodeOptions encode;
    encode.control_ranges = {&whole, 1};
    encode.extra_control = protocol_->extra_control();
    const std::vector<TokenId> says =
        protocol_->tokenizer()->Encode(script, encode);
    size_t prompt = 0;
    TableModel model(261, 4096, [&](std::span<const TokenId> ids) {
      if (prompt == 0) prompt = ids.size();
      std::vector<float> logits(261, 0.0f);
      const size_t said = ids.size() - prompt;
      const TokenId next = said < says.size() ? says[said] : model_.Id("<e>");
      logits[static_cast<size_t>(next)] = 20.0f;
      return logits;
    });
    GenerationOptions options;
    options.sampling.temp = 0;
    options.stops.stop_strings = stops;
    Conversation conversation(*protocol_, model, {.prefill_rows = 512});
    conversation.messages().push_back({{"role", "user"}, {"content", "Hm?"}});
    prompt = conversation.Prompt().ids.size();
    ReplyObserver observer;
    return conversation.Reply(options, observer).reply;
  }

  ByteModel model_;
  std::shared_ptr<const TurnProtocol> protocol_;
};

TEST_F(ChannelsTest, HeadersAreForNoReader) {
  const auto reply = Run("<c>analysis<m>Hm.<e><s>assistant<c>final<m>Four.<e>");
  EXPECT_EQ(reply.said.reasoning, "Hm.");
  EXPECT_EQ(reply.said.content, "Four.");
  EXPECT_EQ(reply.text, "Four.");
  EXPECT_EQ(reply.end.cause, EndCause::kTurnEnd);
  EXPECT_TRUE(reply.said.flags.empty());
}

TEST_F(ChannelsTest, APreambleDoesNotEndTheReply) {
  const auto reply = Run(
      "<c>commentary<m>I look.<e><s>assistant to=functions.look<c>commentary "
      "json<m>{\"a\": 1}<call>");
  EXPECT_EQ(reply.said.content, "I look.");
  ASSERT_EQ(reply.said.calls.size(), 1u);
  EXPECT_EQ(reply.said.calls[0].name, "look");
  EXPECT_EQ(reply.end.cause, EndCause::kToolCall);
}

TEST_F(ChannelsTest, StopStringsMatchTheFinalChannelOnly) {
  const auto reply = Run(
      "<c>analysis<m>final assistant<e><s>assistant<c>final<m>The final.<e>",
      {"final", "assistant"});
  EXPECT_EQ(reply.said.reasoning, "final assistant");
  EXPECT_EQ(reply.said.content, "The ");
}

TEST_F(ChannelsTest, AnAnswerWithoutAHeaderIsOneAllTheSame) {
  const auto reply = Run(" Four.");
  EXPECT_EQ(reply.text, " Four.");
  EXPECT_THAT(reply.said.flags, testing::ElementsAre(ReplyFlag::kHeaderBroken));
}

}  // namespace
}  // namespace fullstop
