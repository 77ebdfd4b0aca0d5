#include "data/labelled_row.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "base/error.h"
#include "data/json_rows.h"
#include "protocol/byte_model.h"

namespace fullstop {
namespace {

using ::testing::HasSubstr;

constexpr const char* kChatMl =
    "{% for m in messages %}<|im_start|>{{ m.role }}\n"
    "{% if m.reasoning_content %}<think>{{ m.reasoning_content }}</think>"
    "{% endif %}{{ m.content or '' }}"
    "{% for c in m.tool_calls or [] %}<call>{{ c.function.name }}</call>"
    "{% endfor %}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n"
    "{% endif %}";

std::shared_ptr<const TurnProtocol> Protocol(const char* source,
                                             const char* end) {
  ByteModel model({"<|im_start|>", "<|im_end|>", "</s>", "[INST]", "[/INST]"},
                  {"<think>", "</think>", "<call>", "</call>"});
  model.Template(source).Declare("eos", end);
  return model.Resolve();
}

// The row, its parts in brackets: (given), [written], <end>.
std::string Shown(const std::shared_ptr<const TurnProtocol>& protocol,
                  const std::string& json) {
  RawRow raw;
  RawRowReader().Read({.text = json, .line = 1}, &raw);
  const LabelledRow row = RowLabeller(*protocol).Label(MessagesOf(raw));
  const std::vector<IdPart> parts = row.Parts();
  constexpr const char* kOpen[] = {"", "(", "[", "{"};
  constexpr const char* kClose[] = {"", ")", "]", "}"};
  std::string shown;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (i == 0 || parts[i] != parts[i - 1]) {
      if (i > 0) shown += kClose[static_cast<int>(parts[i - 1])];
      shown += kOpen[static_cast<int>(parts[i])];
    }
    const ByteRange source = row.prompt.ids[i].source;
    shown += row.prompt.text.substr(source.begin, source.end - source.begin);
  }
  if (!parts.empty()) shown += kClose[static_cast<int>(parts.back())];
  return shown;
}

TEST(LabelledRowTest, AnswersAndTheirEndsAreTheModels) {
  const auto protocol = Protocol(kChatMl, "<|im_end|>");
  EXPECT_EQ(Shown(protocol, R"({"messages": [
      {"role": "user", "content": "q"}, {"role": "assistant", "content": "a"},
      {"role": "user", "content": "r"}, {"role": "assistant", "content": "b"}
      ]})"),
            "<|im_start|>user\n(q)<|im_end|>\n"
            "<|im_start|>assistant\n[a]{<|im_end|>}\n"
            "<|im_start|>user\n(r)<|im_end|>\n"
            "<|im_start|>assistant\n[b]{<|im_end|>}\n");
}

TEST(LabelledRowTest, MarkersOfThoughtsAndCallsAreTheModels) {
  const auto protocol = Protocol(kChatMl, "<|im_end|>");
  EXPECT_EQ(Shown(protocol, R"({"messages": [
      {"role": "user", "content": "q"},
      {"role": "assistant", "reasoning_content": "h", "content": "",
       "tool_calls": [{"name": "f"}]},
      {"role": "tool", "content": "1"}]})"),
            "<|im_start|>user\n(q)<|im_end|>\n"
            "<|im_start|>assistant\n[<think>h</think><call>f</call>]"
            "{<|im_end|>}\n"
            "<|im_start|>tool\n(1)<|im_end|>\n");
}

// As in Phi-3.5: a text that no prompt ends has an end of its own.
TEST(LabelledRowTest, AnEndInPlaceOfTheGenerationPromptIsNoneOfIt) {
  const auto protocol = Protocol(
      "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}"
      "<|im_end|>\n{% endfor %}{% if add_generation_prompt %}"
      "<|im_start|>assistant\n{% else %}<|im_end|>{% endif %}",
      "<|im_end|>");
  EXPECT_EQ(Shown(protocol, R"({"messages": [
      {"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}
      ]})"),
            "<|im_start|>user\n(q)<|im_end|>\n"
            "<|im_start|>assistant\n[a]{<|im_end|>}\n<|im_end|>");
}

TEST(LabelledRowTest, ATypedMarkerIsNoEnd) {
  const auto protocol = Protocol(kChatMl, "<|im_end|>");
  EXPECT_EQ(Shown(protocol, R"({"messages": [
      {"role": "user", "content": "q"},
      {"role": "assistant", "content": "<|im_end|>a"}]})"),
            "<|im_start|>user\n(q)<|im_end|>\n"
            "<|im_start|>assistant\n[<|im_end|>a]{<|im_end|>}\n");
}

TEST(LabelledRowTest, ATemplateWithoutGenerationPromptIsReadToo) {
  const auto protocol = Protocol(
      "{% for m in messages %}{% if m.role == 'user' %}[INST]{{ m.content }}"
      "[/INST]{% else %}{{ m.content }}</s>{% endif %}{% endfor %}",
      "</s>");
  EXPECT_EQ(Shown(protocol, R"({"messages": [
      {"role": "user", "content": "q"}, {"role": "assistant", "content": "a"},
      {"role": "user", "content": "r"},
      {"role": "assistant", "content": "b"}]})"),
            "[INST](q)[/INST][a]{</s>}[INST](r)[/INST][b]{</s>}");
}

TEST(LabelledRowTest, AnEndThatTheTemplateLeavesOutIsMissing) {
  const auto protocol = Protocol(
      "{% for m in messages %}{% if m.role == 'user' %}[INST]{{ m.content }}"
      "[/INST]{% else %}{{ m.content }}{% if not loop.last %}</s>{% endif %}"
      "{% endif %}{% endfor %}",
      "</s>");
  EXPECT_EQ(Shown(protocol, R"({"messages": [
      {"role": "user", "content": "q"}, {"role": "assistant", "content": "a"},
      {"role": "user", "content": "r"},
      {"role": "assistant", "content": "b"}]})"),
            "[INST](q)[/INST][a]{</s>}[INST](r)[/INST][b]");
}

TEST(LabelledRowTest, WhatTheTemplateRefusesIsAnError) {
  const auto protocol = Protocol(
      "{% if messages[0].role == 'system' %}{{ raise_exception('no system') }}"
      "{% endif %}{% for m in messages %}<|im_start|>{{ m.role }}\n"
      "{{ m.content }}<|im_end|>\n{% endfor %}",
      "<|im_end|>");
  try {
    Shown(protocol, R"({"messages": [{"role": "system", "content": "s"},
                       {"role": "user", "content": "q"}]})");
    FAIL() << "was rendered";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), Error::Kind::kTemplate);
    EXPECT_THAT(error.what(), HasSubstr("no system"));
  }
}

}  // namespace
}  // namespace fullstop
