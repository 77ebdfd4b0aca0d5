// What is particular to the path of tiles: that it is tiles that run, and that
// other code's tiles are left alone.
#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <thread>
#include <vector>

#include "kernels/cpu_features.h"
#include "kernels/kernels.h"
#include "kernels/test_data.h"

namespace fullstop::kernels {
namespace {

class TilesTest : public testing::Test {
 protected:
  void SetUp() override {
    if (Kernels::AvailablePaths().back() != CpuPath::kAmx) {
      GTEST_SKIP() << "no tiles: this CPU or its system lacks "
                   << MissingFeatures(CpuPath::kAmx, CpuFeatures::Detect());
    }
  }

  // The product of X with 40 rows of W, of which only the first is not zero.
  static std::vector<float> Multiply(CpuPath path, const std::vector<float>& x,
                                     const std::vector<float>& w) {
    constexpr int64_t kOutputs = 40;
    const Kernels kernels = Kernels::Select(path);
    const auto k = static_cast<int64_t>(x.size());
    std::vector<uint16_t> halves(x.size() * kOutputs);
    kernels.F32ToF16(w.data(), k, halves.data());
    const Matrix matrix = {TensorType::kF16,
                           reinterpret_cast<const std::byte*>(halves.data()),
                           kOutputs, k, 2 * k};
    LinearInput input = {x.data(), k, 1, k, nullptr};
    AlignedBytes prepared(kernels.PreparedBytes(Phase::kPrefill, 1, k));
    kernels.PrepareLinear(Phase::kPrefill, input, 0, 1, prepared.data());
    input.prepared = prepared.data();
    AlignedBytes scratch(kernels.LinearScratchBytes(Phase::kPrefill, k));
    std::vector<float> y(kOutputs);
    kernels.Linear(Phase::kPrefill, input, matrix, 0, kOutputs, y.data(),
                   kOutputs, scratch.data());
    return y;
  }
};

// 1 + 2^-8 is halfway between two numbers of bfloat16, and rounds to even.
TEST_F(TilesTest, ActivationsAndWeightsAreRoundedToBfloat16) {
  const float between = 1 + 0x1p-8f;
  const float above = 1 + 0x1.8p-8f;
  EXPECT_EQ(Multiply(CpuPath::kAmx, {between}, {1})[0], 1);
  EXPECT_EQ(Multiply(CpuPath::kAmx, {1}, {between})[0], 1);
  EXPECT_EQ(Multiply(CpuPath::kAmx, {above}, {1})[0], 1 + 0x1p-7f);
  EXPECT_EQ(Multiply(CpuPath::kAmx, {1, 2, 3}, {4, 5, 6})[0], 32);
  EXPECT_NE(Multiply(CpuPath::kAvx512, {between}, {1})[0], 1);
}

TEST_F(TilesTest, AnyThreadMayCall) {
  Kernels::Select(CpuPath::kAmx);
  std::vector<float> y;
  std::thread([&] { y = Multiply(CpuPath::kAmx, {1, 2}, {3, 4}); }).join();
  EXPECT_EQ(y[0], 11);
}

#if defined(__x86_64__)

struct SavedShapes {
  uint8_t bytes[64] = {};

  bool operator==(const SavedShapes&) const = default;
};

SavedShapes Current() {
  SavedShapes shapes;
  __asm__ volatile("sttilecfg %0" : "=m"(shapes));
  return shapes;
}

TEST_F(TilesTest, NoneAreLeftBehind) {
  __asm__ volatile("tilerelease");
  Multiply(CpuPath::kAmx, {1, 2}, {3, 4});
  EXPECT_EQ(Current(), SavedShapes());
}

TEST_F(TilesTest, ThoseOfOtherCodeKeepTheirShapesAndDoNotDisturb) {
  SavedShapes others;
  others.bytes[0] = 1;    // palette
  others.bytes[16] = 12;  // bytes of tile 0's rows
  others.bytes[48] = 3;   // rows of tile 0
  others.bytes[16 + 2 * 5] = 64, others.bytes[53] = 1;  // tile 5
  __asm__ volatile("ldtilecfg %0" : : "m"(others));
  const std::vector<float> y = Multiply(CpuPath::kAmx, {1, 2, 3}, {4, 5, 6});
  const SavedShapes now = Current();
  __asm__ volatile("tilerelease");
  EXPECT_EQ(now, others);
  EXPECT_EQ(y[0], 32);
}

#endif

}  // namespace
}  // namespace fullstop::kernels
