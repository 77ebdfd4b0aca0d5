#include "data/predicted_row.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "protocol/byte_model.h"

namespace fullstop {
namespace {

// A row of turns of so many given and written ids: the first have the ids 0, 1,
// …, the others 100, 101, …, and a turn's last written id is its end.
LabelledRow Row(const std::vector<std::pair<size_t, size_t>>& turns) {
  LabelledRow row;
  const auto add = [&row](TokenId id) { row.prompt.ids.push_back({id, {}}); };
  for (const auto& [given, written] : turns) {
    for (size_t i = 0; i < given; ++i) add(static_cast<TokenId>(i));
    WrittenTurn turn;
    turn.begin = row.prompt.ids.size();
    for (size_t i = 0; i < written; ++i) add(static_cast<TokenId>(100 + i));
    turn.end = row.prompt.ids.size();
    turn.stop = turn.end - 1;
    row.turns.push_back(turn);
  }
  return row;
}

// The ids, those that are trained with a "+".
std::string Shown(const PredictedRow& made) {
  std::string shown;
  for (size_t i = 0; i < made.row.ids.size(); ++i) {
    shown += (i > 0 ? " " : "") + std::to_string(made.row.ids[i]) +
             (made.row.labels[i] == kNotTrained ? "" : "+");
  }
  return shown + " / " + std::to_string(made.ids_cut) + " " +
         std::to_string(made.ends_cut);
}

TEST(PredictedRowTest, WhatFitsIsWhole) {
  EXPECT_EQ(Shown(Predict(Row({{2, 2}, {1, 3}}), {}, {})),
            "0 1 100+ 101+ 0 100+ 101+ 102+ / 0 0");
}

TEST(PredictedRowTest, HistoryAndPromptsAreMaskedAsTheySay) {
  EXPECT_EQ(Shown(Predict(Row({{1, 2}, {2, 3}}), {.mask_history = true}, {})),
            "0 100 101 0 1 100+ 101+ 102+ / 0 0");
  EXPECT_EQ(Shown(Predict(Row({{1, 2}}), {.train_on_prompt = true}, {})),
            "0+ 100+ 101+ / 0 0");
}

// By hand, from the trainer's own function.
TEST(PredictedRowTest, CutsAreTheTrainers) {
  // 2 * 2 < 6: the answer is whole.
  EXPECT_EQ(Shown(Predict(Row({{9, 2}}), {.cutoff = 6}, {})),
            "0 1 2 3 100+ 101+ / 5 0");
  // 2 * 2 < 6: the question is whole.
  EXPECT_EQ(Shown(Predict(Row({{2, 9}}), {.cutoff = 6}, {})),
            "0 1 100+ 101+ 102+ 103+ / 5 1");
  // Both are cut in proportion: 6 * 5 / 10 = 3.
  EXPECT_EQ(Shown(Predict(Row({{5, 5}}), {.cutoff = 6}, {})),
            "0 1 2 100+ 101+ 102+ / 4 1");
}

TEST(PredictedRowTest, PlacesAreThoseOfTheWholeRow) {
  EXPECT_THAT(Predict(Row({{5, 5}}), {.cutoff = 6}, {}).places,
              ::testing::ElementsAre(0, 1, 2, 5, 6, 7));
}

TEST(PredictedRowTest, TurnsBehindTheCutAreLeftOut) {
  EXPECT_EQ(Shown(Predict(Row({{2, 2}, {2, 2}}), {.cutoff = 4}, {})),
            "0 1 100+ 101+ / 4 1");
}

TEST(PredictedRowTest, TheLastTurnComesFirstWhereItAloneIsTrained) {
  EXPECT_EQ(Shown(Predict(Row({{1, 2}, {2, 2}}),
                          {.cutoff = 4, .mask_history = true}, {})),
            "0 1 100+ 101+ / 3 1");
}

// 22 * (30 / 44) is less than 15 in the trainer's floating point.
TEST(PredictedRowTest, SharesAreRoundedAsTheTrainerRoundsThem) {
  const PredictedRow made = Predict(Row({{14, 30}}), {.cutoff = 22}, {});
  EXPECT_EQ(std::ranges::count(made.row.labels, kNotTrained), 8);
}

TEST(PredictedRowTest, AnotherEndTakesThePlaceOfTheModels) {
  EXPECT_EQ(Shown(Predict(Row({{2, 2}, {1, 3}}), {},
                          {.turn = std::vector<TokenId>{7}})),
            "0 1 100+ 7+ 0 100+ 101+ 7+ / 0 0");
}

// The model's own end is what is said next, as the user's marker in GLM.
TEST(PredictedRowTest, AnEfficientEndIsALabelAndBehindTheRow) {
  const TrainerEnds ends = {.turn = std::vector<TokenId>(), .row = 9};
  const PredictedRow made = Predict(Row({{2, 2}, {1, 3}}), {}, ends);
  EXPECT_THAT(made.row.ids,
              ::testing::ElementsAre(0, 1, 100, 101, 0, 100, 101, 9));
  EXPECT_THAT(made.row.labels,
              ::testing::ElementsAre(-100, -100, 100, 9, -100, 100, 101, 9));
  EXPECT_FALSE(made.ended_behind_cut);
}

TEST(PredictedRowTest, MaskedHistoryKeepsItsEfficientEnds) {
  const TrainerEnds ends = {.turn = std::vector<TokenId>(), .row = 9};
  const PredictedRow made =
      Predict(Row({{1, 2}, {1, 2}, {1, 2}}), {.mask_history = true}, ends);
  EXPECT_THAT(made.row.labels, ::testing::ElementsAre(9, -100, 9, -100, -100,
                                                      -100, -100, 100, 9));
}

TEST(PredictedRowTest, AnEfficientEndStandsBehindACutAnswerToo) {
  const TrainerEnds ends = {.turn = std::vector<TokenId>(), .row = 9};
  const PredictedRow made = Predict(Row({{2, 9}}), {.cutoff = 6}, ends);
  EXPECT_THAT(made.row.ids, ::testing::ElementsAre(0, 1, 100, 101, 102, 9));
  EXPECT_TRUE(made.ended_behind_cut);
}

TEST(PredictedRowTest, WhiteSpaceBehindAnEndIsTheAnswers) {
  LabelledRow row = Row({{1, 1}, {1, 1}});
  row.prompt.text = "\n";
  row.prompt.ids[2] = {10, {0, 1}};
  row.turns[1].begin = 3;
  EXPECT_EQ(Shown(Predict(row, {}, {})), "0 100+ 10+ 100+ / 0 0");
}

TEST(PredictedRowTest, EndsAreThoseOfTheTrainersTemplate) {
  const auto protocol = TurnProtocol::Resolve(
      ByteModel({"<|im_end|>", "<eos>"})
          .Declare("eos", "<eos>")
          .Template("{% for m in messages %}{{ m.content }}<eos>{% endfor %}")
          .Sources());
  const auto ends = [&](const char* name) {
    return EndsOf({.template_name = name}, *protocol);
  };
  EXPECT_THAT(*ends("qwen").turn, ::testing::ElementsAre(256));
  EXPECT_EQ(ends("qwen").row, std::nullopt);
  // One that the vocabulary lacks is added behind its last.
  EXPECT_THAT(*ends("phi").turn, ::testing::ElementsAre(258));
  EXPECT_THAT(*ends("glm4").turn, ::testing::IsEmpty());
  EXPECT_EQ(ends("glm4").row, 257);
  EXPECT_EQ(ends("mistral").turn, std::nullopt);
}

}  // namespace
}  // namespace fullstop
