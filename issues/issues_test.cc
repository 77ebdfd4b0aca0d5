// The catalogue's failures: shown by a naive rule, absent here, whatever the
// markers and ids are called.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <random>

#include "base/file.h"
#include "engine/conversation.h"
#include "generate/end.h"
#include "model/table_model.h"
#include "protocol/reply_cases.h"

namespace fullstop {
namespace {

using Json = nlohmann::ordered_json;

std::vector<Json> Fixtures() {
  return Json::parse(ReadFile(FULLSTOP_SOURCE_DIR "/issues/fixtures.json"));
}

// FIXTURE with every control token renamed and their ids in another order.
Json Renamed(const Json& fixture, std::mt19937_64* random) {
  std::vector<std::string> tokens = fixture["control"];
  std::map<std::string, std::string> names;
  for (size_t i = 0; i < tokens.size(); ++i) {
    std::string name = "<|";
    for (int n = 0; n < 6; ++n) {
      name += static_cast<char>('a' + (*random)() % 26);
    }
    names[tokens[i]] = name + std::to_string(i) + "|>";
  }
  const auto rename = [&names](std::string text) {
    for (const auto& [from, to] : names) {
      for (size_t at = text.find(from); at != std::string::npos;
           at = text.find(from, at + to.size())) {
        text.replace(at, from.size(), to);
      }
    }
    return text;
  };
  std::function<Json(const Json&)> walk = [&](const Json& value) -> Json {
    if (value.is_string()) return rename(value.get<std::string>());
    Json copy = value;
    if (value.is_structured()) {
      for (Json& child : copy) child = walk(child);
    }
    return copy;
  };
  Json renamed = walk(fixture);
  std::vector<std::string> order = renamed["control"];
  std::shuffle(order.begin(), order.end(), *random);
  renamed["control"] = order;
  return renamed;
}

std::vector<TokenId> Ids(const TurnProtocol& protocol,
                         const std::string& text) {
  std::vector<TokenId> ids;
  for (const ReplyCase::Part& part : CaseParts(protocol, text)) {
    if (part.id) {
      ids.push_back(*part.id);
      continue;
    }
    for (const char byte : part.bytes) {
      ids.push_back(static_cast<unsigned char>(byte));
    }
  }
  return ids;
}

// Says SCRIPT, and behind the token that closes a thought, if it comes from
// somewhere else, BEHIND.
class Script {
 public:
  Script(const TurnProtocol& protocol, const Json& fixture)
      : says_(Ids(protocol, fixture["script"])),
        behind_(Ids(protocol, fixture.value("behind_thought", ""))) {
    const auto& closing = protocol.facts().reasoning.closing;
    if (closing && !behind_.empty()) closing_ = closing->ids[0];
  }

  std::vector<float> operator()(std::span<const TokenId> ids, size_t prompt,
                                size_t size) const {
    const auto reply = ids.subspan(prompt);
    size_t said = reply.size();
    const std::vector<TokenId>* says = &says_;
    const auto closed = std::find(reply.begin(), reply.end(), closing_);
    if (closing_ >= 0 && closed != reply.end()) {
      said = static_cast<size_t>(reply.end() - closed) - 1;
      says = &behind_;
    }
    std::vector<float> logits(size, 0.0f);
    logits[said < says->size() ? static_cast<size_t>((*says)[said]) : 'z'] = 20;
    return logits;
  }

 private:
  std::vector<TokenId> says_;
  std::vector<TokenId> behind_;
  TokenId closing_ = -1;
};

Reply Play(const Json& fixture) {
  const std::vector<std::string> control = fixture["control"];
  const auto protocol =
      TinyModel(control).Template(fixture["template"]).Resolve();
  const size_t size = 256 + control.size();
  size_t prompt = 0;
  const Script script(*protocol, fixture);
  TableModel model(static_cast<int32_t>(size), 4096,
                   [&](std::span<const TokenId> ids) {
                     return ids.size() < prompt ? std::vector<float>(size, 0.0f)
                                                : script(ids, prompt, size);
                   });
  Conversation conversation(*protocol, model);
  conversation.messages().push_back({{"role", "user"}, {"content", "Hm?"}});
  prompt = conversation.Prompt().ids.size();
  GenerationOptions options;
  options.sampling.temp = 0;
  options.on_loop = OnLoop::kWarn;
  options.stops.max_tokens = 400;
  options.stops.stop_strings =
      fixture.value("stop", std::vector<std::string>());
  if (fixture.contains("budget")) options.reasoning_budget = fixture["budget"];
  ReplyObserver observer;
  return conversation.Reply(options, observer).reply;
}

// What the rule that failed makes of the script.
std::string Naive(const Json& fixture) {
  const Json& naive = fixture["naive"];
  const std::string rule = naive["rule"];
  const std::string script = fixture["script"];
  const std::string text = CaseText(script);
  const std::string marker = naive.value("marker", "");
  if (rule == "text_stop") return text.substr(0, text.find(marker));
  if (rule == "waits_for") {
    std::string content = text;
    if (content.find(marker) != std::string::npos) return "";
    for (const std::string end : fixture["control"]) {
      if (content.ends_with(end)) content.resize(content.size() - end.size());
    }
    return content;
  }
  if (rule == "strict_json") {
    const size_t open = text.find('{');
    const size_t close = text.rfind('}') + 1;
    return Json::accept(text.substr(open, close - open)) ? text : "";
  }
  // ends_at: what is visible up to the token, of the last channel.
  std::string content = text.substr(0, text.find(marker));
  const bool thought = content.find("analysis") != std::string::npos;
  for (const std::string token : fixture["control"]) {
    for (size_t at = content.find(token); at != std::string::npos;
         at = content.find(token)) {
      content.erase(at, token.size());
    }
  }
  return thought ? "" : content;
}

void Expect(const Json& fixture, const Reply& reply) {
  const Json& expected = fixture["expected"];
  EXPECT_EQ(reply.said.content, CaseText(expected["content"]));
  EXPECT_EQ(reply.said.reasoning, expected.value("reasoning", ""));
  EXPECT_EQ(EndCauseName(reply.end.cause), expected["end"].get<std::string>());
  Json calls = Json::array();
  for (const ParsedCall& call : reply.said.calls) {
    calls.push_back({call.name, call.arguments});
  }
  EXPECT_EQ(calls, expected.value("calls", Json::array()));
  Json flags = Json::array();
  for (const ReplyFlag flag : reply.said.flags) {
    flags.push_back(ReplyFlagName(flag));
  }
  EXPECT_EQ(flags, expected.value("flags", Json::array()));
}

TEST(IssuesTest, NaiveRulesShowTheFailure) {
  for (const Json& fixture : Fixtures()) {
    const std::string naive = Naive(fixture);
    EXPECT_EQ(naive, CaseText(fixture["naive"]["content"])) << fixture["id"];
    const bool differs = naive != CaseText(fixture["expected"]["content"]) ||
                         fixture["expected"].contains("calls");
    EXPECT_TRUE(differs) << fixture["id"];
  }
}

TEST(IssuesTest, TheFailureIsAbsentHere) {
  for (const Json& fixture : Fixtures()) {
    SCOPED_TRACE(fixture["id"].get<std::string>());
    Expect(fixture, Play(fixture));
  }
}

TEST(IssuesTest, AndWithOtherNamesAndIds) {
  std::mt19937_64 random(20260719);
  for (const Json& fixture : Fixtures()) {
    for (int i = 0; i < 20; ++i) {
      const Json renamed = Renamed(fixture, &random);
      SCOPED_TRACE(renamed.dump());
      Expect(renamed, Play(renamed));
    }
  }
}

TEST(IssuesTest, EveryFixtureIsTold) {
  const std::string readme = ReadFile(FULLSTOP_SOURCE_DIR "/issues/README.md");
  for (const Json& fixture : Fixtures()) {
    EXPECT_NE(readme.find("**" + fixture["id"].get<std::string>() + "**"),
              std::string::npos);
  }
}

}  // namespace
}  // namespace fullstop
