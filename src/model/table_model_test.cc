#include "model/table_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "base/error.h"

namespace fullstop {
namespace {

using testing::ElementsAre;

// Token N is followed by N + 1: its logit is 5, all others are 0.
std::vector<float> Successor(std::span<const TokenId> ids) {
  std::vector<float> logits(8, 0.0f);
  logits[static_cast<size_t>((ids.back() + 1) % 8)] = 5;
  return logits;
}

Row At(int32_t position, TokenId token, Want want = Want::kNothing,
       SequenceId sequence = 0) {
  return {.sequence = sequence,
          .position = position,
          .token = token,
          .want = want,
          .top_k = 2};
}

TEST(TableModelTest, RowGetsWhatItWants) {
  TableModel model(8, 10, Successor);
  const std::vector<TokenId> chosen = {4, 0};
  std::vector<Row> rows = {At(0, 2), At(1, 3, Want::kTopLogits),
                           At(2, 4, Want::kLogits), At(3, 6, Want::kHidden)};
  rows[1].chosen = chosen;
  ForwardResult& result = model.Forward(rows, Phase::kPrefill);
  EXPECT_EQ(result.Top(1)[0].id, 4);
  EXPECT_EQ(result.Top(1)[1].id, 0);
  EXPECT_EQ(result.Top(1).size(), 2u);
  EXPECT_NEAR(result.LogSumExp(1), std::log(std::exp(5.0) + 7), 1e-12);
  EXPECT_THAT(result.Chosen(1), ElementsAre(5.0f, 0.0f));
  EXPECT_EQ(result.Logits(2)[5], 5.0f);
  EXPECT_THAT(result.Hidden(3), ElementsAre(6.0f));
  EXPECT_THROW(result.Logits(0), Error);
  EXPECT_THROW(result.Hidden(2), Error);
  EXPECT_EQ(model.evaluated(), 4);
}

TEST(TableModelTest, SequencesAreCopiedCutAndDropped) {
  TableModel model(8, 10, Successor);
  model.Forward(std::vector<Row>{At(0, 1), At(1, 2), At(2, 3)},
                Phase::kPrefill);
  model.CopySequence(0, 7, 2);
  model.Forward(std::vector<Row>{At(2, 5, Want::kNothing, 7)}, Phase::kDecode);
  EXPECT_THAT(model.Ids(7), ElementsAre(1, 2, 5));
  EXPECT_THAT(model.Ids(0), ElementsAre(1, 2, 3));
  model.CutSequence(0, 1);
  EXPECT_EQ(model.SequenceLength(0), 1);
  model.DropSequence(0);
  EXPECT_EQ(model.SequenceLength(0), 0);
}

struct BadCall {
  const char* name;
  Row row;
  Error::Kind kind;
};

class TableModelCallerTest : public testing::TestWithParam<BadCall> {};

TEST_P(TableModelCallerTest, IsToldAndNothingChanges) {
  TableModel model(8, 3, Successor);
  model.Forward(
      std::vector<Row>{At(0, 1), At(1, 2), At(0, 4, Want::kNothing, 1)},
      Phase::kPrefill);
  try {
    model.Forward(
        std::vector<Row>{At(1, 3, Want::kNothing, 1), At(2, 3), GetParam().row},
        Phase::kDecode);
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), GetParam().kind) << error.what();
  }
  EXPECT_THAT(model.Ids(0), ElementsAre(1, 2));
  EXPECT_THAT(model.Ids(1), ElementsAre(4));
}

const TokenId kOutside[] = {8};

INSTANTIATE_TEST_SUITE_P(
    Calls, TableModelCallerTest,
    testing::Values(
        BadCall{"ContextFull", At(3, 1), Error::Kind::kLimit},
        BadCall{"PositionSkipped", At(3, 1, Want::kNothing, 1),
                Error::Kind::kUsage},
        BadCall{"PositionRepeated", At(1, 1, Want::kNothing, 1),
                Error::Kind::kUsage},
        BadCall{"NegativeToken", At(0, -1, Want::kNothing, 2),
                Error::Kind::kUsage},
        BadCall{"TokenPastTheEnd", At(0, 8, Want::kNothing, 2),
                Error::Kind::kUsage},
        BadCall{"ChosenPastTheEnd",
                {.sequence = 2, .want = Want::kTopLogits, .chosen = kOutside},
                Error::Kind::kUsage},
        BadCall{"NegativeTopK",
                {.sequence = 2, .want = Want::kTopLogits, .top_k = -1},
                Error::Kind::kUsage}),
    [](const auto& call) { return call.param.name; });

TEST(TableModelTest, PrefixLongerThanTheSequenceIsAUsageError) {
  TableModel model(8, 3, Successor);
  model.Forward(std::vector<Row>{At(0, 1)}, Phase::kPrefill);
  EXPECT_THROW(model.CutSequence(0, 2), Error);
  EXPECT_THROW(model.CopySequence(0, 1, 2), Error);
  EXPECT_THROW(model.CutSequence(5, 1), Error);
  EXPECT_NO_THROW(model.CutSequence(5, 0));
}

}  // namespace
}  // namespace fullstop
