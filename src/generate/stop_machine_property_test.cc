// The stop machine against its plain twin on random scripts.

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "generate/stop_machine.h"
#include "generate/stop_plain.h"
#include "generate/stop_script.h"

namespace fullstop {
namespace {

class Dice {
 public:
  explicit Dice(uint64_t seed) : random_(seed) {}
  uint64_t Below(uint64_t n) { return random_() % n; }
  bool OneIn(uint64_t n) { return Below(n) == 0; }
  // Few letters, so that patterns overlap, nest and nearly match.
  std::string Bytes(size_t max) {
    static constexpr char kLetters[] = {'a', 'b', '\xc3', '\0'};
    std::string bytes(Below(max + 1), 'a');
    const uint64_t letters = 1 + Below(sizeof(kLetters));
    for (char& byte : bytes) byte = kLetters[Below(letters)];
    return bytes;
  }

 private:
  std::mt19937_64 random_;
};

StopConfig RandomConfig(Dice* dice) {
  StopConfig config;
  const auto section = [dice] { return static_cast<Section>(dice->Below(4)); };
  for (TokenId id = 0; id < 6; ++id) {
    if (dice->OneIn(2)) continue;
    config.stops.stops.push_back(
        {id, "", static_cast<StopRole>(dice->Below(5)), {}});
  }
  for (uint64_t i = dice->Below(5); i > 0; --i) {
    const std::string text = dice->Bytes(5);
    if (text.empty()) continue;
    (dice->OneIn(4) ? config.stops.strings : config.stop_strings)
        .push_back(text);
  }
  for (uint64_t i = dice->Below(6); i > 0; --i) {
    SectionMarker marker{section(), section(), {}, dice->Bytes(4)};
    if (marker.text.empty()) {
      for (uint64_t n = dice->Below(3); n < 3; ++n) {
        marker.ids.push_back(static_cast<TokenId>(5 + dice->Below(3)));
      }
    }
    const auto same = [&](const SectionMarker& other) {
      return other.from == marker.from && other.ids == marker.ids &&
             other.text == marker.text;
    };
    if (std::none_of(config.markers.begin(), config.markers.end(), same)) {
      config.markers.push_back(marker);
    }
  }
  config.strings_in_thought = dice->OneIn(3);
  config.strings_in_call = dice->OneIn(3);
  if (dice->OneIn(3)) config.start = section();
  if (dice->OneIn(3)) config.min_tokens = dice->Below(8);
  if (dice->OneIn(3)) {
    config.max_tokens = config.min_tokens + dice->Below(12);
  }
  return config;
}

ScriptToken RandomToken(Dice* dice) {
  ScriptToken token;
  token.id = static_cast<TokenId>(dice->OneIn(3) ? dice->Below(12) : 1000);
  token.control = dice->OneIn(6);
  token.bytes = dice->Bytes(4);
  if (dice->OneIn(12)) token.events.loop = LoopEvent{4, 13, 0};
  if (dice->OneIn(12)) token.events.context_full = true;
  if (dice->OneIn(12)) token.events.cancelled = true;
  if (dice->OneIn(12)) token.events.error = "it broke";
  return token;
}

size_t SizeOf(const std::vector<Piece>& pieces) {
  size_t size = 0;
  for (const Piece& piece : pieces) size += piece.bytes.size();
  return size;
}

TEST(StopMachinePropertyTest, EveryStepEqualsThePlainMachine) {
  Dice dice(20260502);
  size_t ended = 0;
  for (int script = 0; script < 60000; ++script) {
    StopConfig config = RandomConfig(&dice);
    config.hold_tokens = dice.OneIn(2) ? 0 : dice.Below(5);
    StopMachine machine(config);
    PlainMachine plain(config);
    std::vector<Piece> pieces;
    for (int i = 0; i < 14; ++i) {
      const ScriptToken token = RandomToken(&dice);
      JoinPieces(Play(token, &machine).pieces, &pieces);
      plain.Put(token);
      const std::string expected = plain.end().empty() ? "none" : plain.end();
      ASSERT_EQ(Written(machine.end()), expected) << script << " " << i;
      ASSERT_EQ(machine.usage(),
                (ReplyUsage{plain.tokens(), plain.reasoning(), 0}))
          << script << " " << i;
      ASSERT_EQ(SizeOf(pieces), plain.Released(config.hold_tokens))
          << script << " " << i;
    }
    StopEvents over;
    over.cancelled = true;
    JoinPieces(machine.Close(over).pieces, &pieces);
    ASSERT_TRUE(pieces == plain.pieces()) << script;
    ended += !plain.end().empty();
  }
  EXPECT_GT(ended, 30000u);
}

// What a machine will do: the rest of its text and its end.
std::string Future(StopMachine machine, std::vector<Piece> pieces,
                   const std::vector<ScriptToken>& script) {
  for (const ScriptToken& token : script) {
    JoinPieces(Play(token, &machine).pieces, &pieces);
  }
  const std::string end = Written(machine.end());
  StopEvents over;
  over.cancelled = true;
  JoinPieces(machine.Close(over).pieces, &pieces);
  const ReplyUsage usage = machine.usage();
  return Written(pieces) + " " + end + " " + std::to_string(machine.tokens()) +
         " " + std::to_string(usage.reasoning_tokens);
}

TEST(StopMachinePropertyTest, TakingBackEqualsTheCopyFromBefore) {
  Dice dice(20260503);
  size_t taken_back = 0;
  for (int script = 0; script < 40000; ++script) {
    StopConfig config = RandomConfig(&dice);
    config.hold_tokens = 1 + dice.Below(6);
    StopMachine machine(config);
    std::vector<Piece> shown;
    std::vector<StopMachine> copies;
    std::vector<std::vector<Piece>> shown_then;
    for (int i = 0; i < 12 && !machine.end(); ++i) {
      copies.push_back(machine);
      shown_then.push_back(shown);
      ScriptToken token = RandomToken(&dice);
      token.events = {};
      if (dice.OneIn(2)) token.events.hold = dice.Below(8);
      JoinPieces(Play(token, &machine).pieces, &shown);
    }
    if (machine.rollback_limit() == 0) continue;
    const size_t n = 1 + dice.Below(machine.rollback_limit());
    std::vector<ScriptToken> rest;
    for (int i = 0; i < 8; ++i) rest.push_back(RandomToken(&dice));
    machine.Rollback(n);
    ASSERT_EQ(
        Future(machine, shown, rest),
        Future(copies[copies.size() - n], shown_then[copies.size() - n], rest))
        << script;
    ++taken_back;
  }
  EXPECT_GT(taken_back, 5000u);
}

}  // namespace
}  // namespace fullstop
