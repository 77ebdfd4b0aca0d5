#include "generate/loop_detector.h"

#include <algorithm>
#include <random>

#include "gtest/gtest.h"

namespace fullstop {
namespace {

using Ids = std::vector<TokenId>;

// Two thirds of the unit (read as a circle, where it has been repeated) are one
// stretch of a period below 8 that is repeated at least once.
bool PlainIsDull(const Ids& unit) {
  const size_t period = unit.size();
  if (period < 8) return true;
  if (period > 128) return false;
  for (size_t inner = 1; inner < 8; ++inner) {
    for (size_t begin = 0; begin < period; ++begin) {
      size_t length = inner;
      while (length < 2 * period &&
             unit[(begin + length) % period] ==
                 unit[(begin + length - inner) % period]) {
        ++length;
      }
      if (length >= 2 * inner && 3 * length >= 2 * period) return true;
    }
  }
  return false;
}

bool TailHasPeriod(const Ids& ids, size_t span, size_t period) {
  for (size_t i = ids.size() - span + period; i < ids.size(); ++i) {
    if (ids[i] != ids[i - period]) return false;
  }
  return true;
}

// The definition, tried for every period and every span.
std::optional<Loop> PlainLoop(const Ids& ids) {
  for (size_t period = 1; 3 * period <= ids.size(); ++period) {
    const Ids unit(ids.end() - static_cast<ptrdiff_t>(period), ids.end());
    size_t wanted = std::max(3 * period, size_t{48});
    if (PlainIsDull(unit)) {
      wanted = std::max((period < 8 ? 3 : 8) * period, size_t{128});
    }
    if (wanted > ids.size() || !TailHasPeriod(ids, wanted, period)) continue;
    bool smaller = false;
    for (size_t p = 1; p < period; ++p) {
      smaller = smaller || TailHasPeriod(ids, wanted, p);
    }
    if (smaller) continue;
    size_t span = wanted;
    while (span < ids.size() && TailHasPeriod(ids, span + 1, period)) ++span;
    return Loop{period, span / period, ids.size() - span};
  }
  return std::nullopt;
}

// A string with a rich supply of repetitions: stretches of random units, units
// made of smaller units, broken now and then.
Ids RepetitiveString(std::mt19937_64& random, size_t size) {
  const uint64_t alphabet = 1 + random() % 5;
  Ids ids;
  while (ids.size() < size) {
    const size_t kind = random() % 4;
    if (ids.empty() || kind == 0) {
      for (size_t n = random() % 20; n > 0; --n) {
        ids.push_back(static_cast<TokenId>(random() % alphabet));
      }
      continue;
    }
    // Goes on with some period of the string so far.
    const size_t period =
        1 + random() % std::min<size_t>(ids.size(), kind == 1 ? 10 : 60);
    for (size_t n = random() % (9 * period + 40); n > 0; --n) {
      ids.push_back(ids[ids.size() - period]);
    }
  }
  ids.resize(size);
  return ids;
}

TEST(LoopDetectorTest, EqualsTheDefinitionAtEveryTokenOfRandomStrings) {
  std::mt19937_64 random(3);
  size_t loops = 0;
  size_t dull = 0;
  for (int round = 0; round < 80; ++round) {
    const Ids ids = RepetitiveString(random, 40 + random() % 400);
    LoopDetector detector;
    Ids seen;
    for (const TokenId id : ids) {
      detector.Accept(id);
      seen.push_back(id);
      const std::optional<Loop> expected = PlainLoop(seen);
      ASSERT_EQ(detector.loop(), expected)
          << "round " << round << ", token " << seen.size();
      loops += expected.has_value() ? 1 : 0;
      dull += expected.has_value() && expected->period >= 8 &&
                      PlainIsDull(Ids(
                          seen.end() - static_cast<ptrdiff_t>(expected->period),
                          seen.end()))
                  ? 1
                  : 0;
    }
  }
  EXPECT_GT(loops, 500u);
  EXPECT_GT(dull, 20u);
}

TEST(LoopDetectorTest, EveryPeriodIsFoundAtTheEarliestToken) {
  for (size_t period = 1; period <= 600; ++period) {
    LoopDetector detector;
    for (TokenId id = 0; id < 100; ++id) detector.Accept(100'000 + id);
    const size_t span =
        std::max(3 * period, period < 8 ? size_t{128} : size_t{48});
    for (size_t i = 0; i < span; ++i) {
      ASSERT_EQ(detector.loop(), std::nullopt) << "period " << period;
      detector.Accept(static_cast<TokenId>(i % period));
    }
    EXPECT_EQ(detector.loop(), (Loop{period, span / period, 100}));
    detector.Accept(-1);
    EXPECT_EQ(detector.loop(), std::nullopt);
  }
}

TEST(LoopDetectorTest, TheGreatestPeriodIsFoundAndTheNextIsNot) {
  for (const size_t period :
       {LoopDetector::kMaxPeriod, LoopDetector::kMaxPeriod + 1}) {
    LoopDetector detector;
    for (size_t i = 0; i < 3 * period; ++i) {
      ASSERT_EQ(detector.loop(), std::nullopt);
      detector.Accept(static_cast<TokenId>(i % period));
    }
    EXPECT_EQ(detector.loop().has_value(), period == LoopDetector::kMaxPeriod);
  }
}

TEST(LoopDetectorTest, RollbackRestoresTheDetectorExactly) {
  std::mt19937_64 random(4);
  for (int round = 0; round < 40; ++round) {
    const Ids ids = RepetitiveString(random, 200);
    std::vector<LoopDetector> history(1);
    for (int step = 0; step < 300; ++step) {
      LoopDetector detector = history.back();
      if (random() % 4 == 0 && history.size() > 1) {
        const size_t n = random() % std::min<size_t>(history.size(), 70);
        detector.Rollback(n);
        history.resize(history.size() - n);
        ASSERT_EQ(detector, history.back());
      } else if (history.size() <= ids.size()) {
        detector.Accept(ids[history.size() - 1]);
        history.push_back(detector);
      }
    }
  }
}

TEST(LoopDetectorTest, RollbackOverALongRepetitionIsExact) {
  LoopDetector detector;
  for (int i = 0; i < 20'000; ++i) detector.Accept(7);
  const LoopDetector before = detector;
  detector.Accept(8);
  detector.Accept(7);
  detector.Rollback(2);
  EXPECT_EQ(detector, before);
}

TEST(LoopDetectorTest, WhatWasLetGoIsNotHeldAgain) {
  std::mt19937_64 random(5);
  for (int round = 0; round < 800; ++round) {
    LoopDetector detector;
    size_t shown = 0;
    for (const TokenId id : RepetitiveString(random, 400)) {
      detector.Accept(id);
      ASSERT_LE(detector.held(), LoopDetector::kMaxHeld);
      const size_t free = detector.size() - detector.held();
      ASSERT_GE(free, shown) << "round " << round;
      shown = free;
      if (detector.loop().has_value()) {
        // All that a step back would take is still held.
        const Loop& loop = *detector.loop();
        ASSERT_GE(detector.held(),
                  std::min(detector.size() - loop.start - loop.period,
                           LoopDetector::kMaxHeld));
        break;
      }
    }
  }
}

TEST(LoopDetectorTest, ContinuationsProlongWhatStoodThereBefore) {
  std::mt19937_64 random(31);
  size_t found = 0;
  for (int round = 0; round < 100; ++round) {
    const Ids ids = RepetitiveString(random, 150);
    LoopDetector detector;
    for (size_t size = 1; size <= ids.size(); ++size) {
      detector.Accept(ids[size - 1]);
      Ids wanted;
      for (size_t end = size - 1; end >= 16; --end) {
        if (std::equal(&ids[end - 16], &ids[end], &ids[size - 16])) {
          wanted.push_back(ids[end]);
        }
      }
      ASSERT_EQ(detector.Continuations(16), wanted);
      found += wanted.size();
    }
  }
  EXPECT_GT(found, 1000u);
}

}  // namespace
}  // namespace fullstop
