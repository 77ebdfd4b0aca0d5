#include "model/state_cache.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "model/checkpoints.h"

namespace fullstop {
namespace {

constexpr int32_t kInterval = kCheckpointInterval;
constexpr StateId kFirst{0};
constexpr StateId kSecond{1};

// States that count the positions that they have seen.
class CountingStates {
 public:
  StateCache& cache() { return cache_; }

  void Advance(SequenceId sequence, int32_t end) {
    cache_.Begin(sequence, end);
    for (int32_t p = cache_.Position(sequence) + 1; p <= end; ++p) {
      for (const StateId state : {kFirst, kSecond}) {
        float* live = cache_.Live(sequence, state);
        *live += 1;
        if (float* copy = cache_.Checkpoint(sequence, state, p)) *copy = *live;
      }
      if (p > cache_.Length(sequence)) {
        cache_.Append(sequence, {p, nullptr, Phase::kDecode});
      }
    }
    cache_.End(sequence, end);
  }
  // The states of SEQUENCE, in a copy that is dropped again.
  void ExpectState(SequenceId sequence) {
    const int32_t position = cache_.Position(sequence);
    cache_.Begin(sequence, position);
    EXPECT_EQ(*cache_.Live(sequence, kFirst), static_cast<float>(position));
    EXPECT_EQ(*cache_.Live(sequence, kSecond), static_cast<float>(position));
  }

 private:
  StateCache cache_{{{"a", 3}, {"b", 5}}};
};

TEST(StateCacheTest, AModelWithoutStatesIsEmpty) {
  EXPECT_TRUE(StateCache({}).empty());
  EXPECT_EQ(StateCache({}).Length(3), 0);
}

TEST(StateCacheTest, BytesCountWhatIsKept) {
  for (const int32_t length : {1, 63, 64, 127, 128, 192, 256, 5000, 64 * 64}) {
    CountingStates states;
    for (int32_t end = 1; end <= length; ++end) states.Advance(0, end);
    uint64_t kept = 1;
    for (int32_t position = 1; position <= length; ++position) {
      if (states.cache().Checkpoint(0, kFirst, position) != nullptr) ++kept;
    }
    constexpr uint64_t kStates = 8 * sizeof(float);
    const uint64_t bytes = kept * kStates + static_cast<uint64_t>(length) *
                                                sizeof(StateCache::Entry);
    EXPECT_GE(states.cache().Bytes(length), bytes) << length;
    EXPECT_LE(states.cache().Bytes(length), bytes + kStates) << length;
  }
}

TEST(StateCacheTest, ACutGoesBackToACheckpointAndKeepsTheRows) {
  for (const int32_t length : {10, 64, 65, 500, 5000}) {
    for (const int32_t step : {1, 7, length}) {
      CountingStates states;
      for (int32_t end = step; end < length; end += step) {
        states.Advance(0, end);
      }
      states.Advance(0, length);
      for (int32_t back = 0; back < length; back += 1 + back / 3) {
        states.cache().Copy(0, 1, length - back);
        EXPECT_EQ(states.cache().Length(1), length - back);
        const auto behind =
            static_cast<int32_t>(states.cache().Behind(1).size());
        EXPECT_EQ(states.cache().Position(1) + behind, length - back);
        EXPECT_LT(behind, std::max(2 * back, back == 0 ? 1 : kInterval));
        if (behind > 0) {
          EXPECT_EQ(states.cache().Behind(1)[0].token,
                    states.cache().Position(1) + 1);
        }
        states.ExpectState(1);
        states.Advance(1, length);
        states.ExpectState(1);
      }
      states.ExpectState(0);
    }
  }
}

TEST(StateCacheTest, CopiesGoTheirOwnWays) {
  CountingStates states;
  states.Advance(0, 100);
  states.cache().Copy(0, 1, 100);
  states.Advance(1, 150);
  states.ExpectState(0);
  states.ExpectState(1);
  states.Advance(0, 110);
  states.ExpectState(0);
  states.cache().Drop(0);
  EXPECT_EQ(states.cache().Length(0), 0);
  states.cache().Cut(1, 70);
  states.ExpectState(1);
}

TEST(StateCacheTest, WhatIsAbandonedIsAsIfItHadNotBegun) {
  CountingStates states;
  states.Advance(0, 100);
  states.cache().Begin(0, 300);
  *states.cache().Live(0, kFirst) = -1;
  *states.cache().Checkpoint(0, kFirst, 128) = -1;
  states.cache().Abandon(0);
  EXPECT_EQ(states.cache().Length(0), 100);
  EXPECT_EQ(states.cache().Position(0), 64);
  states.ExpectState(0);
  states.Advance(0, 200);
  states.cache().Cut(0, 130);
  states.ExpectState(0);
}

TEST(StateCacheTest, ACutToNothingForgetsTheSequence) {
  CountingStates states;
  states.Advance(0, 100);
  states.cache().Cut(0, 30);
  EXPECT_EQ(states.cache().Position(0), 0);
  EXPECT_EQ(states.cache().Behind(0).size(), 30u);
  states.cache().Cut(0, 0);
  EXPECT_EQ(states.cache().Length(0), 0);
  states.cache().Copy(9, 0, 0);
  EXPECT_EQ(states.cache().Length(0), 0);
}

}  // namespace
}  // namespace fullstop
