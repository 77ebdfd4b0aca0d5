#include "measure/known_replies.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <set>

#include "base/error.h"
#include "base/test_folder.h"
#include "measure/own_replies.h"

namespace fullstop {
namespace {

std::vector<KnownReply> Read(const std::string& text) {
  const TestFolder folder;
  std::ofstream(folder.File("replies.jsonl")) << text;
  return ReadKnownReplies(folder.File("replies.jsonl"));
}

std::string Refusal(const std::string& text) {
  try {
    Read(text);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(KnownRepliesTest, TheFirstEightAreInSeveralScripts) {
  const std::vector<KnownReply> known = KnownReplies();
  std::set<std::string_view> scripts;
  std::set<std::string> prompts;
  for (const KnownReply& each : known) {
    EXPECT_EQ(each.messages.back()["role"], "user");
    EXPECT_FALSE(each.reply.empty());
    prompts.insert(each.messages.dump());
  }
  EXPECT_EQ(prompts.size(), known.size());
  size_t first = 0;
  size_t all = 0;
  for (size_t i = 0; i < known.size(); ++i) {
    all += known[i].reply.size();
    if (i >= 8) continue;
    first += known[i].reply.size();
    scripts.insert(MostlyScript(known[i].reply, 5));
  }
  EXPECT_LT(first / 8, all / known.size());
  EXPECT_THAT(scripts, ::testing::UnorderedElementsAre("latin", "han", "kana"));
}

TEST(KnownRepliesTest, BothFormsAreRead) {
  const auto known = Read(R"({"prompt": "Hi", "reply": "Hello."})"
                          "\n\n"
                          R"({"messages": [{"role": "system", "content": "S"},)"
                          R"({"role": "user", "content": "Q"},)"
                          R"({"role": "assistant", "content": "A"}]})");
  ASSERT_EQ(known.size(), 2U);
  EXPECT_EQ(known[0].messages[0]["content"], "Hi");
  EXPECT_EQ(known[0].reply, "Hello.");
  EXPECT_EQ(known[1].messages.size(), 2U);
  EXPECT_EQ(known[1].reply, "A");
}

TEST(KnownRepliesTest, BadLinesAreNamed) {
  EXPECT_THAT(Refusal("{\"prompt\": \"a\", \"reply\": \"b\"}\n{"),
              ::testing::HasSubstr("line 2: it is no JSON"));
  EXPECT_THAT(Refusal("[]"), ::testing::HasSubstr("line 1: it is no object"));
  EXPECT_THAT(Refusal(R"({"messages": [{"role": "user", "content": "a"}]})"),
              ::testing::HasSubstr("line 1: it has neither"));
  EXPECT_THAT(Refusal(R"({"messages": [1, {"role": 3, "content": "a"}]})"),
              ::testing::HasSubstr("line 1"));
  EXPECT_THAT(Refusal("\n"), ::testing::HasSubstr("there is no reply"));
}

}  // namespace
}  // namespace fullstop
