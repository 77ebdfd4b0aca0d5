#include "measure/measurement.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "engine/engine_test_model.h"
#include "measure/measurement_json.h"

namespace fullstop {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

KnownReply Known(const std::string& prompt, const std::string& reply) {
  return {{{{"role", "user"}, {"content", prompt}}}, reply};
}

// Knows the text "abcd" and its end: END behind it, another byte inside.
TableModel Knowing(TokenId end, float strength) {
  return TableModel(kVocabularySize, 4096,
                    [end, strength](std::span<const TokenId> ids) {
                      std::vector<float> logits(kVocabularySize, 0.0f);
                      const TokenId last = ids.back();
                      if (last == kAssistant) {
                        logits['a'] = 10;
                      } else if (last == 'd') {
                        logits[static_cast<size_t>(end)] = strength;
                      } else if (last >= 'a' && last < 'd') {
                        logits[static_cast<size_t>(last) + 1] = 10;
                      }
                      return logits;
                    });
}

Measurement MeasureKnown(TableModel& model) {
  const TestVocabulary vocabulary;
  MeasureOptions options;
  for (int i = 0; i < 6; ++i) {
    options.known.push_back(Known("q" + std::to_string(i), "abcd"));
  }
  options.declared = {kEnd};
  Plan plan;
  plan.known = options.known.size();
  return *Measure(vocabulary.protocol(), model, plan, options);
}

TEST(MeasurementTest, ProbabilitiesAreThoseOfTheLogits) {
  TableModel model = Knowing(kEnd, 12);
  const Measurement measured = MeasureKnown(model);
  ASSERT_THAT(measured.known, SizeIs(6));
  const ForcedReply& reply = measured.known.front();
  const double others = kVocabularySize - 1;
  EXPECT_EQ(reply.tokens, 4U);
  ASSERT_THAT(reply.p_stop, SizeIs(4));
  EXPECT_NEAR(reply.p_stop[0], 1 / (others + std::exp(10)), 1e-9);
  EXPECT_NEAR(reply.p_stop[3], std::exp(12) / (others + std::exp(12)), 1e-9);
  EXPECT_NEAR(reply.logprob, 10 - std::log(others + std::exp(10)), 1e-6);
  EXPECT_EQ(reply.stop_rank, 1U);
  EXPECT_EQ(reply.next, kEnd);
}

TEST(MeasurementTest, AKnownEndIsToldFromTheInside) {
  TableModel model = Knowing(kEnd, 12);
  const KnownSummary summary = SumUp(MeasureKnown(model), kVocabularySize);
  EXPECT_EQ(summary.normal, 6U);
  EXPECT_EQ(summary.separation.value, 1);
  EXPECT_GT(summary.p_stop_end.low, 0.9);
  EXPECT_THAT(summary.heirs, IsEmpty());
  EXPECT_FALSE(summary.next.has_value());
}

TEST(MeasurementTest, AnotherSpecialTokenAtTheEndsIsAnHeir) {
  TableModel model = Knowing(kUser, 12);
  const KnownSummary summary = SumUp(MeasureKnown(model), kVocabularySize);
  EXPECT_LT(summary.p_stop_end.high, 0.01);
  ASSERT_THAT(summary.heirs, SizeIs(1));
  EXPECT_EQ(summary.heirs[0].id, kUser);
}

TEST(MeasurementTest, AnOrdinaryTokenAtTheEndsComesNext) {
  TableModel model = Knowing('z', 12);
  const KnownSummary summary = SumUp(MeasureKnown(model), kVocabularySize);
  EXPECT_THAT(summary.heirs, IsEmpty());
  ASSERT_TRUE(summary.next.has_value());
  EXPECT_EQ(summary.next->id, 'z');
}

// What the cache keeps from one text to the next changes no figure.
TEST(MeasurementTest, TextsAreMeasuredTheSameInAnyOrder) {
  const TestVocabulary vocabulary;
  TableModel model = Knowing(kEnd, 3);
  const Watched watched{{kEnd}, {kEnd}, {kUser}};
  const auto one = RenderForced(vocabulary.protocol(), Known("same", "abcd"));
  const auto two = RenderForced(vocabulary.protocol(), Known("same", "abx"));
  ASSERT_TRUE(one && two);
  Teacher fresh(model);
  const ForcedReply alone = fresh.Measure(*two, watched);
  Teacher teacher(model);
  teacher.Measure(*one, watched);
  teacher.Measure(*two, watched);
  const ForcedReply after = teacher.Measure(*two, watched);
  EXPECT_EQ(alone.p_stop, after.p_stop);
  EXPECT_EQ(alone.logprob, after.logprob);
  EXPECT_EQ(alone.special_inside, after.special_inside);
}

// Scaled, an end's row tells ends as well as before; zeroed, it says nothing.
TEST(MeasurementTest, TheRowOfAnEndIsReadBeforeTheSoftmax) {
  TableModel small = Knowing(kEnd, 0.5f);
  const KnownSummary scaled = SumUp(MeasureKnown(small), kVocabularySize);
  EXPECT_EQ(scaled.row_separation.value, 1);
  EXPECT_GT(scaled.row_spread, 0.1);
  TableModel dead = Knowing(kEnd, 0);
  const KnownSummary zeroed = SumUp(MeasureKnown(dead), kVocabularySize);
  EXPECT_EQ(zeroed.row_separation.value, 0.5);
  EXPECT_EQ(zeroed.row_spread, 0);
}

// The user's turn has ended once already: that is what penalties count.
TEST(MeasurementTest, RepliesAreDrawnByEachSetting) {
  const TestVocabulary vocabulary;
  TableModel model = Knowing(kEnd, 6);
  MeasureOptions options;
  options.known = {Known("q", "abcd"), Known("p", "abcd")};
  options.declared = {kEnd};
  const Plan plan{.seed = 4,
                  .known = 2,
                  .sweep_settings = 5,
                  .sweep_replies = 40,
                  .sweep_tokens = 8};
  const auto measured = Measure(vocabulary.protocol(), model, plan, options);
  ASSERT_TRUE(measured);
  EXPECT_THAT(measured->own, IsEmpty());
  std::map<std::string, size_t> ended;
  for (const SweepPoint& point : measured->sweep) {
    if (point.replies.empty()) continue;
    EXPECT_THAT(point.replies, SizeIs(40)) << point.Name();
    ended[point.Name()] = CountEnded(point.replies);
  }
  ASSERT_THAT(ended, SizeIs(5));
  const size_t ours = ended.at("repeat penalty 1.5");
  EXPECT_GT(ours, 20U);
  EXPECT_LT(ended.at("repeat penalty, as llama.cpp applies it 1.5"), ours / 2);
  EXPECT_LT(ended.at("repeat penalty, as transformers applies it 1.5"),
            ours / 2);
}

TEST(MeasurementTest, TheSamePlanGivesTheSameText) {
  const TestVocabulary vocabulary;
  MeasureOptions options;
  options.known = {Known("q", "abcd"), Known("p", "abc")};
  options.declared = {kEnd};
  options.sampling.temp = 1;
  const Plan plan{.seed = 4,
                  .known = 2,
                  .greedy = 1,
                  .sampled = 3,
                  .max_tokens = 8,
                  .variants = 2,
                  .sweep_settings = 3,
                  .sweep_replies = 2,
                  .sweep_tokens = 8};
  std::vector<std::string> texts;
  for (int i = 0; i < 2; ++i) {
    TableModel model = Knowing(kEnd, 3);
    const auto measured = Measure(vocabulary.protocol(), model, plan, options);
    ASSERT_TRUE(measured);
    EXPECT_THAT(measured->own, SizeIs(4));
    EXPECT_GT(measured->dresses.size(), 3U);
    texts.push_back(MeasurementToJson(*measured,
                                      SumUp(*measured, kVocabularySize),
                                      vocabulary.tokenizer())
                        .dump());
  }
  EXPECT_EQ(texts[0], texts[1]);
}

TEST(MeasurementTest, ItCanBeGivenUp) {
  const TestVocabulary vocabulary;
  TableModel model = Knowing(kEnd, 3);
  MeasureOptions options;
  options.known = {Known("q", "abcd")};
  options.progress = [](auto, size_t, size_t) { return true; };
  EXPECT_FALSE(Measure(vocabulary.protocol(), model, {.known = 1}, options));
}

}  // namespace
}  // namespace fullstop
