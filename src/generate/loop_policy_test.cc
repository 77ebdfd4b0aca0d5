#include "generate/loop_policy.h"

#include <algorithm>
#include <functional>
#include <random>

#include "gtest/gtest.h"

namespace fullstop {
namespace {

using Ids = std::vector<TokenId>;
using Kind = LoopVerdict::Kind;

// A reply that is generated under a policy: what stands, and what was shown.
struct Reply {
  explicit Reply(OnLoop action, Ids stop_ids = {})
      : policy(action, std::move(stop_ids)) {}

  LoopVerdict Add(TokenId id) {
    const LoopVerdict verdict = policy.Accept(id);
    ids.push_back(id);
    if (verdict.kind == Kind::kStepBack) {
      ids.resize(ids.size() - verdict.remove);
    }
    EXPECT_EQ(policy.size(), ids.size());
    EXPECT_LE(shown.size(), ids.size()) << "a shown token was taken back";
    while (shown.size() + policy.held() < ids.size()) {
      shown.push_back(ids[shown.size()]);
    }
    return verdict;
  }

  // Adds UNIT again and again until the policy speaks.
  LoopVerdict Repeat(const Ids& unit) {
    for (size_t i = 0;; ++i) {
      const LoopVerdict verdict = Add(unit[i % unit.size()]);
      if (verdict.kind != Kind::kNone) return verdict;
    }
  }

  LoopPolicy policy;
  Ids ids;
  Ids shown;
};

Ids Unit(size_t period, TokenId first = 100) {
  Ids unit;
  for (size_t i = 0; i < period; ++i) {
    unit.push_back(first + static_cast<TokenId>(i));
  }
  return unit;
}

Ids Joined(Ids a, const Ids& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

TEST(LoopPolicyTest, StepBackLeavesOneInstanceAndBansTheFirstRepeatedToken) {
  for (size_t period = 8; period <= 32; ++period) {
    Reply reply(OnLoop::kStepBack);
    for (const TokenId id : {1, 2, 3}) reply.Add(id);
    const Ids unit = Unit(period);
    const LoopVerdict verdict = reply.Repeat(unit);
    EXPECT_EQ(verdict.kind, Kind::kStepBack);
    EXPECT_EQ(verdict.loop.start, 3u);
    EXPECT_EQ(verdict.loop.period, period);
    EXPECT_EQ(reply.ids, Joined({1, 2, 3}, unit));
    EXPECT_EQ(reply.shown, reply.ids);
    EXPECT_EQ(reply.policy.banned(), Ids{unit[0]});
    EXPECT_EQ(reply.policy.removed_tokens(), verdict.remove);
  }
}

TEST(LoopPolicyTest, StepBackLeavesNoHalfCharacter) {
  // The unit's last token begins a character that its second one completes.
  const Ids unit = Unit(10);
  LoopPolicy policy(OnLoop::kStepBack, {});
  for (const TokenId id : unit) policy.Accept(id, id == 109 || id == 100);
  LoopVerdict verdict;
  for (size_t i = 0; verdict.kind == Kind::kNone; ++i) {
    const TokenId id = unit[i % 10];
    verdict = policy.Accept(id, id == 109 || id == 100);
  }
  EXPECT_EQ(verdict.kind, Kind::kStepBack);
  EXPECT_EQ(policy.size(), 12u);
  EXPECT_EQ(policy.banned(), Ids{102});
}

TEST(LoopPolicyTest, LongAndDullLoopsLoseWhatIsHeld) {
  for (const size_t period : {1, 3, 7, 33, 64, 500, 4096}) {
    Reply reply(OnLoop::kStepBack);
    const LoopVerdict verdict = reply.Repeat(Unit(period));
    EXPECT_EQ(verdict.kind, Kind::kStepBack);
    EXPECT_EQ(verdict.remove, 64u);
    EXPECT_EQ(reply.shown, reply.ids);
    EXPECT_EQ(reply.ids.size() + 64,
              std::max<size_t>(3 * period, period < 8 ? 128 : 48));
  }
}

TEST(LoopPolicyTest, ABannedTokenIsFreeElsewhere) {
  Reply reply(OnLoop::kStepBack);
  reply.Repeat(Unit(10));
  EXPECT_EQ(reply.policy.banned(), Ids{100});
  reply.Add(5);
  EXPECT_TRUE(reply.policy.banned().empty());
  reply.policy.Rollback(1);
  EXPECT_EQ(reply.policy.banned(), Ids{100});
  reply.policy.Rollback(1);
  EXPECT_TRUE(reply.policy.banned().empty());
}

TEST(LoopPolicyTest, BansAtOnePlaceAddUp) {
  Reply reply(OnLoop::kStepBack);
  reply.Add(1);
  reply.Repeat(Unit(10));
  EXPECT_EQ(reply.ids.size(), 11u);
  // Steered away, the reply repeats the same words behind another opening.
  Ids other = Unit(10);
  other[0] = 50;
  for (const TokenId id : other) reply.Add(id);
  const LoopVerdict verdict = reply.Repeat(other);
  EXPECT_EQ(verdict.kind, Kind::kStepBack);
  EXPECT_EQ(reply.policy.step_backs(), 2u);
}

TEST(LoopPolicyTest, TheFourthLoopEndsTheReply) {
  Reply reply(OnLoop::kStepBack);
  uint64_t removed = 0;
  for (TokenId i = 1; i <= 3; ++i) {
    const LoopVerdict verdict = reply.Repeat(Unit(20, i * 1000));
    EXPECT_EQ(verdict.kind, Kind::kStepBack);
    removed += verdict.remove;
  }
  EXPECT_EQ(reply.policy.removed_tokens(), removed);
  const LoopVerdict verdict = reply.Repeat(Unit(20, 9000));
  EXPECT_EQ(verdict.kind, Kind::kStop);
  EXPECT_EQ(verdict.loop.count, 3u);
  // Nothing is held any more, since nothing will be taken back.
  EXPECT_EQ(reply.shown, reply.ids);
}

TEST(LoopPolicyTest, AStopIdIsNeverBanned) {
  Reply reply(OnLoop::kStepBack, {100});
  EXPECT_EQ(reply.Repeat(Unit(10)).kind, Kind::kStop);
  EXPECT_TRUE(reply.policy.banned().empty());
}

// The tokens of UNIT, from FIRST on and round again, that REPLY may go on with
// until one is banned; 100 at most.
size_t FreeTokens(Reply& reply, const Ids& unit, size_t first) {
  for (size_t i = 0; i < 100; ++i) {
    const TokenId next = unit[(first + i) % unit.size()];
    const Ids banned = reply.policy.banned();
    if (!banned.empty()) {
      EXPECT_EQ(banned, Ids{next});
      return i;
    }
    reply.Add(next);
  }
  return 100;
}

TEST(LoopPolicyTest, AfterAStepBackTheLoopIsNotGoneOnWithAnywhere) {
  for (const size_t period : {1, 7, 8, 17, 40, 300}) {
    const Ids unit = Unit(period);
    for (const size_t first : {size_t{0}, period / 2, period - 1}) {
      Reply reply(OnLoop::kStepBack);
      reply.Repeat(unit);
      reply.Add(7);
      const LoopPolicy before = reply.policy;
      EXPECT_EQ(FreeTokens(reply, unit, first), 16u);
      reply.policy.Rollback(16);
      EXPECT_EQ(reply.policy, before);
    }
  }
}

TEST(LoopPolicyTest, AfterOneStepBackOtherTextsMayRepeat) {
  Reply reply(OnLoop::kStepBack);
  reply.Repeat(Unit(20));
  reply.Add(7);
  EXPECT_EQ(FreeTokens(reply, Unit(60, 5000), 0), 100u);
}

TEST(LoopPolicyTest, AfterTwoStepBacksNoLongCopyIsGoneOnWith) {
  for (const size_t period : {8, 17, 40, 80}) {
    Reply reply(OnLoop::kStepBack);
    reply.Repeat(Unit(20));
    reply.Repeat(Unit(20, 5000));
    reply.Add(7);
    EXPECT_EQ(FreeTokens(reply, Unit(period, 9000), 0), period + 16);
    const LoopPolicy before = reply.policy;
    reply.policy.Accept(3);
    EXPECT_TRUE(reply.policy.banned().empty());
    reply.policy.Rollback(1);
    EXPECT_EQ(reply.policy, before);
  }
}

TEST(LoopPolicyTest, AStopIdIsNotSteeredOff) {
  for (const size_t loops : {1, 2}) {
    const Ids unit = Unit(20);
    Reply reply(OnLoop::kStepBack, {116});
    reply.Repeat(unit);
    if (loops == 2) reply.Repeat(Unit(20, 5000));
    reply.Add(7);
    for (size_t i = 0; i < 16; ++i) reply.Add(unit[i]);
    EXPECT_TRUE(reply.policy.banned().empty());
    reply.Add(116);
    EXPECT_EQ(reply.policy.banned(), Ids{117});
  }
}

// A model that goes on with its period wherever that is not banned.
TEST(LoopPolicyTest, AStubbornModelIsFreedFromItsLoop) {
  std::mt19937_64 random(12);
  for (size_t period = 1; period <= 200; ++period) {
    Reply reply(OnLoop::kStepBack);
    while (reply.ids.size() < 6 * period + 200) {
      const Ids banned = reply.policy.banned();
      TokenId id = reply.ids.size() < period
                       ? static_cast<TokenId>(random() % 4)
                       : reply.ids[reply.ids.size() - period];
      while (std::count(banned.begin(), banned.end(), id) > 0) {
        id = static_cast<TokenId>(random() % 30);
      }
      ASSERT_NE(reply.Add(id).kind, Kind::kStop);
    }
    EXPECT_GE(reply.policy.step_backs(), 1u) << "period " << period;
    EXPECT_LE(reply.policy.step_backs(), 2u) << "period " << period;
  }
}

TEST(LoopPolicyTest, WarnTellsEachLoopOnceAndHoldsNothing) {
  Reply reply(OnLoop::kWarn);
  EXPECT_EQ(reply.Repeat(Unit(20)).kind, Kind::kWarn);
  for (int i = 0; i < 200; ++i) {
    EXPECT_EQ(reply.Add(100 + i % 20).kind, Kind::kNone);
    EXPECT_EQ(reply.policy.held(), 0u);
  }
  EXPECT_EQ(reply.Repeat(Unit(9, 5000)).kind, Kind::kWarn);
  const LoopPolicy before = reply.policy;
  LoopPolicy policy = before;
  policy.Accept(5000);
  policy.Rollback(1);
  EXPECT_EQ(policy, before);
}

TEST(LoopPolicyTest, StopEndsTheReplyWithTheLoop) {
  Reply reply(OnLoop::kStop);
  const LoopVerdict verdict = reply.Repeat(Unit(16));
  EXPECT_EQ(verdict.kind, Kind::kStop);
  EXPECT_EQ(verdict.loop, (Loop{16, 3, 0}));
  EXPECT_EQ(reply.shown, reply.ids);
}

// A model that repeats itself with some stubbornness, over small alphabets and
// with every action: Reply checks that nothing shown is taken back.
TEST(LoopPolicyTest, NothingShownIsTakenBackFromRandomReplies) {
  std::mt19937_64 random(6);
  size_t step_backs = 0;
  for (int round = 0; round < 1000; ++round) {
    Reply reply(OnLoop::kStepBack);
    const size_t alphabet = 1 + random() % 30;
    for (int step = 0; step < 400; ++step) {
      const Ids banned = reply.policy.banned();
      const size_t period = 1 + random() % 50;
      TokenId id = 0;
      LoopVerdict verdict;
      for (size_t n = 1 + random() % 150; n > 0; --n, ++step) {
        id = reply.ids.size() < period || random() % 100 == 0
                 ? static_cast<TokenId>(random() % alphabet)
                 : reply.ids[reply.ids.size() - period];
        if (n == 1 && std::count(banned.begin(), banned.end(), id) > 0) break;
        verdict = reply.Add(id);
        if (verdict.kind != Kind::kNone) break;
      }
      if (verdict.kind == Kind::kStop) break;
      step_backs += verdict.kind == Kind::kStepBack ? 1 : 0;
    }
    ASSERT_LE(reply.policy.step_backs(), LoopPolicy::kMaxStepBacks);
  }
  EXPECT_GT(step_backs, 300u);
}

}  // namespace
}  // namespace fullstop
