#include "generate/stop_machine.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "base/error.h"
#include "generate/stop_script.h"

namespace fullstop {
namespace {

Stop MakeStop(TokenId id, StopRole role) {
  const Source source = {Provenance::kGguf, "tokenizer.ggml.eos_token_id"};
  return {id, "<" + std::to_string(id) + ">", role, {source}};
}

// The vocabulary of stop_machine_cases.txt.
StopConfig BaseConfig() {
  StopConfig config;
  config.stops.stops = {
      MakeStop(0, StopRole::kTurnEnd),     MakeStop(1, StopRole::kTurnEnd),
      MakeStop(2, StopRole::kSequenceEnd), MakeStop(3, StopRole::kToolCall),
      MakeStop(4, StopRole::kSection),     MakeStop(5, StopRole::kTurnOpen)};
  config.markers = {
      {Section::kAnswer, Section::kThought, {11}, ""},
      {Section::kThought, Section::kAnswer, {12}, ""},
      {Section::kAnswer, Section::kCall, {13}, ""},
      {Section::kCall, Section::kAnswer, {14}, ""},
      {Section::kAnswer, Section::kThought, {}, "<think>"},
      {Section::kThought, Section::kAnswer, {}, "</think>"},
      {Section::kHeader, Section::kThought, {21, 22, 23}, ""},
      {Section::kThought, Section::kHeader, {24}, ""},
      {Section::kHeader, Section::kAnswer, {21, 25, 23}, ""},
  };
  return config;
}

struct Case {
  int line = 0;
  StopConfig config;
  std::vector<ScriptToken> script;
  std::string text;
  std::string end;
  uint64_t tokens = 0;
};

std::string Unescaped(const std::string& source) {
  std::string bytes;
  for (size_t i = 0; i < source.size(); ++i) {
    if (source[i] != '\\') {
      bytes += source[i];
    } else if (source[i + 1] == 'n') {
      bytes += '\n';
      i += 1;
    } else {
      bytes += static_cast<char>(std::stoi(source.substr(i + 2, 2), {}, 16));
      i += 3;
    }
  }
  return bytes;
}

std::vector<std::string> Split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, separator);) {
    parts.push_back(part);
  }
  return parts;
}

std::string Trimmed(const std::string& text) {
  const size_t begin = text.find_first_not_of(' ');
  if (begin == std::string::npos) return "";
  return text.substr(begin, text.find_last_not_of(' ') + 1 - begin);
}

void ApplyOption(const std::string& option, StopConfig* config) {
  const size_t colon = option.find(':');
  const std::string name = option.substr(0, colon);
  const std::string value = option.substr(colon + 1);
  if (name == "s" || name == "d") {
    auto* strings =
        name == "s" ? &config->stop_strings : &config->stops.strings;
    for (const std::string& text : Split(value, ',')) {
      strings->push_back(Unescaped(text));
    }
  } else if (name == "min") {
    config->min_tokens = std::stoul(value);
  } else if (name == "max") {
    config->max_tokens = std::stoul(value);
  } else if (name == "in") {
    config->strings_in_thought = value.find("thought") != std::string::npos;
    config->strings_in_call = value.find("call") != std::string::npos;
  } else if (name == "from") {
    config->start = value == "thought" ? Section::kThought : Section::kHeader;
  } else {
    ADD_FAILURE() << "unknown option " << option;
  }
}

std::vector<Case> ReadCases() {
  std::ifstream file(FULLSTOP_SOURCE_DIR
                     "/src/generate/stop_machine_cases.txt");
  std::vector<Case> cases;
  int number = 0;
  for (std::string line; std::getline(file, line);) {
    ++number;
    if (line.empty() || line[0] == '%') continue;
    const std::vector<std::string> fields = Split(line, ';');
    if (fields.size() != 5) {
      ADD_FAILURE() << "line " << number << " has no five fields";
      continue;
    }
    Case c;
    c.line = number;
    c.config = BaseConfig();
    for (const std::string& option : Split(Trimmed(fields[1]), ' ')) {
      ApplyOption(option, &c.config);
    }
    c.script = ParseScript(Unescaped(Trimmed(fields[0])));
    c.text = Unescaped(Trimmed(fields[2]));
    c.end = Unescaped(Trimmed(fields[3]));
    c.tokens = std::stoul(fields[4]);
    cases.push_back(std::move(c));
  }
  return cases;
}

struct Outcome {
  std::vector<Piece> pieces;
  std::string end;
  uint64_t tokens;
};

// Plays the script; where it has no end, what is still held counts as shown.
Outcome PlayAll(const StopConfig& config,
                const std::vector<ScriptToken>& script) {
  StopMachine machine(config);
  std::vector<Piece> pieces;
  for (const ScriptToken& token : script) {
    const bool had_ended = machine.end().has_value();
    const StopStep step = Play(token, &machine);
    if (had_ended) {
      EXPECT_TRUE(step.pieces.empty() && !step.end);
    }
    JoinPieces(step.pieces, &pieces);
  }
  Outcome outcome{{}, Written(machine.end()), machine.tokens()};
  StopEvents over;
  over.cancelled = true;
  JoinPieces(machine.Close(over).pieces, &pieces);
  EXPECT_EQ(machine.held(), "");
  outcome.pieces = std::move(pieces);
  return outcome;
}

TEST(StopMachineTest, EachCaseGivesItsTextAndEnd) {
  const std::vector<Case> cases = ReadCases();
  EXPECT_GE(cases.size(), 200u);
  for (const Case& c : cases) {
    const Outcome outcome = PlayAll(c.config, c.script);
    EXPECT_EQ(Written(outcome.pieces), c.text) << "line " << c.line;
    EXPECT_EQ(outcome.end, c.end) << "line " << c.line;
    EXPECT_EQ(outcome.tokens, c.tokens) << "line " << c.line;
  }
}

TEST(StopMachineTest, HoldingTokensBackChangesNoCase) {
  for (Case& c : ReadCases()) {
    for (const size_t hold : {1, 2, 3, 64}) {
      c.config.hold_tokens = hold;
      const Outcome outcome = PlayAll(c.config, c.script);
      EXPECT_EQ(Written(outcome.pieces), c.text) << "line " << c.line;
      EXPECT_EQ(outcome.end, c.end) << "line " << c.line;
      EXPECT_EQ(outcome.tokens, c.tokens) << "line " << c.line;
    }
  }
}

TEST(StopMachineTest, OrderOfStopStringsChangesNoCase) {
  for (Case& c : ReadCases()) {
    std::vector<std::string>& strings = c.config.stop_strings;
    std::sort(strings.begin(), strings.end());
    do {
      const Outcome outcome = PlayAll(c.config, c.script);
      EXPECT_EQ(Written(outcome.pieces), c.text) << "line " << c.line;
      EXPECT_EQ(outcome.end, c.end) << "line " << c.line;
    } while (std::next_permutation(strings.begin(), strings.end()));
  }
}

// Whether cutting ordinary tokens otherwise must leave text and end as they
// are: no limit counts tokens, no event hangs on one.
bool SplitIsFree(const Case& c) {
  if (c.config.min_tokens > 0 || c.config.max_tokens) return false;
  for (const ScriptToken& token : c.script) {
    if (token.events.loop || token.events.context_full ||
        token.events.cancelled || token.events.error) {
      return false;
    }
  }
  return true;
}

// Cuts behind the bytes of ordinary tokens that CUTS has a bit for; runs of
// such tokens are joined where it has none.
std::vector<ScriptToken> Recut(const std::vector<ScriptToken>& script,
                               uint64_t cuts) {
  std::vector<ScriptToken> recut;
  bool open = false;
  for (const ScriptToken& token : script) {
    if (token.id != 1000 || token.close) {
      recut.push_back(token);
      open = false;
      continue;
    }
    for (const char byte : token.bytes) {
      if (!open) recut.emplace_back();
      recut.back().bytes += byte;
      open = (cuts & 1) == 0;
      cuts >>= 1;
    }
  }
  return recut;
}

TEST(StopMachineTest, EverySplitIntoTokensGivesTheSame) {
  std::mt19937_64 random(20260501);
  size_t splits = 0;
  for (const Case& c : ReadCases()) {
    if (!SplitIsFree(c)) continue;
    size_t bytes = 0;
    for (const ScriptToken& token : c.script) {
      if (token.id == 1000) bytes += token.bytes.size();
    }
    const uint64_t count = bytes <= 10 ? uint64_t{1} << bytes : 1024;
    for (uint64_t i = 0; i < count; ++i) {
      const uint64_t cuts = bytes <= 10 ? i : random();
      const Outcome outcome = PlayAll(c.config, Recut(c.script, cuts));
      ASSERT_EQ(Written(outcome.pieces), c.text)
          << "line " << c.line << ", cuts " << cuts;
      ASSERT_EQ(outcome.end, c.end) << "line " << c.line << ", cuts " << cuts;
      ++splits;
    }
  }
  EXPECT_GE(splits, 10000u);
}

}  // namespace
}  // namespace fullstop
