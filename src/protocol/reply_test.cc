#include "protocol/reply.h"

#include <gtest/gtest.h>

#include "protocol/byte_model.h"

namespace fullstop {
namespace {

ByteModel Model() {
  return ByteModel({"<a>", "<z>"}, {"<think>", "</think>"})
      .Template(
          "{% for m in messages %}<a>{{ m.role }}:{% if m.thinking %}"
          "<think>{{ m.thinking }}</think>{% endif %}{{ m.content }}<z>"
          "{% endfor %}{% if add_generation_prompt %}<a>assistant:{% endif %}");
}

// TEXT as ids: special tokens where they are spelt, bytes elsewhere.
std::vector<TokenId> Ids(const ByteModel& model, std::string_view text) {
  std::vector<TokenId> ids;
  while (!text.empty()) {
    size_t length = 1;
    for (const char* token : {"<a>", "<z>", "<think>", "</think>"}) {
      if (text.starts_with(token)) length = std::string_view(token).size();
    }
    ids.push_back(length == 1 ? static_cast<unsigned char>(text[0])
                              : model.Id(text.substr(0, length)));
    text.remove_prefix(length);
  }
  return ids;
}

SplitReply Split(std::string_view text, bool open = false) {
  const ByteModel model = Model();
  return SplitThought(*model.Resolve(), Ids(model, text), open);
}

TEST(ReplyTest, ThoughtAndAnswerAreSplitAtTheMarkers) {
  const SplitReply split = Split("<think>hm</think>yes<z>");
  EXPECT_EQ(split.thought_text, "hm");
  EXPECT_EQ(split.answer_text, "yes");
  EXPECT_EQ(split.thought.begin, 1);
  EXPECT_EQ(split.thought.end, 3);
  EXPECT_EQ(split.answer.begin, 4);
  EXPECT_EQ(split.answer.end, 7);
  EXPECT_FALSE(split.thought_unclosed);
}

TEST(ReplyTest, PromptMayHaveOpenedTheThought) {
  const SplitReply split = Split("hm</think>yes<z>", true);
  EXPECT_EQ(split.thought_text, "hm");
  EXPECT_EQ(split.answer_text, "yes");
}

TEST(ReplyTest, UnclosedThoughtIsNoAnswer) {
  const SplitReply split = Split("<think>hm", false);
  EXPECT_EQ(split.thought_text, "hm");
  EXPECT_EQ(split.answer_text, "");
  EXPECT_TRUE(split.thought_unclosed);
}

TEST(ReplyTest, QuotedMarkersAreText) {
  const ByteModel model = Model();
  std::vector<TokenId> ids;
  for (const char c : std::string("<think>no</think>")) ids.push_back(c);
  const SplitReply split = SplitThought(*model.Resolve(), ids, false);
  EXPECT_EQ(split.answer_text, "<think>no</think>");
  EXPECT_EQ(split.thought_text, "");
}

TEST(ReplyTest, OpeningInsideTheAnswerStaysThere) {
  EXPECT_EQ(Split("say <think>").answer_text, "say <think>");
}

TEST(ReplyTest, EmptyReplyHasEmptyParts) {
  EXPECT_EQ(Split("<z>").answer_text, "");
  EXPECT_EQ(Split("").answer.end, 0);
}

}  // namespace
}  // namespace fullstop
