// The catalogue's failures: shown by the rules that failed, absent here,
// whatever the tokens are called and wherever their ids are.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "base/file.h"
#include "base/utf8.h"
#include "doctor/examine.h"
#include "generate/end.h"
#include "issues/fixture.h"
#include "issues/naive_rules.h"
#include "protocol/reply_cases.h"

namespace fullstop {
namespace {

constexpr int kRenamings = 20;

using ::testing::HasSubstr;

class IssuesTest : public testing::TestWithParam<Json> {};

// IDS for comparison and for a person: tokens in braces.
std::string Shown(const FixtureModel& model, const std::vector<TokenId>& ids) {
  std::string text;
  for (const TokenId id : ids) {
    const std::string bytes(model.protocol().tokenizer()->TokenBytes(id));
    text += id < 256 ? bytes : "{" + bytes + "}";
  }
  return text;
}

std::string Wanted(const FixtureModel& model, const Json& text) {
  return Shown(model, model.Ids(std::string(text)));
}

Json CallsOf(const ParsedReply& said) {
  Json calls = Json::array();
  for (const ParsedCall& call : said.calls) {
    calls.push_back({call.name, call.arguments});
  }
  return calls;
}

Json FlagsOf(const ParsedReply& said) {
  Json flags = Json::array();
  for (const ReplyFlag flag : said.flags) {
    flags.push_back(ReplyFlagName(flag));
  }
  return flags;
}

// What holds of every reply: the stream is the answer, and the cache holds the
// prompt's ids and the reply's, but for the token that ended it.
void ExpectSound(const FixtureModel& model, const PlayedTurn& held) {
  if (!held.error.empty()) return;
  const Reply& reply = held.turn.reply;
  EXPECT_EQ(held.streamed, ReplaceInvalidUtf8(reply.said.content));
  EXPECT_EQ(reply.usage.completion_tokens, reply.ids.size());
  if (held.turn.prompt.ids.empty()) return;
  std::vector<TokenId> ids = held.turn.prompt.TokenIds();
  ids.insert(ids.end(), reply.ids.begin(), reply.ids.end());
  if (!reply.ids.empty()) ids.pop_back();
  EXPECT_EQ(Shown(model, held.cached), Shown(model, ids));
}

void ExpectTurn(const FixtureModel& model, const Json& expected,
                const PlayedTurn& held) {
  const Reply& reply = held.turn.reply;
  const auto wants = [&expected](const char* what) {
    return expected.contains(what);
  };
  if (wants("error")) {
    EXPECT_THAT(held.error, HasSubstr(std::string(expected["error"])));
  } else {
    EXPECT_EQ(held.error, "");
  }
  if (wants("content")) {
    if (!wants("calls") && !wants("reasoning")) {
      EXPECT_EQ(reply.text, CaseText(expected["content"]));
    }
    EXPECT_EQ(reply.said.content, CaseText(expected["content"]));
    EXPECT_EQ(reply.said.reasoning, expected.value("reasoning", ""));
    EXPECT_EQ(EndCauseName(reply.end.cause), std::string(expected["end"]));
    EXPECT_EQ(CallsOf(reply.said), expected.value("calls", Json::array()));
    EXPECT_EQ(FlagsOf(reply.said), expected.value("flags", Json::array()));
  }
  if (wants("finish")) {
    EXPECT_EQ(OpenAiFinishReason(reply.end.cause, !reply.said.calls.empty()),
              std::string(expected["finish"]));
  }
  if (wants("tokens")) {
    EXPECT_EQ(reply.ids.size(), expected["tokens"]);
  }
  if (wants("prompt")) {
    EXPECT_EQ(Shown(model, held.turn.prompt.TokenIds()),
              Wanted(model, expected["prompt"]));
  }
  if (wants("from_cache")) {
    EXPECT_EQ(static_cast<size_t>(reply.cached_tokens),
              model.Ids(std::string(expected["from_cache"])).size());
  }
  if (wants("end_per_cent")) {
    EXPECT_EQ(std::to_string(std::lround(100 * held.end_drawn_with)),
              std::string(expected["end_per_cent"]));
  }
}

void ExpectStops(const FixtureModel& model) {
  const StopSet& stops = model.protocol().stops();
  for (const Json& wanted : model.fixture().value("stops", Json::array())) {
    const Stop* stop = stops.Find(model.Id(std::string(wanted["text"])));
    ASSERT_NE(stop, nullptr) << wanted;
    EXPECT_EQ(StopRoleName(stop->role), std::string(wanted["role"])) << wanted;
    std::set<std::string> from;
    for (const Source& source : stop->from) {
      from.insert(std::string(ProvenanceName(source.provenance)));
    }
    EXPECT_EQ(from, wanted["from"].get<std::set<std::string>>()) << wanted;
  }
  for (const std::string text :
       model.fixture().value("no_stops", Json::array())) {
    EXPECT_EQ(stops.Find(model.Id(text)), nullptr) << text;
  }
}

void ExpectFindings(const FixtureModel& model) {
  std::set<std::string> found;
  for (const Finding& finding : model.protocol().facts().findings) {
    found.insert(std::string(FindingKindName(finding.kind)));
  }
  for (const std::string kind :
       model.fixture().value("findings", Json::array())) {
    EXPECT_TRUE(found.contains(kind)) << kind;
  }
}

// The rules that find something at warning or above are those that the fixture
// names, by severity, where it is about files.
void ExpectDiagnoses(const FixtureModel& model) {
  if (!model.fixture().contains("doctor")) return;
  Json found = Json::object();
  for (const Diagnosis& each : Examine(Target::Open(model.path())).diagnoses) {
    if (each.severity == Severity::kNote) continue;
    Json& rules = found[std::string(SeverityName(each.severity))];
    if (rules.is_null() || rules.back() != each.rule) {
      rules.push_back(each.rule);
    }
  }
  EXPECT_EQ(found, model.fixture()["doctor"]);
}

void ExpectAbsent(const Json& fixture) {
  const FixtureModel model(fixture);
  ExpectStops(model);
  ExpectFindings(model);
  ExpectDiagnoses(model);
  for (const Json& play : fixture["plays"]) {
    const std::vector<PlayedTurn> played = Play(model, play);
    const std::vector<Json> turns = Turns(play);
    for (size_t i = 0; i < turns.size(); ++i) {
      SCOPED_TRACE(turns[i]["says"].dump());
      ExpectSound(model, played[i]);
      ExpectTurn(model, turns[i]["expected"], played[i]);
    }
  }
  // The same files with one thing more.
  for (Json change : fixture.value("also", Json::array())) {
    Json changed = fixture;
    changed.erase("findings");
    changed.merge_patch(change);
    ExpectFindings(FixtureModel(changed));
  }
}

TEST_P(IssuesTest, TheRuleThatFailedShowsIt) {
  const FixtureModel model(GetParam());
  for (const Json& naive : GetParam()["naive"]) {
    SCOPED_TRACE(naive.dump());
    const NaiveResult result = ApplyNaiveRule(model, naive);
    const Json expected = Turns(PlayOf(model, naive)).back()["expected"];
    const std::string gives = naive["gives"];
    if (!result.ids.empty()) {
      EXPECT_EQ(Shown(model, result.ids), Wanted(model, gives));
      EXPECT_NE(Shown(model, result.ids), Wanted(model, expected["prompt"]));
      continue;
    }
    EXPECT_EQ(result.text, gives);
    const Json& wanted = expected[naive.value("of", "content")];
    EXPECT_NE(Json(gives), wanted);
  }
}

TEST_P(IssuesTest, IsAbsentHere) { ExpectAbsent(GetParam()); }

TEST_P(IssuesTest, IsAbsentWithOtherNamesAndIds) {
  std::mt19937_64 random(20260719);
  for (int i = 0; i < kRenamings; ++i) {
    const Json renamed = Renamed(GetParam(), &random);
    SCOPED_TRACE(renamed.dump());
    ExpectAbsent(renamed);
    if (HasFailure()) break;
  }
}

INSTANTIATE_TEST_SUITE_P(Catalogue, IssuesTest,
                         testing::ValuesIn(ReadFixtures()),
                         [](const auto& fixture) {
                           return std::string(fixture.param["id"]);
                         });

TEST(CatalogueTest, EveryFixtureIsTold) {
  const std::string readme = ReadFile(FULLSTOP_SOURCE_DIR "/issues/README.md");
  for (const Json& fixture : ReadFixtures()) {
    EXPECT_THAT(readme, HasSubstr("**" + std::string(fixture["id"]) + "**"));
  }
}

TEST(CatalogueTest, EveryKindOfAModelAndOfARuntimeHasAFixture) {
  std::set<std::string> ids;
  for (const Json& fixture : ReadFixtures()) ids.insert(fixture["id"]);
  for (int i = 1; i <= 30; ++i) {
    EXPECT_TRUE(ids.contains((i < 10 ? "M0" : "M") + std::to_string(i))) << i;
  }
  for (int i = 1; i <= 14; ++i) {
    EXPECT_TRUE(ids.contains((i < 10 ? "R0" : "R") + std::to_string(i))) << i;
  }
}

}  // namespace
}  // namespace fullstop
