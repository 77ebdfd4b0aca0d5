#include "data/rendered_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "protocol/byte_model.h"

namespace fullstop {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr const char* kChatMl =
    "{% if messages[0].role != 'system' %}<|im_start|>system\nBe good."
    "<|im_end|>\n{% endif %}"
    "{% for m in messages %}<|im_start|>{{ m.role }}\n"
    "{{ m.content }}<|im_end|>\n{% endfor %}";

std::shared_ptr<const TurnProtocol> Protocol(const char* source) {
  return ByteModel({"<|im_start|>", "<|im_end|>", "<s>", "</s>"})
      .Template(source)
      .Resolve();
}

RawRow TextRow(const std::string& text) {
  RawRow row;
  row.layout = RawLayout::kText;
  row.turns.resize(1);
  row.turns[0].role = RawRole::kAssistant;
  row.turns[0].text = text;
  return row;
}

std::vector<std::string> Turns(const RawRow& row) {
  std::vector<std::string> turns;
  for (const RawTurn& turn : row.turns) {
    turns.push_back(std::string(RawRoleName(turn.role)) + ": " + turn.text);
  }
  return turns;
}

TEST(RenderedTextTest, TurnsAreReadBack) {
  const RenderedTextReader reader(*Protocol(kChatMl));
  RawRow row = TextRow(
      "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nAdd.\nNow."
      "<|im_end|>\n<|im_start|>assistant\nThree.<|im_end|>\n<|im_start|>user\n"
      "And?<|im_end|>\n<|im_start|>assistant\nFour.<|im_end|>\n");
  reader.Read(&row);
  EXPECT_THAT(Turns(row), ElementsAre("system: Be brief.", "user: Add.\nNow.",
                                      "assistant: Three.", "user: And?",
                                      "assistant: Four."));
  EXPECT_THAT(row.faults, IsEmpty());
}

TEST(RenderedTextTest, ADefaultSystemTextMayBeThereOrNot) {
  const RenderedTextReader reader(*Protocol(kChatMl));
  const std::string turns =
      "<|im_start|>user\nAdd.<|im_end|>\n<|im_start|>assistant\nThree."
      "<|im_end|>";
  for (const std::string before :
       {"", "<|im_start|>system\nBe good.<|im_end|>\n"}) {
    RawRow row = TextRow(before + turns);
    reader.Read(&row);
    EXPECT_THAT(Turns(row), ElementsAre("user: Add.", "assistant: Three."));
    EXPECT_THAT(row.faults, IsEmpty());
  }
}

TEST(RenderedTextTest, AMissingEndIsSaid) {
  const RenderedTextReader reader(*Protocol(kChatMl));
  RawRow row = TextRow(
      "<|im_start|>user\nAdd.<|im_end|>\n<|im_start|>assistant\nThree.");
  reader.Read(&row);
  EXPECT_THAT(Turns(row), ElementsAre("user: Add.", "assistant: Three."));
  EXPECT_THAT(row.faults,
              ElementsAre("the text lacks the end of its last turn"));
}

TEST(RenderedTextTest, AnotherTemplatesTextStaysWhole) {
  const RenderedTextReader reader(*Protocol(kChatMl));
  RawRow row = TextRow("### Human: Add.\n### Assistant: Three.");
  reader.Read(&row);
  EXPECT_THAT(Turns(row), ElementsAre("assistant: ### Human: Add.\n"
                                      "### Assistant: Three."));
  EXPECT_THAT(row.faults, ElementsAre("this model's template does not write "
                                      "such a text"));
}

TEST(RenderedTextTest, TemplatesWithoutMarkersAreReadToo) {
  const RenderedTextReader reader(*Protocol(
      "{% for m in messages %}{% if m.role == 'user' %}<s>USER: {{ m.content }}"
      "{% else %} ASSISTANT: {{ m.content }}</s>{% endif %}{% endfor %}"));
  RawRow row = TextRow(
      "<s>USER: Add. ASSISTANT: Three.</s><s>USER: And? "
      "ASSISTANT: Four.</s>");
  reader.Read(&row);
  EXPECT_THAT(Turns(row), ElementsAre("user: Add.", "assistant: Three.",
                                      "user: And?", "assistant: Four."));
}

}  // namespace
}  // namespace fullstop
