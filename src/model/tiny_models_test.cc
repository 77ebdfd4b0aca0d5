// Every architecture's logits against transformers (tests/oracles/
// tiny_models.py), and that each of its features shows in them.
#include "model/tiny_models.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <memory>

#include "base/test_folder.h"
#include "format/hf_folder.h"
#include "model/ablations.h"
#include "model/architectures.h"
#include "model/cpu_model.h"
#include "model/load.h"

namespace fullstop {
namespace {

using kernels::CpuPath;

using Logits = std::vector<std::vector<float>>;

// max |difference| / max |logit|
constexpr double kBound = 1e-4;

ModelFile ReadTiny(const TinyModel& model) {
  const TestFolder folder;
  return ReadModelFolder(HfFolder::Open(WriteTinyModel(model, folder.path())));
}

// A cache of floats: halves would be the greater part of the difference.
ModelOptions Options(size_t context) {
  return {.context_length = static_cast<int32_t>(context),
          .cache_type = kernels::CacheType::kF32,
          .cpu_path = CpuPath::kReference,
          .threads = 2};
}

std::vector<Row> RowsOf(std::span<const TokenId> ids, int32_t first = 0,
                        SequenceId sequence = 0) {
  std::vector<Row> rows;
  for (const TokenId id : ids) {
    rows.push_back({.sequence = sequence,
                    .position = first++,
                    .token = id,
                    .want = Want::kLogits});
  }
  return rows;
}

Logits Evaluate(ForwardModel& model, std::span<const Row> rows, Phase phase) {
  Logits logits;
  const size_t at_once = phase == Phase::kPrefill ? rows.size() : 1;
  for (size_t i = 0; i < rows.size(); i += at_once) {
    ForwardResult& result = model.Forward(rows.subspan(i, at_once), phase);
    for (size_t row = 0; row < at_once; ++row) {
      const std::span<const float> each = result.Logits(row);
      logits.emplace_back(each.begin(), each.end());
    }
  }
  return logits;
}

double Largest(const std::vector<std::vector<double>>& logits) {
  double largest = 0;
  for (const auto& row : logits) {
    for (const double x : row) largest = std::max(largest, std::abs(x));
  }
  return largest;
}

template <typename Row>
double Difference(const Logits& ours, const std::vector<Row>& exact) {
  double worst = 0;
  for (size_t i = 0; i < exact.size(); ++i) {
    for (size_t j = 0; j < exact[i].size(); ++j) {
      worst = std::max(worst, std::abs(static_cast<double>(ours[i][j]) -
                                       static_cast<double>(exact[i][j])));
    }
  }
  return worst;
}

class TinyModelTest : public testing::TestWithParam<TinyModel> {
 protected:
  double Bound() const { return kBound * Largest(GetParam().logits); }
};

INSTANTIATE_TEST_SUITE_P(Models, TinyModelTest,
                         testing::ValuesIn(ReadTinyModels()),
                         [](const auto& model) {
                           return model.param.name + "_" + model.param.layout;
                         });

TEST_P(TinyModelTest, LogitsAreThoseOfTransformers) {
  const ModelFile file = ReadTiny(GetParam());
  const std::vector<Row> rows = RowsOf(GetParam().ids);
  for (const Phase phase : {Phase::kPrefill, Phase::kDecode}) {
    const auto model = LoadModel(file, Options(rows.size()));
    const double worst =
        Difference(Evaluate(*model, rows, phase), GetParam().logits);
    RecordProperty(phase == Phase::kPrefill ? "prefill" : "decode",
                   fmt::format("{:.1e}", worst / Largest(GetParam().logits)));
    EXPECT_LE(worst, Bound())
        << (phase == Phase::kPrefill ? "prefill" : "decode") << ": "
        << worst / Bound() * kBound;
  }
}

TEST_P(TinyModelTest, BestKernelsDecodeTheSameOnOneThread) {
  const std::vector<Row> rows = RowsOf(GetParam().ids);
  ModelOptions options = Options(rows.size());
  options.cpu_path.reset();
  options.threads = 1;
  const auto model = LoadModel(ReadTiny(GetParam()), options);
  // The fastest of a few, since others may use the machine.
  double seconds = std::numeric_limits<double>::max();
  Logits logits;
  for (int i = 0; i < 8; ++i) {
    model->DropSequence(0);
    const auto begin = std::chrono::steady_clock::now();
    logits = Evaluate(*model, rows, Phase::kDecode);
    const std::chrono::duration<double> taken =
        std::chrono::steady_clock::now() - begin;
    seconds = std::min(seconds, taken.count());
  }
  RecordProperty("decode_per_second",
                 static_cast<int>(static_cast<double>(rows.size()) / seconds));
  EXPECT_LE(Difference(logits, GetParam().logits), Bound());
}

TEST_P(TinyModelTest, ContextIsWhatTheMemoryHolds) {
  const ModelFile file = ReadTiny(GetParam());
  for (const uint64_t memory :
       {CacheBytes(file, 100), CacheBytes(file, 100) - 1}) {
    const int32_t context =
        LoadModel(file, {.cache_memory = memory})->context_length();
    EXPECT_LE(CacheBytes(file, context), memory);
    EXPECT_TRUE(context >= 128 || CacheBytes(file, context + 1) > memory);
  }
}

TEST_P(TinyModelTest, EveryFeatureShows) {
  const ModelFile file = ReadTiny(GetParam());
  const Graph graph = DescribeModel(file);
  const std::vector<Row> rows = RowsOf(GetParam().ids);
  const Ablations ablations(graph);
  for (const auto& [feature, without] : ablations.without()) {
    CpuModel model(file, without,
                   {.context_length = static_cast<int32_t>(rows.size()),
                    .threads = 2,
                    .batch = 512,
                    .cache_type = kernels::CacheType::kF32},
                   kernels::Kernels::Select(CpuPath::kReference));
    EXPECT_GT(
        Difference(Evaluate(model, rows, Phase::kPrefill), GetParam().logits),
        100 * Bound())
        << "without " << feature;
  }
}

// Long enough that layers with a window drop pages.
TEST(DroppedPagesTest, CutsFarBackGiveTheSameBits) {
  const auto models = ReadTinyModels();
  const auto gemma2 =
      std::ranges::find(models, std::string("gemma2"), &TinyModel::name);
  const ModelFile file = ReadTiny(*gemma2);
  std::vector<TokenId> ids;
  for (int32_t i = 0; i < 6000; ++i) ids.push_back(i * i % 47);
  const ModelOptions options = {.context_length = 6000, .threads = 2};
  const auto model = LoadModel(file, options);
  for (int32_t begin = 0; begin < 6000; begin += 500) {
    model->Forward(RowsOf(std::span(ids).subspan(begin, 500), begin),
                   Phase::kPrefill);
  }
  model->CopySequence(0, 1, 1500);
  model->CutSequence(0, 700);
  for (const auto& [sequence, length] :
       {std::pair(0, 700), std::pair(1, 1500)}) {
    EXPECT_EQ(model->SequenceLength(sequence), length);
    const auto fresh = LoadModel(file, options);
    fresh->Forward(RowsOf(std::span(ids).first(length)), Phase::kPrefill);
    const auto more = std::span(ids).subspan(length, 20);
    EXPECT_EQ(Evaluate(*model, RowsOf(more, length, sequence), Phase::kPrefill),
              Evaluate(*fresh, RowsOf(more, length), Phase::kPrefill));
  }
}

}  // namespace
}  // namespace fullstop
