// A model of full size, named by the environment variable FULLSTOP_MODEL: what
// small fixtures can't show, for their widths are below the kernels' blocks.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "model/load.h"

namespace fullstop {
namespace {

class RealModelTest : public testing::Test {
 protected:
  void SetUp() override {
    const char* path = std::getenv("FULLSTOP_MODEL");
    if (path == nullptr) GTEST_SKIP() << "FULLSTOP_MODEL names no model";
    file_ = GgufFile::Open(path);
  }

  std::unique_ptr<ForwardModel> Load(int32_t threads, int32_t batch) const {
    return LoadModel(*file_, {.context_length = 512,
                              .cpu_path = path_,
                              .threads = threads,
                              .batch = batch});
  }

  // COUNT tokens, each wanting all its logits or a summary of them.
  static std::vector<Row> Rows(int32_t count, Want want) {
    std::vector<Row> rows;
    for (int32_t i = 0; i < count; ++i) {
      rows.push_back({.position = i,
                      .token = 300 + i * 37 % 5000,
                      .want = want,
                      .top_k = 3});
    }
    return rows;
  }

  // The log-sum-exp, which depends on every logit, and the first candidates.
  static std::vector<double> Summary(ForwardModel& model,
                                     std::span<const Row> rows, Phase phase,
                                     size_t rows_per_call) {
    std::vector<double> summary;
    for (size_t i = 0; i < rows.size(); i += rows_per_call) {
      const auto part =
          rows.subspan(i, std::min(rows_per_call, rows.size() - i));
      ForwardResult& result = model.Forward(part, phase);
      for (size_t row = 0; row < part.size(); ++row) {
        summary.push_back(result.LogSumExp(row));
        for (const TopLogit& top : result.Top(row)) {
          summary.push_back(top.id);
          summary.push_back(top.logit);
        }
      }
    }
    return summary;
  }

  std::optional<GgufFile> file_;
  std::optional<kernels::CpuPath> path_;
};

TEST_F(RealModelTest, PrefillIsTheSameBitForBitInAnyChunkAndThreads) {
  const std::vector<Row> rows = Rows(70, Want::kTopLogits);
  const auto whole = Summary(*Load(1, 512), rows, Phase::kPrefill, 512);
  for (const int32_t threads : {1, 2, 5}) {
    for (const int32_t batch : {1, 7, 64, 512}) {
      EXPECT_EQ(Summary(*Load(threads, batch), rows, Phase::kPrefill, 512),
                whole)
          << threads << " threads, batch " << batch;
    }
  }
  EXPECT_EQ(
      Summary(*Load(64, 512), Rows(70, Want::kTopLogits), Phase::kPrefill, 512),
      whole)
      << "64 threads";
}

TEST_F(RealModelTest, DecodeIsTheSameBitForBitInAnyBatchAndThreads) {
  const std::vector<Row> rows = Rows(40, Want::kTopLogits);
  const auto alone = Summary(*Load(1, 512), rows, Phase::kDecode, 1);
  for (const int32_t threads : {2, 5}) {
    for (const size_t rows_per_call : {1u, 3u, 40u}) {
      EXPECT_EQ(
          Summary(*Load(threads, 512), rows, Phase::kDecode, rows_per_call),
          alone)
          << threads << " threads, " << rows_per_call << " rows a call";
    }
  }
}

// 0.2 is how near the first two logits may be for a fast path to choose another
// than float64 would. Of all logits of these rows some are 0.35 from float64's
// where activations and weights are rounded to bfloat16, as tiles want them.
TEST_F(RealModelTest, PhasesDifferByLessThanDecidesAToken) {
  for (const kernels::CpuPath path : kernels::Kernels::AvailablePaths()) {
    path_ = path;
    const std::vector<Row> rows = Rows(24, Want::kLogits);
    const auto prefill = Load(2, 512);
    const auto decode = Load(2, 512);
    ForwardResult& a = prefill->Forward(rows, Phase::kPrefill);
    double worst = 0;
    for (size_t i = 0; i < rows.size(); ++i) {
      ForwardResult& b =
          decode->Forward(std::span(rows).subspan(i, 1), Phase::kDecode);
      const std::span<const float> x = a.Logits(i);
      const std::span<const float> y = b.Logits(0);
      for (size_t id = 0; id < x.size(); ++id) {
        worst = std::max(worst, std::abs(static_cast<double>(x[id]) - y[id]));
      }
    }
    RecordProperty("largest_difference_" + std::string(CpuPathName(path)),
                   std::to_string(worst));
    EXPECT_LE(worst, path == kernels::CpuPath::kReference ? 0.01
                     : path == kernels::CpuPath::kAmx     ? 0.5
                                                          : 0.2)
        << CpuPathName(path);
  }
}

}  // namespace
}  // namespace fullstop
