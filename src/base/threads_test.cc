#include "base/threads.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

#include "base/error.h"

namespace fullstop {
namespace {

class ThreadPoolTest : public testing::TestWithParam<int> {};

TEST_P(ThreadPoolTest, EveryIndexIsVisitedOnceInManyLoops) {
  ThreadPool pool(GetParam());
  for (size_t loop = 0; loop < 2000; ++loop) {
    const size_t count = loop % 67;
    const size_t grain = 1 + loop % 9;
    std::vector<int> visits(count, 0);
    pool.ParallelFor(count, grain, [&](size_t begin, size_t end, int) {
      EXPECT_EQ(begin % grain, 0u);
      EXPECT_LE(end - begin, grain);
      for (size_t i = begin; i < end; ++i) ++visits[i];
    });
    ASSERT_EQ(visits, std::vector<int>(count, 1)) << "loop " << loop;
  }
}

TEST_P(ThreadPoolTest, NoTwoCallsShareAWorkerNumber) {
  ThreadPool pool(GetParam());
  std::vector<std::atomic<int>> busy(static_cast<size_t>(pool.size()));
  for (int loop = 0; loop < 100; ++loop) {
    pool.ParallelFor(100, 1, [&](size_t, size_t, int worker) {
      std::atomic<int>& mine = busy[static_cast<size_t>(worker)];
      EXPECT_EQ(mine.fetch_add(1), 0);
      mine.fetch_sub(1);
    });
  }
}

TEST_P(ThreadPoolTest, ErrorOfOneRangeReachesTheCallerAndThePoolWorksOn) {
  ThreadPool pool(GetParam());
  for (int loop = 0; loop < 50; ++loop) {
    try {
      pool.ParallelFor(64, 1, [](size_t begin, size_t, int) {
        if (begin == 41) throw Error::Limit("range 41");
      });
      FAIL() << "nothing was thrown";
    } catch (const Error& error) {
      EXPECT_EQ(error.message(), "range 41");
    }
    std::atomic<size_t> sum{0};
    pool.ParallelFor(
        100, 3, [&](size_t begin, size_t end, int) { sum += end - begin; });
    ASSERT_EQ(sum, 100u);
  }
}

TEST_P(ThreadPoolTest, LoopAfterAPauseStillRuns) {
  ThreadPool pool(GetParam());
  for (int loop = 0; loop < 20; ++loop) {
    std::this_thread::sleep_for(std::chrono::microseconds(loop * 50));
    std::vector<int64_t> parts(1000, 0);
    pool.ParallelFor(parts.size(), 7, [&](size_t begin, size_t end, int) {
      for (size_t i = begin; i < end; ++i) parts[i] = static_cast<int64_t>(i);
    });
    ASSERT_EQ(std::accumulate(parts.begin(), parts.end(), int64_t{0}), 499500);
  }
}

INSTANTIATE_TEST_SUITE_P(Sizes, ThreadPoolTest, testing::Values(1, 2, 5, 64));

TEST(ThreadPoolWaitTest, OtherThreadsTakePartInALongLoop) {
  ThreadPool pool(2);
  std::atomic<int> met{0};
  pool.ParallelFor(2, 1, [&](size_t, size_t, int) {
    met.fetch_add(1);
    while (met.load() < 2) std::this_thread::yield();
  });
  EXPECT_EQ(met, 2);
}

TEST(ThreadPoolSizeTest, NoThreadsIsAUsageError) {
  try {
    ThreadPool pool(0);
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), Error::Kind::kUsage);
  }
}

TEST(AvailableProcessorsTest, AtLeastOne) {
  EXPECT_GE(AvailableProcessors(), 1);
}

}  // namespace
}  // namespace fullstop
