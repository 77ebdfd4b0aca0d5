#include "engine/conversation.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "engine/engine_test_model.h"

namespace fullstop {
namespace {

using Json = nlohmann::ordered_json;

GenerationOptions Greedy() {
  GenerationOptions options;
  options.sampling.temp = 0;
  return options;
}

class CancelAfter : public ReplyObserver {
 public:
  explicit CancelAfter(int steps) : steps_(steps) {}
  bool Cancelled() override { return steps_ <= 0; }
  void OnStep(const GenerationStep&, const StopMachine&) override { --steps_; }

 private:
  int steps_;
};

class ConversationTest : public ::testing::Test {
 protected:
  void Say(Conversation& conversation, const char* text) {
    conversation.messages().push_back({{"role", "user"}, {"content", text}});
  }

  TestVocabulary vocabulary_;
  ReplyObserver silent_;
};

TEST_F(ConversationTest, ReplyEndsAtTheDeclaredTokenAndJoinsTheMessages) {
  TableModel model = ScriptedModel({"Hello."});
  Conversation conversation(vocabulary_.protocol(), model);
  Say(conversation, "Hi");
  const Turn turn = conversation.Reply(Greedy(), silent_);
  EXPECT_EQ(turn.reply.text, "Hello.");
  EXPECT_EQ(turn.reply.end.cause, EndCause::kTurnEnd);
  EXPECT_EQ(turn.reply.end.id, kEnd);
  EXPECT_EQ(turn.reply.usage.completion_tokens, 7u);
  EXPECT_EQ(conversation.messages().back()["content"], "Hello.");
}

TEST_F(ConversationTest, NextTurnEvaluatesOnlyWhatIsNew) {
  TableModel model = ScriptedModel({"Hello.", "Yes."});
  Conversation conversation(vocabulary_.protocol(), model);
  Say(conversation, "Hi");
  conversation.Reply(Greedy(), silent_);
  const int64_t before = model.evaluated();
  const size_t cached = conversation.cached_ids().size();
  Say(conversation, "Ok?");
  const Turn turn = conversation.Reply(Greedy(), silent_);
  // </t> of the reply, <u>Ok?</t><a>, and the four tokens of the new reply.
  EXPECT_EQ(model.evaluated() - before, 1 + 6 + 4);
  EXPECT_EQ(turn.reply.cached_tokens, static_cast<int32_t>(cached));
}

TEST_F(ConversationTest, StopTokenIsNotInTheCacheUntilTheRenderingHasIt) {
  TableModel model = ScriptedModel({"Hello."});
  Conversation conversation(vocabulary_.protocol(), model);
  Say(conversation, "Hi");
  conversation.Reply(Greedy(), silent_);
  EXPECT_EQ(conversation.cached_ids().back(), '.');
}

TEST_F(ConversationTest, CancelledReplyIsClosedInTheNextRendering) {
  TableModel model = ScriptedModel({"Hello, how are you?", "Fine."});
  Conversation conversation(vocabulary_.protocol(), model);
  Say(conversation, "Hi");
  CancelAfter cancel(5);
  const Turn cut = conversation.Reply(Greedy(), cancel);
  EXPECT_EQ(cut.reply.end.cause, EndCause::kCancelled);
  EXPECT_EQ(cut.reply.text, "Hello,");
  Say(conversation, "Go on");
  EXPECT_EQ(conversation.Prompt().text,
            "<s><u>Hi</t><a>Hello,</t><u>Go on</t><a>");
  EXPECT_EQ(conversation.Reply(Greedy(), silent_).reply.text, "Fine.");
}

TEST_F(ConversationTest, CancelBeforeTheFirstTokenLeavesAnEmptyReply) {
  TableModel model = ScriptedModel({"Hello."});
  Conversation conversation(vocabulary_.protocol(), model);
  Say(conversation, "Hi");
  CancelAfter cancel(0);
  const Turn turn = conversation.Reply(Greedy(), cancel);
  EXPECT_EQ(turn.reply.end.cause, EndCause::kCancelled);
  EXPECT_EQ(turn.reply.text, "");
  EXPECT_TRUE(turn.reply.ids.empty());
}

TEST_F(ConversationTest, TokenLimitIsExact) {
  TableModel model = ScriptedModel({"Hello, how are you?"});
  Conversation conversation(vocabulary_.protocol(), model);
  Say(conversation, "Hi");
  GenerationOptions options = Greedy();
  options.stops.max_tokens = 3;
  const Turn turn = conversation.Reply(options, silent_);
  EXPECT_EQ(turn.reply.end.cause, EndCause::kMaxTokens);
  EXPECT_EQ(turn.reply.ids.size(), 3u);
  EXPECT_EQ(turn.reply.text, "Hel");
}

TEST_F(ConversationTest, ReplyThatFillsTheContextSaysSo) {
  // <s><u>Hi</t><a> are six tokens; two more fit, and a third can be drawn.
  TableModel model = ScriptedModel({"Hello."}, 8);
  Conversation conversation(vocabulary_.protocol(), model);
  Say(conversation, "Hi");
  const Turn turn = conversation.Reply(Greedy(), silent_);
  EXPECT_EQ(turn.reply.end.cause, EndCause::kContextFull);
  EXPECT_EQ(turn.reply.text, "Hel");
}

TEST_F(ConversationTest, PromptThatDoesNotFitChangesNothing) {
  TableModel model = ScriptedModel({"Hello."}, 5);
  Conversation conversation(vocabulary_.protocol(), model);
  Say(conversation, "Hi there");
  EXPECT_THROW(conversation.Reply(Greedy(), silent_), Error);
  EXPECT_EQ(conversation.messages().size(), 1u);
}

TEST_F(ConversationTest, DroppingTheOldestTurnKeepsSystemAndIds) {
  TableModel model = ScriptedModel({"One.", "Two."});
  Conversation conversation(vocabulary_.protocol(), model);
  conversation.messages().push_back({{"role", "system"}, {"content", "S"}});
  Say(conversation, "a");
  conversation.Reply(Greedy(), silent_);
  Say(conversation, "b");
  conversation.Reply(Greedy(), silent_);
  EXPECT_TRUE(conversation.DropOldestTurn());
  EXPECT_EQ(conversation.Prompt().text, "<s><u>S</t><u>b</t><a>Two.</t><a>");
  ASSERT_EQ(conversation.request().kept.size(), 1u);
  EXPECT_EQ(conversation.request().kept.begin()->first, 2u);
  EXPECT_FALSE(conversation.DropOldestTurn());
}

constexpr std::string_view kUnit = "abcdefghij";

// A model that repeats kUnit until it is steered off, then ends.
TableModel LoopingModel(int32_t context_length = 4096) {
  return TableModel(
      kVocabularySize, context_length, [](std::span<const TokenId> ids) {
        std::vector<float> logits(kVocabularySize, 0.0f);
        size_t spoken = 0;
        while (ids[ids.size() - 1 - spoken] != kAssistant) ++spoken;
        const bool off =
            spoken > 0 &&
            ids.back() != static_cast<unsigned char>(kUnit[(spoken - 1) % 10]);
        logits[kEnd] = off ? 20.0f : 5.0f;
        logits[static_cast<unsigned char>(kUnit[spoken % 10])] = 10.0f;
        logits['!'] = 6.0f;
        return logits;
      });
}

TEST_F(ConversationTest, ReplyThatEndsWhereALoopIsSteppedBackKeepsNoneOfIt) {
  TableModel model = LoopingModel();
  Conversation conversation(vocabulary_.protocol(), model);
  Say(conversation, "Hi");
  GenerationOptions options = Greedy();
  options.on_loop = OnLoop::kStepBack;
  options.stops.max_tokens = 48;  // the loop is found at this one
  const Turn turn = conversation.Reply(options, silent_);
  EXPECT_EQ(turn.reply.end.cause, EndCause::kMaxTokens);
  EXPECT_EQ(turn.reply.text, kUnit);
  EXPECT_EQ(turn.reply.ids, Bytes(kUnit));
  EXPECT_EQ(turn.reply.usage.completion_tokens, 48u);
  EXPECT_EQ(turn.reply.usage.stepped_back_tokens, 38u);
  std::vector<TokenId> cached = Bytes(kUnit);
  cached.insert(cached.begin(), {kBos, kUser, 'H', 'i', kEnd, kAssistant});
  EXPECT_EQ(conversation.cached_ids(), cached);
  EXPECT_EQ(model.SequenceLength(0), static_cast<int32_t>(cached.size()));
}

TEST_F(ConversationTest, SteppingBackMakesRoomInAFullContext) {
  // The prompt has 6 tokens; the loop's 48th is drawn when the cache is full.
  TableModel model = LoopingModel(6 + 47);
  Conversation conversation(vocabulary_.protocol(), model);
  Say(conversation, "Hi");
  GenerationOptions options = Greedy();
  options.on_loop = OnLoop::kStepBack;
  const Turn turn = conversation.Reply(options, silent_);
  EXPECT_EQ(turn.reply.end.cause, EndCause::kTurnEnd);
  EXPECT_EQ(turn.reply.text, std::string(kUnit) + "!");
}

TEST_F(ConversationTest, LoopThatEndsTheReplyIsNoNote) {
  TableModel model = LoopingModel();
  Conversation conversation(vocabulary_.protocol(), model);
  Say(conversation, "Hi");
  const Turn turn = conversation.Reply(Greedy(), silent_);
  EXPECT_EQ(turn.reply.end.cause, EndCause::kLoop);
  EXPECT_TRUE(turn.reply.loops.empty());
}

TEST_F(ConversationTest, StepBackTakesALoopOutOfTextIdsAndCache) {
  TableModel model = LoopingModel();
  Conversation conversation(vocabulary_.protocol(), model);
  Say(conversation, "Hi");
  GenerationOptions options = Greedy();
  options.on_loop = OnLoop::kStepBack;
  const Turn turn = conversation.Reply(options, silent_);
  EXPECT_EQ(turn.reply.end.cause, EndCause::kTurnEnd);
  ASSERT_EQ(turn.reply.loops.size(), 1u);
  EXPECT_EQ(turn.reply.loops[0].loop.period, 10u);
  EXPECT_GT(turn.reply.loops[0].stepped_back, 0u);
  EXPECT_EQ(turn.reply.usage.stepped_back_tokens,
            turn.reply.loops[0].stepped_back);
  EXPECT_EQ(turn.reply.text, std::string(kUnit) + "!");
  std::vector<TokenId> cached = Bytes(turn.reply.text);
  cached.insert(cached.begin(), {kBos, kUser, 'H', 'i', kEnd, kAssistant});
  EXPECT_EQ(conversation.cached_ids(), cached);
}

TEST_F(ConversationTest, LoopStopsAReplyAndSaysItsPeriod) {
  TableModel model(kVocabularySize, 4096, [](std::span<const TokenId> ids) {
    std::vector<float> logits(kVocabularySize, 0.0f);
    logits[static_cast<size_t>('a' + (ids.size() % 16))] = 20.0f;
    return logits;
  });
  Conversation conversation(vocabulary_.protocol(), model);
  Say(conversation, "Hi");
  const Turn turn = conversation.Reply(Greedy(), silent_);
  EXPECT_EQ(turn.reply.end.cause, EndCause::kLoop);
  EXPECT_EQ(turn.reply.end.period, 16u);
  EXPECT_EQ(turn.reply.ids.size(), 48u);
}

}  // namespace
}  // namespace fullstop
