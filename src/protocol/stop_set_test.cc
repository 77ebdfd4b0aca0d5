#include "protocol/stop_set.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace fullstop {
namespace {

Stop MakeStop(TokenId id) {
  return {id, "<" + std::to_string(id) + ">", StopRole::kTurnEnd, {}};
}

TEST(StopSetTest, EmptySetFindsNothing) {
  EXPECT_EQ(StopSet().Find(0), nullptr);
}

TEST(StopSetTest, IdZeroIsAnIdLikeAnyOther) {
  StopSet set;
  set.stops = {MakeStop(0), MakeStop(7)};
  ASSERT_NE(set.Find(0), nullptr);
  EXPECT_EQ(set.Find(0)->text, "<0>");
}

TEST(StopSetTest, EachMemberIsFoundAndNoOther) {
  const std::set<TokenId> members = {0, 2, 3, 128001, 128008, 128009};
  StopSet set;
  for (const TokenId id : members) set.stops.push_back(MakeStop(id));
  for (TokenId id = -1; id < 128012; ++id) {
    const Stop* found = set.Find(id);
    ASSERT_EQ(found != nullptr, members.contains(id)) << id;
    if (found != nullptr) {
      EXPECT_EQ(found->id, id);
    }
  }
}

TEST(StopSetTest, RolesHaveTheNamesOfTheDesign) {
  EXPECT_EQ(StopRoleName(StopRole::kTurnEnd), "turn_end");
  EXPECT_EQ(StopRoleName(StopRole::kSequenceEnd), "sequence_end");
  EXPECT_EQ(StopRoleName(StopRole::kToolCall), "tool_call");
  EXPECT_EQ(StopRoleName(StopRole::kSection), "section");
  EXPECT_EQ(StopRoleName(StopRole::kTurnOpen), "turn_open");
}

TEST(StopSetTest, ProvenancesHaveTheNamesOfTheDesign) {
  EXPECT_EQ(ProvenanceName(Provenance::kGenerationConfig), "generation_config");
  EXPECT_EQ(ProvenanceName(Provenance::kConfig), "config");
  EXPECT_EQ(ProvenanceName(Provenance::kTokenizerConfig), "tokenizer_config");
  EXPECT_EQ(ProvenanceName(Provenance::kGguf), "gguf");
  EXPECT_EQ(ProvenanceName(Provenance::kFullstop), "fullstop");
  EXPECT_EQ(ProvenanceName(Provenance::kDerived), "derived");
  EXPECT_EQ(ProvenanceName(Provenance::kGuessed), "guessed");
  EXPECT_EQ(ProvenanceName(Provenance::kUser), "user");
}

}  // namespace
}  // namespace fullstop
