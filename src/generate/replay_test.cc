#include "generate/replay.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "base/error.h"
#include "generate/stop_script.h"

namespace fullstop {
namespace {

// Token ID stands for "<ID>".
class TinyVocabulary : public Tokenizer {
 public:
  TinyVocabulary() {
    for (int i = 0; i < 10; ++i)
      texts_.push_back("<" + std::to_string(i) + ">");
    for (const std::string& text : texts_) {
      infos_.push_back({text, TokenKind::kControl});
    }
  }
  std::vector<EncodedToken> EncodeWithSource(
      std::string_view, const EncodeOptions&) const override {
    return {};
  }
  std::string_view TokenBytes(TokenId id) const override {
    return texts_[static_cast<size_t>(id)];
  }
  std::string Decode(std::span<const TokenId>, bool) const override {
    return "";
  }
  std::optional<TokenId> FindToken(std::string_view) const override {
    return {};
  }

 private:
  std::vector<std::string> texts_;
};

Stop TurnEnd(TokenId id) {
  return {id, "", StopRole::kTurnEnd, {{Provenance::kGguf, "eos"}}};
}

StopConfig WithStops(std::vector<Stop> stops) {
  StopConfig config;
  config.stops.stops = std::move(stops);
  return config;
}

// Plays the script and writes down what came of it, as an engine would.
Trace Record(const StopConfig& config, const std::vector<ScriptToken>& script) {
  StopMachine machine(config);
  Trace trace;
  trace.header.config = config;
  trace.header.model = "tiny.gguf";
  for (const ScriptToken& token : script) {
    if (machine.end()) break;
    const StopStep step = Play(token, &machine);
    if (token.close) {
      if (machine.end()) trace.end = {*machine.end(), machine.usage(), {}};
      continue;
    }
    TraceToken recorded;
    recorded.id = token.id;
    recorded.bytes = token.bytes;
    recorded.control = token.control;
    recorded.events = token.events;
    recorded.shown = step.pieces;
    recorded.stepped_back = step.stepped_back;
    trace.tokens.push_back(recorded);
  }
  if (machine.end()) trace.end = {*machine.end(), machine.usage(), {}};
  return trace;
}

std::string Outcome(const ReplayResult& result) {
  return Written(result.pieces) + " " + Written(result.end) + " " +
         std::to_string(result.tokens_read);
}

TEST(ReplayTest, TheSameConfigurationGivesTheSameReply) {
  const StopConfig config = WithStops({TurnEnd(1)});
  const Trace trace = Record(config, ParseScript("a|b|#1"));
  const ReplayResult result = Replay(trace, config);
  EXPECT_EQ(Outcome(result), "ab turn_end 1 3");
  EXPECT_EQ(result.usage, trace.end->usage);
}

TEST(ReplayTest, AnotherStopEndsEarlier) {
  const Trace trace = Record(WithStops({TurnEnd(1)}), ParseScript("a|#2|b|#1"));
  EXPECT_EQ(Outcome(Replay(trace, WithStops({TurnEnd(1), TurnEnd(2)}))),
            "a turn_end 2 2");
}

TEST(ReplayTest, WithoutItsStopTheRecordingIsOverBeforeTheReply) {
  const Trace trace = Record(WithStops({TurnEnd(1)}), ParseScript("ax|b|#1"));
  StopConfig config;
  config.stop_strings = {"bc"};
  EXPECT_EQ(Outcome(Replay(trace, config)), "axb none 3");
}

TEST(ReplayTest, AnEndBetweenTokensComesThereAgain) {
  const Trace trace = Record({}, ParseScript("a|b|^!cancel"));
  EXPECT_EQ(Outcome(Replay(trace, {})), "ab cancelled 2");
  const Trace full = Record({}, ParseScript("^!full"));
  EXPECT_EQ(Outcome(Replay(full, {})), " context_full 0");
}

TEST(ReplayTest, ALoopThatWasSteppedBackIsSteppedBackAgain) {
  StopConfig config = WithStops({TurnEnd(1)});
  config.hold_tokens = 8;
  const Trace trace = Record(config, ParseScript("a|b|b!back2|c|#1"));
  const ReplayResult result = Replay(trace, config);
  EXPECT_EQ(Outcome(result), "ac turn_end 1 5");
  EXPECT_EQ(result.usage.stepped_back_tokens, 2u);
}

TEST(ReplayTest, AnyOtherConfigurationGivesWhatItWouldHaveGivenAtOnce) {
  std::mt19937_64 random(20260505);
  for (int i = 0; i < 5000; ++i) {
    std::vector<ScriptToken> script;
    for (size_t n = random() % 12; n > 0; --n) {
      ScriptToken token;
      token.id = random() % 4 == 0 ? static_cast<TokenId>(random() % 4) : 1000;
      token.bytes = std::string("ab", random() % 3);
      token.control = random() % 5 == 0;
      script.push_back(token);
    }
    const Trace trace = Record({}, script);
    StopConfig config = WithStops({TurnEnd(1), TurnEnd(2)});
    if (random() % 2 == 0) config.stop_strings = {"ba", "aab"};
    if (random() % 2 == 0) config.max_tokens = random() % 9;
    StopMachine machine(config);
    std::vector<Piece> pieces;
    for (const ScriptToken& token : script) {
      JoinPieces(Play(token, &machine).pieces, &pieces);
    }
    const ReplayResult result = Replay(trace, config);
    ASSERT_EQ(Written(result.end), Written(machine.end()));
    ASSERT_EQ(result.usage, machine.usage());
    if (machine.end()) {
      ASSERT_EQ(result.pieces, pieces);
    }
  }
}

TEST(ReplayConfigTest, ChangesAreAppliedToTheRecordedConfiguration) {
  TraceHeader header;
  header.config = WithStops({TurnEnd(1)});
  header.config.stop_strings = {"a"};
  header.config.max_tokens = 5;
  const StopConfig same = ReplayConfig(header, {}, TinyVocabulary());
  EXPECT_EQ(same.stops.stops.size(), 1u);
  EXPECT_EQ(same.max_tokens, 5u);
  const StopConfig changed =
      ReplayConfig(header, {"+7,-1", {"b"}, 9}, TinyVocabulary());
  ASSERT_EQ(changed.stops.stops.size(), 1u);
  EXPECT_EQ(changed.stops.stops[0].id, 7);
  EXPECT_EQ(changed.stops.stops[0].text, "<7>");
  EXPECT_EQ(changed.stop_strings, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(changed.max_tokens, 9u);
}

TEST(CheckVocabularyTest, AnotherModelsTraceIsRefused) {
  const TinyVocabulary vocabulary;
  CheckVocabulary(Record({}, ParseScript("#1|#2")), vocabulary);
  EXPECT_THROW(CheckVocabulary(Record({}, ParseScript("#1|#77")), vocabulary),
               Error);
  EXPECT_THROW(CheckVocabulary(Record({}, ParseScript("abc")), vocabulary),
               Error);
}

}  // namespace
}  // namespace fullstop
