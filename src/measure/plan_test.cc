#include "measure/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace fullstop {
namespace {

constexpr Extent kExtent{24, 6, 0};
constexpr Extent kWithSweep{24, 6, 25};

double Needs(const Plan& plan, const Cost& cost) {
  const auto own = static_cast<double>(plan.greedy + plan.sampled);
  return static_cast<double>(plan.known) * cost.known +
         own *
             (cost.known + static_cast<double>(plan.max_tokens) * cost.token) +
         static_cast<double>(plan.variants * kExtent.dresses) * cost.known +
         static_cast<double>(plan.sweep_settings * plan.sweep_replies) *
             (cost.known + static_cast<double>(plan.sweep_tokens) * cost.token);
}

TEST(PlanTest, AllFitsIntoEnoughTime) {
  const Plan plan = MakePlan(600, {0.1, 0.01}, kExtent);
  EXPECT_EQ(plan.known, 24U);
  EXPECT_EQ(plan.greedy, 8U);
  EXPECT_EQ(plan.sampled, 24U);
  EXPECT_EQ(plan.max_tokens, 256U);
  EXPECT_EQ(plan.variants, 8U);
  EXPECT_TRUE(plan.left_out.empty());
}

TEST(PlanTest, EightKnownRepliesComeBeforeAllElse) {
  const Plan plan = MakePlan(1, {10, 1}, kExtent);
  EXPECT_EQ(plan.known, 8U);
  EXPECT_EQ(plan.greedy + plan.sampled, 0U);
  EXPECT_EQ(plan.variants, 0U);
  EXPECT_EQ(plan.left_out.size(), 3U);
  EXPECT_EQ(MakePlan(1, {10, 1}, {.known = 3, .dresses = 6}).known, 3U);
}

TEST(PlanTest, KnownRepliesTakeTheTimeThatNothingElseFitsInto) {
  const Plan plan = MakePlan(60, {4, 2}, kExtent);
  EXPECT_EQ(plan.known, 15U);
  EXPECT_EQ(plan.greedy + plan.sampled + plan.variants, 0U);
  EXPECT_THAT(plan.left_out, ::testing::Contains("9 known replies"));
}

TEST(PlanTest, PlansKeepToTheirTime) {
  for (const double seconds : {20.0, 60.0, 300.0}) {
    for (const double known : {0.05, 0.4, 1.0}) {
      for (const double token : {0.005, 0.05, 0.2}) {
        const Cost cost{known, token};
        for (const Extent& extent : {kExtent, kWithSweep}) {
          const Plan plan = MakePlan(seconds, cost, extent);
          if (plan.known == 8) continue;  // whatever they cost
          EXPECT_LE(Needs(plan, cost), seconds)
              << seconds << " " << known << " " << token;
        }
      }
    }
  }
}

TEST(PlanTest, ASweepTakesWhatIsLeft) {
  const Plan all = MakePlan(1000, {0.1, 0.01}, kWithSweep);
  EXPECT_EQ(all.sweep_settings, 25U);
  EXPECT_EQ(all.sweep_replies, 8U);
  EXPECT_EQ(all.sweep_tokens, 256U);
  EXPECT_TRUE(all.left_out.empty());
  const Plan some = MakePlan(60, {0.1, 0.01}, kWithSweep);
  EXPECT_EQ(some.known, 24U);
  EXPECT_GE(some.sweep_settings, 5U);
  EXPECT_LT(some.sweep_settings, 25U);
  ASSERT_EQ(some.left_out.size(), 1U);
  EXPECT_EQ(some.left_out[0], std::to_string(25 - some.sweep_settings) +
                                  " of 25 settings of the sweep");
  const Plan none = MakePlan(5, {0.1, 0.05}, kWithSweep);
  EXPECT_EQ(none.sweep_settings, 0U);
  EXPECT_THAT(none.left_out.back(), ::testing::HasSubstr("the sweep: "));
}

TEST(PlanTest, APlanFromBeforeTheSweepHasNone) {
  auto json = PlanToJson(MakePlan(30, {0.3, 0.02}, kExtent));
  for (const char* name : {"sweep_settings", "sweep_replies", "sweep_tokens"}) {
    json.erase(name);
  }
  EXPECT_EQ(PlanFromJson(json).sweep_settings, 0U);
}

TEST(PlanTest, AFileBringsItBack) {
  const Plan plan = MakePlan(60, {0.1, 0.01}, kWithSweep);
  ASSERT_GT(plan.sweep_tokens, 0U);
  const auto json = PlanToJson(plan);
  EXPECT_EQ(PlanToJson(PlanFromJson(json)), json);
  const nlohmann::ordered_json report = {
      {"targets", {{{"path", "a"}}, {{"live", {{"plan", json}}}}}}};
  EXPECT_EQ(PlanToJson(PlanFromJson(report)), json);
}

TEST(PlanTest, OtherFilesAreRefused) {
  for (const char* text :
       {"[]", "1", "{}", R"({"seed": 1, "known": 3})",
        R"({"seed":1,"known":0,"greedy":0,"sampled":0,"max_tokens":1,
            "variants":0})",
        R"({"seed":-1,"known":1,"greedy":0,"sampled":0,"max_tokens":1,
            "variants":0})",
        R"({"targets": [1]})"}) {
    EXPECT_THROW(PlanFromJson(nlohmann::ordered_json::parse(text)), Error)
        << text;
  }
}

TEST(PlanTest, TimesHaveUnits) {
  EXPECT_EQ(ParseDuration("90"), 90);
  EXPECT_EQ(ParseDuration("60s"), 60);
  EXPECT_EQ(ParseDuration("1.5m"), 90);
  EXPECT_EQ(ParseDuration("2h"), 7200);
  for (const char* text : {"", "s", "-3s", "0", "5 m", "inf", "nan", "1d"}) {
    EXPECT_THROW(ParseDuration(text), Error) << text;
  }
}

}  // namespace
}  // namespace fullstop
