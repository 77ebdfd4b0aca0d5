#include "engine/row_scheduler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <vector>

namespace fullstop {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Part = RowScheduler::Part;

RowScheduler Small() {
  return RowScheduler({.prefill_rows = 16, .mixed_rows = 4});
}

TEST(RowSchedulerTest, EveryRowToDecodeIsInTheNextStep) {
  RowScheduler scheduler = Small();
  for (uint64_t ticket = 1; ticket <= 3; ++ticket) {
    scheduler.Add(ticket, Phase::kDecode, 1);
  }
  scheduler.Add(4, Phase::kPrefill, 100);
  const RowScheduler::Step step = scheduler.Next();
  EXPECT_THAT(step.decode,
              ElementsAre(Part{1, 0, 1}, Part{2, 0, 1}, Part{3, 0, 1}));
  EXPECT_THAT(step.prefill, ElementsAre(Part{4, 0, 4}));
}

TEST(RowSchedulerTest, APromptByItselfGetsAllRows) {
  RowScheduler scheduler = Small();
  scheduler.Add(1, Phase::kPrefill, 20);
  EXPECT_THAT(scheduler.Next().prefill, ElementsAre(Part{1, 0, 16}));
  EXPECT_THAT(scheduler.Next().prefill, ElementsAre(Part{1, 16, 4}));
  EXPECT_TRUE(scheduler.empty());
  EXPECT_THAT(scheduler.Next().prefill, IsEmpty());
}

TEST(RowSchedulerTest, AShortPromptDoesNotWaitForALongOne) {
  RowScheduler scheduler = Small();
  scheduler.Add(1, Phase::kPrefill, 1000);
  scheduler.Next();
  scheduler.Add(2, Phase::kPrefill, 3);
  EXPECT_THAT(scheduler.Next().prefill,
              ElementsAre(Part{1, 16, 13}, Part{2, 0, 3}));
}

TEST(RowSchedulerTest, OfMorePromptsThanRowsTheLongestWaitingComeFirst) {
  RowScheduler scheduler({.prefill_rows = 2, .mixed_rows = 1});
  for (uint64_t ticket = 1; ticket <= 3; ++ticket) {
    scheduler.Add(ticket, Phase::kPrefill, 10);
  }
  EXPECT_THAT(scheduler.Next().prefill,
              ElementsAre(Part{1, 0, 1}, Part{2, 0, 1}));
  EXPECT_THAT(scheduler.Next().prefill,
              ElementsAre(Part{1, 1, 1}, Part{3, 0, 1}));
}

TEST(RowSchedulerTest, WhatIsRemovedIsInNoStep) {
  RowScheduler scheduler = Small();
  scheduler.Add(1, Phase::kPrefill, 40);
  scheduler.Add(2, Phase::kDecode, 1);
  scheduler.Next();
  scheduler.Add(2, Phase::kDecode, 1);
  scheduler.Remove(1);
  scheduler.Remove(2);
  scheduler.Remove(3);
  EXPECT_TRUE(scheduler.empty());
}

// What each ticket waits for, and for how many steps it has had none.
struct Waiting {
  Phase phase;
  int32_t next = 0;
  int32_t end = 0;
  size_t steps = 0;
};

// Over a million operations: rows come in order and once, decoding never
// waits, no more prompt rows than allowed, none left unused, shares are equal,
// nobody waits longer than the others take turns.
TEST(RowSchedulerTest, AMillionOperationsKeepThePromises) {
  std::mt19937 random(7);
  const RowScheduler::Options options{.prefill_rows = 12, .mixed_rows = 5};
  RowScheduler scheduler(options);
  std::map<RowScheduler::Ticket, Waiting> all;
  RowScheduler::Ticket last = 0;
  for (int operation = 0; operation < 1000000; ++operation) {
    const uint32_t kind = random() % 8;
    if (kind < 2 && all.size() < 40) {
      const bool decode = random() % 2 == 0;
      const auto count =
          static_cast<int32_t>(decode ? 1 + random() % 2 : 1 + random() % 60);
      const Phase phase = decode ? Phase::kDecode : Phase::kPrefill;
      all[++last] = {phase, 0, count};
      scheduler.Add(last, phase, count);
      continue;
    }
    if (kind == 2 && !all.empty()) {
      const auto one =
          std::next(all.begin(), static_cast<ptrdiff_t>(random() % all.size()));
      scheduler.Remove(one->first);
      all.erase(one);
      continue;
    }
    const RowScheduler::Step step = scheduler.Next();
    const int32_t allowed =
        step.decode.empty() ? options.prefill_rows : options.mixed_rows;
    std::map<RowScheduler::Ticket, int32_t> shares;
    int32_t rows = 0;
    for (const Part& part : step.decode) {
      const Waiting& waiting = all.at(part.ticket);
      ASSERT_EQ(waiting.phase, Phase::kDecode);
      ASSERT_EQ(part, (Part{part.ticket, 0, waiting.end}));
      all.erase(part.ticket);
    }
    for (const Part& part : step.prefill) {
      Waiting& waiting = all.at(part.ticket);
      ASSERT_EQ(waiting.phase, Phase::kPrefill);
      ASSERT_EQ(part.first, waiting.next);
      ASSERT_GE(part.count, 1);
      waiting.next += part.count;
      shares[part.ticket] = part.count;
      rows += part.count;
    }
    ASSERT_LE(rows, allowed);
    const size_t prompts = all.size();
    int32_t left = 0;
    int32_t least = allowed;
    for (auto& [ticket, waiting] : all) {
      ASSERT_EQ(waiting.phase, Phase::kPrefill) << "decoding waited";
      left += waiting.end - waiting.next;
      waiting.steps = shares.contains(ticket) ? 0 : waiting.steps + 1;
      ASSERT_LE(waiting.steps,
                prompts / static_cast<size_t>(options.mixed_rows) + 8);
      if (waiting.next < waiting.end) least = std::min(least, shares[ticket]);
    }
    ASSERT_TRUE(rows == allowed || left == 0) << "rows were left unused";
    for (const auto& [ticket, share] : shares) {
      ASSERT_LE(share, least + 1) << "a share beyond another's need";
    }
    std::erase_if(all, [](const auto& each) {
      return each.second.next == each.second.end;
    });
    ASSERT_EQ(scheduler.empty(), all.empty());
  }
}

}  // namespace
}  // namespace fullstop
