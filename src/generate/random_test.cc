#include "generate/random.h"

#include <cmath>
#include <set>
#include <vector>

#include "gtest/gtest.h"

namespace fullstop {
namespace {

using Words = std::array<uint32_t, 4>;

// The known answers that the authors publish with Random123 (kat_vectors).
TEST(RandomTest, PhiloxGivesItsAuthorsKnownAnswers) {
  EXPECT_EQ(Philox({0, 0, 0, 0}, {0, 0}),
            (Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(Philox({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
                   {0xffffffff, 0xffffffff}),
            (Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(Philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
                   {0xa4093822, 0x299f31d0}),
            (Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(RandomTest, EverySeedPositionAndUseHasItsOwnNumber) {
  std::set<double> seen;
  const std::vector<uint64_t> seeds = {0, 1, 2, 1ull << 32, ~0ull};
  const std::vector<uint64_t> positions = {0, 1, 2, 1ull << 32, ~0ull};
  for (const uint64_t seed : seeds) {
    for (const uint64_t position : positions) {
      seen.insert(UniformAt(seed, position, RandomUse::kToken));
      seen.insert(UniformAt(seed, position, RandomUse::kXtc));
    }
  }
  EXPECT_EQ(seen.size(), seeds.size() * positions.size() * 2);
}

TEST(RandomTest, NumbersAlongPositionsAndAlongSeedsAreUniform) {
  constexpr int kDraws = 1'000'000;
  constexpr int kCells = 256;
  for (const bool along_seeds : {false, true}) {
    std::vector<double> cells(kCells);
    for (uint64_t i = 0; i < kDraws; ++i) {
      const double u = along_seeds ? UniformAt(i, 7, RandomUse::kToken)
                                   : UniformAt(7, i, RandomUse::kToken);
      ASSERT_GE(u, 0.0);
      ASSERT_LT(u, 1.0);
      ++cells[static_cast<size_t>(u * kCells)];
    }
    double chi_square = 0;
    const double expected = double{kDraws} / kCells;
    for (const double count : cells) {
      chi_square += (count - expected) * (count - expected) / expected;
    }
    // 255 degrees of freedom: mean 255, standard deviation 22.6.
    EXPECT_LT(std::abs(chi_square - 255), 5 * 22.6);
  }
}

}  // namespace
}  // namespace fullstop
