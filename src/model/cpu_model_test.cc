// The CPU's logits against float64 (tests/oracles/make_llama_fixtures.py), and
// what they may not depend on.
#include "model/cpu_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "model/architectures.h"
#include "model/load.h"

namespace fullstop {
namespace {

using kernels::CpuPath;

const std::string kFixtures =
    std::string(FULLSTOP_SOURCE_DIR) + "/tests/fixtures/llama/";

std::vector<std::string> FixtureNames() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(kFixtures)) {
    if (entry.path().extension() == ".gguf") {
      names.push_back(entry.path().stem());
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

GgufFile OpenFixture(const std::string& name) {
  return GgufFile::Open(kFixtures + name + ".gguf");
}

nlohmann::json Expected(const std::string& name) {
  return nlohmann::json::parse(ReadFile(kFixtures + name + ".json"));
}

std::vector<TokenId> Ids() {
  return Expected("gqa")["ids"].get<std::vector<TokenId>>();
}

std::vector<Row> RowsOf(std::span<const TokenId> ids, Want want,
                        SequenceId sequence = 0, int32_t first = 0) {
  std::vector<Row> rows;
  for (size_t i = 0; i < ids.size(); ++i) {
    rows.push_back({.sequence = sequence,
                    .position = first + static_cast<int32_t>(i),
                    .token = ids[i],
                    .want = want});
  }
  return rows;
}

// [number of rows][vocabulary]; one call, or one a row.
std::vector<std::vector<float>> AllLogits(ForwardModel& model,
                                          std::span<const Row> rows,
                                          Phase phase, size_t rows_per_call) {
  std::vector<std::vector<float>> all;
  for (size_t i = 0; i < rows.size(); i += rows_per_call) {
    const auto part = rows.subspan(i, std::min(rows_per_call, rows.size() - i));
    ForwardResult& result = model.Forward(part, phase);
    for (size_t row = 0; row < part.size(); ++row) {
      const std::span<const float> logits = result.Logits(row);
      all.emplace_back(logits.begin(), logits.end());
    }
  }
  return all;
}

class LlamaFixtureTest : public testing::TestWithParam<std::string> {};

// The reference sums in double, so what is left is the F16 cache, whose
// relative error is 2^-11, and float32 activations. The fast paths round
// activations and weights to bfloat16, 2^-8, or finer.
double Tolerance(CpuPath path, double largest) {
  return largest * (path == CpuPath::kReference ? 0.004 : 0.03);
}

TEST_P(LlamaFixtureTest, LogitsAreThoseOfFloat64OnEveryPath) {
  const GgufFile file = OpenFixture(GetParam());
  const nlohmann::json expected = Expected(GetParam());
  const auto ids = expected["ids"].get<std::vector<TokenId>>();
  for (const CpuPath path : kernels::Kernels::AvailablePaths()) {
    for (const Phase phase : {Phase::kPrefill, Phase::kDecode}) {
      const auto model = LoadModel(file, {.cpu_path = path, .threads = 2});
      const auto logits = AllLogits(*model, RowsOf(ids, Want::kLogits), phase,
                                    phase == Phase::kPrefill ? ids.size() : 1);
      for (const auto& [position, values] : expected["logits"].items()) {
        const auto exact = values.get<std::vector<double>>();
        const std::vector<float>& ours = logits[std::stoul(position)];
        double worst = 0;
        double largest = 0;
        for (size_t i = 0; i < exact.size(); ++i) {
          worst = std::max(worst, std::abs(exact[i] - ours[i]));
          largest = std::max(largest, std::abs(exact[i]));
        }
        EXPECT_LE(worst, Tolerance(path, largest))
            << CpuPathName(path) << ", position " << position << ", "
            << (phase == Phase::kPrefill ? "prefill" : "decode");
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Models, LlamaFixtureTest,
                         testing::ValuesIn(FixtureNames()),
                         [](const auto& name) { return name.param; });

class PathTest : public testing::TestWithParam<CpuPath> {};

INSTANTIATE_TEST_SUITE_P(Paths, PathTest,
                         testing::ValuesIn(kernels::Kernels::AvailablePaths()),
                         [](const auto& path) {
                           return std::string(CpuPathName(path.param));
                         });

TEST_P(PathTest, PrefillIsTheSameBitForBitInAnyChunkBatchAndThreads) {
  const GgufFile file = OpenFixture("bias");
  const std::vector<Row> rows = RowsOf(Ids(), Want::kLogits);
  const auto whole =
      AllLogits(*LoadModel(file, {.cpu_path = GetParam(), .threads = 1}), rows,
                Phase::kPrefill, rows.size());
  for (const int32_t threads : {1, 2, 5}) {
    for (const int32_t batch : {1, 7, 64, 512}) {
      const auto model = LoadModel(
          file, {.cpu_path = GetParam(), .threads = threads, .batch = batch});
      EXPECT_EQ(AllLogits(*model, rows, Phase::kPrefill, rows.size()), whole)
          << threads << " threads, batch " << batch;
      model->DropSequence(0);
      EXPECT_EQ(AllLogits(*model, rows, Phase::kPrefill, 13), whole)
          << threads << " threads, batch " << batch << ", calls of 13 rows";
    }
  }
}

TEST_P(PathTest, DecodeIsTheSameBitForBitInAnyBatchAndThreads) {
  const GgufFile file = OpenFixture("gqa");
  const std::vector<Row> rows = RowsOf(Ids(), Want::kLogits);
  const auto alone =
      AllLogits(*LoadModel(file, {.cpu_path = GetParam(), .threads = 1}), rows,
                Phase::kDecode, 1);
  for (const int32_t threads : {1, 2, 5}) {
    const auto model =
        LoadModel(file, {.cpu_path = GetParam(), .threads = threads});
    EXPECT_EQ(AllLogits(*model, rows, Phase::kDecode, 9), alone);
  }
}

TEST_P(PathTest, RowsOfSeveralSequencesDoNotTouchEachOther) {
  const GgufFile file = OpenFixture("gqa");
  const std::vector<TokenId> ids = Ids();
  const std::vector<TokenId> other(ids.rbegin(), ids.rend());
  const auto first = AllLogits(*LoadModel(file, {.cpu_path = GetParam()}),
                               RowsOf(ids, Want::kLogits), Phase::kDecode, 1);
  const auto second =
      AllLogits(*LoadModel(file, {.cpu_path = GetParam()}),
                RowsOf(other, Want::kLogits), Phase::kDecode, 1);
  const auto model = LoadModel(file, {.cpu_path = GetParam(), .threads = 2});
  for (size_t i = 0; i < ids.size(); ++i) {
    const auto position = static_cast<int32_t>(i);
    const std::vector<Row> rows = {{.sequence = 5,
                                    .position = position,
                                    .token = other[i],
                                    .want = Want::kLogits},
                                   {.sequence = 0,
                                    .position = position,
                                    .token = ids[i],
                                    .want = Want::kLogits}};
    const auto both = AllLogits(*model, rows, Phase::kDecode, 2);
    ASSERT_EQ(both[0], second[i]) << "position " << i;
    ASSERT_EQ(both[1], first[i]) << "position " << i;
  }
}

TEST_P(PathTest, CopiedAndCutSequencesGoOnAsIfEvaluatedAnew) {
  const GgufFile file = OpenFixture("gqa");
  const std::vector<TokenId> ids = Ids();
  const std::span<const TokenId> tail = std::span(ids).subspan(20);
  const auto model = LoadModel(file, {.cpu_path = GetParam()});
  const auto whole = AllLogits(*model, RowsOf(ids, Want::kLogits),
                               Phase::kPrefill, ids.size());
  const std::vector<std::vector<float>> expected(whole.begin() + 20,
                                                 whole.end());
  model->CopySequence(0, 1, 20);
  EXPECT_EQ(model->SequenceLength(1), 20);
  EXPECT_EQ(AllLogits(*model, RowsOf(tail, Want::kLogits, 1, 20),
                      Phase::kPrefill, 64),
            expected);
  model->CutSequence(0, 20);
  EXPECT_EQ(AllLogits(*model, RowsOf(tail, Want::kLogits, 0, 20),
                      Phase::kPrefill, 64),
            expected);
}

TEST_P(PathTest, SelectedResultsAgreeWithAllLogits) {
  const GgufFile file = OpenFixture("untied");
  const std::vector<TokenId> ids = Ids();
  const auto model = LoadModel(file, {.cpu_path = GetParam(), .batch = 10});
  const auto logits = AllLogits(*model, RowsOf(ids, Want::kLogits),
                                Phase::kPrefill, ids.size());
  model->DropSequence(0);
  std::vector<Row> rows = RowsOf(ids, Want::kNothing);
  const std::vector<TokenId> chosen = {63, 0, 17};
  for (const size_t i : {3u, 4u, 11u, 47u}) {
    rows[i].want = Want::kTopLogits;
    rows[i].top_k = 5;
    rows[i].chosen = chosen;
  }
  rows[12].want = Want::kHidden;
  rows[13].want = Want::kLogits;
  ForwardResult& result = model->Forward(rows, Phase::kPrefill);
  for (const size_t i : {3u, 4u, 11u, 47u}) {
    const std::vector<float>& all = logits[i];
    double sum = 0;
    for (const double logit : all) sum += std::exp(logit);
    EXPECT_NEAR(result.LogSumExp(i), std::log(sum), 1e-6);
    ASSERT_EQ(result.Top(i).size(), 5u);
    std::vector<float> sorted = all;
    std::sort(sorted.rbegin(), sorted.rend());
    for (size_t k = 0; k < 5; ++k) {
      EXPECT_EQ(result.Top(i)[k].logit, sorted[k]);
      EXPECT_EQ(all[static_cast<size_t>(result.Top(i)[k].id)], sorted[k]);
    }
    EXPECT_THAT(result.Chosen(i),
                testing::ElementsAre(all[63], all[0], all[17]));
  }
  EXPECT_THAT(result.Logits(13), testing::ElementsAreArray(logits[13]));
  EXPECT_EQ(result.Hidden(12).size(), 32u);
}

TEST(CpuModelTest, EmbeddingRowEqualsItsToken) {
  const GgufFile file = OpenFixture("gqa");
  const auto model = LoadModel(file, {});
  const GgufTensor& table = *file.FindTensor("token_embd.weight");
  const kernels::Matrix matrix{
      .type = table.type,
      .data = table.data.data(),
      .rows = 64,
      .columns = 32,
      .row_bytes = static_cast<int64_t>(RowBytes(table.type, 32).value())};
  std::vector<float> embedding(32);
  kernels::Kernels::Select().DequantizeRow(matrix, 9, embedding.data());
  std::vector<Row> rows = {
      {.sequence = 0, .token = 9, .want = Want::kLogits},
      {.sequence = 1, .embedding = embedding.data(), .want = Want::kLogits}};
  const auto logits = AllLogits(*model, rows, Phase::kPrefill, 2);
  EXPECT_EQ(logits[0], logits[1]);
}

// Files may pad their table of embeddings past the vocabulary.
TEST(CpuModelTest, LogitsEndWithTheVocabulary) {
  const GgufFile file = OpenFixture("gqa");
  const std::vector<Row> rows =
      RowsOf(std::vector<TokenId>{1, 2, 3}, Want::kLogits);
  const auto whole = LoadModel(file, {});
  const auto model = LoadModel(file, {.vocabulary = 10});
  EXPECT_EQ(model->vocabulary_size(), 10);
  ASSERT_GT(whole->vocabulary_size(), 10);
  std::vector<std::vector<float>> expected =
      AllLogits(*whole, rows, Phase::kPrefill, 3);
  for (std::vector<float>& logits : expected) logits.resize(10);
  EXPECT_EQ(AllLogits(*model, rows, Phase::kPrefill, 3), expected);
}

TEST(CpuModelTest, FullContextIsALimitErrorAndNothingChanges) {
  const GgufFile file = OpenFixture("gqa");
  const std::vector<TokenId> ids = Ids();
  const auto model = LoadModel(file, {.context_length = 20});
  EXPECT_EQ(model->context_length(), 20);
  const auto first = std::span(ids).first(19);
  model->Forward(RowsOf(first, Want::kNothing), Phase::kPrefill);
  try {
    model->Forward(RowsOf(std::span(ids).subspan(19, 2), Want::kNothing, 0, 19),
                   Phase::kPrefill);
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), Error::Kind::kLimit);
  }
  EXPECT_EQ(model->SequenceLength(0), 19);
  const auto last = AllLogits(
      *model, RowsOf(std::span(ids).subspan(19, 1), Want::kLogits, 0, 19),
      Phase::kPrefill, 1);
  const auto fresh = LoadModel(file, {});
  EXPECT_EQ(last[0], AllLogits(*fresh, RowsOf(ids, Want::kLogits),
                               Phase::kPrefill, 64)[19]);
}

TEST(CpuModelTest, ContextIsBoundedByMemory) {
  const GgufFile file = OpenFixture("gqa");
  const uint64_t page = CacheBytes(file, 64);
  EXPECT_EQ(LoadModel(file, {.cache_memory = page})->context_length(), 64);
  EXPECT_EQ(LoadModel(file, {.context_length = 64, .cache_memory = page})
                ->context_length(),
            64);
  try {
    LoadModel(file, {.context_length = 65, .cache_memory = page});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), Error::Kind::kLimit);
    EXPECT_THAT(error.advice(), testing::HasSubstr("-c 64 "));
  }
}

TEST(CpuModelTest, TrainedContextIsTheDefault) {
  EXPECT_EQ(LoadModel(OpenFixture("gqa"), {})->context_length(), 128);
}

TEST(CpuModelCopyTest, CopiedWeightsAreReadFromTheFileNoMore) {
  for (const std::string& name : FixtureNames()) {
    SCOPED_TRACE(name);
    std::string bytes = ReadFile(kFixtures + name + ".gguf");
    const GgufFile file =
        GgufFile::Parse(std::as_bytes(std::span(bytes)), "test.gguf");
    const auto model = [&file](WeightPlacement placement) {
      return CpuModel(file, DescribeModel(file),
                      {.context_length = 64,
                       .threads = 2,
                       .batch = 16,
                       .placement = placement},
                      kernels::Kernels::Select());
    };
    const std::vector<TokenId> ids = Ids();
    const std::vector<Row> rows = RowsOf(ids, Want::kLogits);
    CpuModel mapped = model(WeightPlacement::kMapped);
    const auto want = AllLogits(mapped, rows, Phase::kPrefill, rows.size());
    CpuModel copied = model(WeightPlacement::kCopied);
    for (const GgufTensor& tensor : file.tensors()) {
      const auto at = reinterpret_cast<const char*>(tensor.data.data());
      bytes.replace(static_cast<size_t>(at - bytes.data()), tensor.data.size(),
                    tensor.data.size(), '\x55');
    }
    EXPECT_EQ(AllLogits(copied, rows, Phase::kPrefill, rows.size()), want);
  }
}

}  // namespace
}  // namespace fullstop
