#include "engine/cached_sequence.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "engine/engine_test_model.h"

namespace fullstop {
namespace {

TEST(CachedSequenceTest, OnlyWhatDiffersIsEvaluatedAgain) {
  TableModel model = ScriptedModel({});
  CachedSequence sequence(model, 0, 4);
  EXPECT_EQ(sequence.Prepare(Bytes("abcdefgh")).evaluated, 8);
  const CachedSequence::Prepared again = sequence.Prepare(Bytes("abcdeXYZ"));
  EXPECT_EQ(again.kept, 5);
  EXPECT_EQ(again.evaluated, 3);
  EXPECT_EQ(sequence.ids(), Bytes("abcdeXYZ"));
  EXPECT_EQ(model.SequenceLength(0), 8);
  EXPECT_EQ(model.evaluated(), 11);
}

TEST(CachedSequenceTest, SamePromptEvaluatesItsLastTokenForTheLogits) {
  TableModel model = ScriptedModel({});
  CachedSequence sequence(model, 0);
  sequence.Prepare(Bytes("abc"));
  EXPECT_EQ(sequence.Prepare(Bytes("abc")).evaluated, 1);
  EXPECT_EQ(sequence.logits().size(), static_cast<size_t>(kVocabularySize));
}

TEST(CachedSequenceTest, PromptThatDoesNotFitLeavesTheCacheAsItWas) {
  TableModel model = ScriptedModel({}, 4);
  CachedSequence sequence(model, 0);
  sequence.Prepare(Bytes("abc"));
  EXPECT_THROW(sequence.Prepare(Bytes("abcde")), Error);
  EXPECT_THROW(sequence.Prepare({}), Error);
  EXPECT_EQ(sequence.ids(), Bytes("abc"));
  EXPECT_FALSE(sequence.full());
  sequence.Append('d');
  EXPECT_TRUE(sequence.full());
}

TEST(CachedSequenceTest, CancelledPromptKeepsWhatWasEvaluated) {
  TableModel model = ScriptedModel({});
  CachedSequence sequence(model, 0, 2);
  const CachedSequence::Prepared prepared = sequence.Prepare(
      Bytes("abcdef"), [](int32_t done, int32_t) { return done < 4; });
  EXPECT_TRUE(prepared.cancelled);
  EXPECT_EQ(sequence.ids(), Bytes("abcd"));
  EXPECT_EQ(sequence.Prepare(Bytes("abcdef")).evaluated, 2);
}

TEST(CachedSequenceTest, StepBackMakesTheLogitsOfTheNewTail) {
  TableModel model = ScriptedModel({"xyz"});
  CachedSequence sequence(model, 0);
  sequence.Prepare(std::vector<TokenId>{kAssistant, 'x'});
  const std::vector<float> before(sequence.logits().begin(),
                                  sequence.logits().end());
  sequence.Append('y');
  sequence.Append('z');
  sequence.StepBack(2);
  EXPECT_EQ(sequence.ids(), (std::vector<TokenId>{kAssistant, 'x'}));
  EXPECT_EQ(
      std::vector<float>(sequence.logits().begin(), sequence.logits().end()),
      before);
}

}  // namespace
}  // namespace fullstop
