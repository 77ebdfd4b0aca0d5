#include "measure/own_replies.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/engine_test_model.h"

namespace fullstop {
namespace {

using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

std::set<ReplyFault> Faults(const std::string& text, EndCause cause) {
  const TestVocabulary vocabulary;
  OwnReply reply;
  reply.messages = {{{"role", "user"}, {"content", "What is water?"}}};
  reply.text = text;
  reply.end.cause = cause;
  return FaultsOf(vocabulary.protocol(), reply);
}

TEST(OwnRepliesTest, WholeRepliesHaveNoFaults) {
  EXPECT_THAT(Faults("Water is wet.", EndCause::kTurnEnd), IsEmpty());
  EXPECT_THAT(Faults("The user:\nuser name is a word.", EndCause::kTurnEnd),
              IsEmpty());
  EXPECT_THAT(Faults("Water is вода in Russian.", EndCause::kTurnEnd),
              IsEmpty());
}

TEST(OwnRepliesTest, EndsAreFaults) {
  EXPECT_THAT(Faults("Water", EndCause::kMaxTokens),
              UnorderedElementsAre(ReplyFault::kOverlong));
  EXPECT_THAT(Faults("Water", EndCause::kLoop),
              UnorderedElementsAre(ReplyFault::kLoop));
  EXPECT_THAT(Faults("Water", EndCause::kTurnOpen),
              UnorderedElementsAre(ReplyFault::kAnotherTurn));
}

// In some families the marker of the user's turn is the declared end.
TEST(OwnRepliesTest, ADeclaredOpenerIsAnEnd) {
  const TestVocabulary vocabulary;
  OwnReply reply;
  reply.messages = {{{"role", "user"}, {"content", "What is water?"}}};
  reply.text = "Water is wet.";
  reply.end.cause = EndCause::kTurnOpen;
  reply.end.from = {{Provenance::kDerived, "template"}};
  EXPECT_THAT(FaultsOf(vocabulary.protocol(), reply),
              UnorderedElementsAre(ReplyFault::kAnotherTurn));
  EXPECT_EQ(CountEnded({reply}), 0U);
  reply.end.from.push_back({Provenance::kGguf, "tokenizer.ggml.eos_token_id"});
  EXPECT_THAT(FaultsOf(vocabulary.protocol(), reply), IsEmpty());
  EXPECT_EQ(CountEnded({reply}), 1U);
}

TEST(OwnRepliesTest, TextsAreFaults) {
  EXPECT_THAT(Faults(" \n", EndCause::kTurnEnd),
              UnorderedElementsAre(ReplyFault::kEmpty));
  EXPECT_THAT(Faults("Water.\nuser\nMore?", EndCause::kTurnEnd),
              UnorderedElementsAre(ReplyFault::kAnotherTurn));
  EXPECT_THAT(Faults("Water.\nHuman: More?", EndCause::kTurnEnd),
              UnorderedElementsAre(ReplyFault::kAnotherTurn));
  EXPECT_THAT(Faults("Water.</t>", EndCause::kTurnEnd),
              UnorderedElementsAre(ReplyFault::kSpelledMarker));
  EXPECT_THAT(Faults("Water is a clear liquid without any taste. Вода это "
                     "прозрачная жидкость без вкуса",
                     EndCause::kTurnEnd),
              UnorderedElementsAre(ReplyFault::kOtherScript));
}

TEST(OwnRepliesTest, ScriptsAreThoseOfMostLetters) {
  EXPECT_EQ(MostlyScript("abc", 3), "latin");
  EXPECT_EQ(MostlyScript("abc", 4), "");
  EXPECT_EQ(MostlyScript("こんにちは世界世界世界", 3), "kana");
  EXPECT_EQ(MostlyScript("ab вг", 2), "");
  EXPECT_EQ(MostlyScript("\xff\xfe 12 水", 1), "han");
}

TEST(OwnRepliesTest, AModelsReplyIsTakenAsItEnds) {
  const TestVocabulary vocabulary;
  TableModel model = ScriptedModel({"Hello"});
  OwnReplyOptions options;
  options.sampling.temp = 0;
  options.max_tokens = 3;
  const OwnReply reply =
      MakeOwnReply(vocabulary.protocol(), model,
                   {{{"role", "user"}, {"content", "Hi"}}}, options);
  EXPECT_EQ(reply.text, "Hel");
  EXPECT_TRUE(reply.greedy);
  EXPECT_EQ(reply.tokens, 3U);
  EXPECT_THAT(reply.faults, UnorderedElementsAre(ReplyFault::kOverlong));
}

}  // namespace
}  // namespace fullstop
