// Bytes to a configuration and a script; the stop machine against its plain
// twin, with a window against without, and taken back against never put.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "generate/stop_machine.h"
#include "generate/stop_plain.h"
#include "generate/stop_script.h"

namespace fullstop {
namespace {

// Each choice takes one byte; behind the end all choices are 0.
class Choices {
 public:
  Choices(const uint8_t* data, size_t size) : data_(data), size_(size) {}
  bool done() const { return position_ >= size_; }
  uint64_t Below(uint64_t n) { return done() ? 0 : data_[position_++] % n; }
  std::string Bytes(size_t max) {
    static constexpr char kLetters[] = {'a', 'b', '\xc3', '\xa9', '\0'};
    std::string bytes(Below(max + 1), 'a');
    for (char& byte : bytes) byte = kLetters[Below(sizeof(kLetters))];
    return bytes;
  }

 private:
  const uint8_t* data_;
  size_t size_;
  size_t position_ = 0;
};

void Check(bool holds) {
  if (!holds) __builtin_trap();
}

StopConfig ReadConfig(Choices* choices) {
  StopConfig config;
  for (TokenId id = 0; id < 4; ++id) {
    const uint64_t role = choices->Below(6);
    if (role < 5) {
      config.stops.stops.push_back({id, "", static_cast<StopRole>(role), {}});
    }
  }
  for (uint64_t n = choices->Below(5); n > 0; --n) {
    config.stop_strings.push_back(choices->Bytes(6));
  }
  for (uint64_t n = choices->Below(5); n > 0; --n) {
    SectionMarker marker;
    marker.from = static_cast<Section>(choices->Below(4));
    marker.to = static_cast<Section>(choices->Below(4));
    marker.text = choices->Bytes(4);
    for (uint64_t ids = choices->Below(4); ids > 0; --ids) {
      marker.ids.push_back(static_cast<TokenId>(choices->Below(6)));
    }
    config.markers.push_back(std::move(marker));
  }
  const uint64_t flags = choices->Below(256);
  config.strings_in_thought = (flags & 1) != 0;
  config.strings_in_call = (flags & 2) != 0;
  config.start = static_cast<Section>((flags >> 2) & 3);
  if ((flags & 16) != 0) config.min_tokens = choices->Below(6);
  if ((flags & 32) != 0) config.max_tokens = choices->Below(16);
  if ((flags & 64) != 0) config.hold_tokens = choices->Below(6);
  return config;
}

ScriptToken ReadToken(Choices* choices) {
  ScriptToken token;
  const uint64_t kind = choices->Below(64);
  if (kind < 24) token.id = static_cast<TokenId>(kind % 6);
  token.control = kind % 3 == 1;
  token.bytes = choices->Bytes(5);
  if (kind == 60) token.events.loop = LoopEvent{4, 13, 0};
  if (kind == 61) token.events.context_full = true;
  if (kind >= 62) token.events.cancelled = true;
  if (kind >= 61) token.events.error = "it broke";
  return token;
}

void CheckPieces(const StopStep& step) {
  for (size_t i = 0; i < step.pieces.size(); ++i) {
    Check(!step.pieces[i].bytes.empty());
    Check(i == 0 || step.pieces[i].section != step.pieces[i - 1].section ||
          step.pieces[i].marker != step.pieces[i - 1].marker);
  }
}

std::vector<Piece> Rest(StopMachine machine) {
  StopEvents over;
  over.cancelled = true;
  return machine.Close(over).pieces;
}

void RunScript(const StopConfig& config, Choices* choices) {
  StopMachine machine(config);
  PlainMachine plain(config);
  std::vector<Piece> pieces;
  size_t shown = 0;
  const auto take = [&](const StopStep& step) {
    CheckPieces(step);
    for (const Piece& piece : step.pieces) shown += piece.bytes.size();
    JoinPieces(step.pieces, &pieces);
  };
  while (!choices->done()) {
    const ScriptToken token = ReadToken(choices);
    if (machine.rollback_limit() > 0 && choices->Below(4) == 0) {
      // A token taken back, or a wrong one put and taken back, is nothing.
      const ScriptToken wrong = ReadToken(choices);
      const StopStep step =
          Play({wrong.id, wrong.bytes, wrong.control, false, {}}, &machine);
      if (step.end) return;
      take(step);
      machine.Rollback(1);
    }
    const bool had_ended = machine.end().has_value();
    const StopStep step = Play(token, &machine);
    Check(!had_ended || (step.pieces.empty() && !step.end));
    take(step);
    plain.Put(token);
    Check(Written(machine.end()) ==
          (plain.end().empty() ? "none" : plain.end()));
    Check(machine.tokens() == plain.tokens());
    Check(machine.usage().reasoning_tokens == plain.reasoning());
    Check(!config.max_tokens || machine.tokens() <= *config.max_tokens);
    Check(shown >= plain.Released(config.hold_tokens));
    Check(config.hold_tokens > 0 || shown == plain.Released(0));
  }
  JoinPieces(Rest(machine), &pieces);
  Check(pieces == plain.pieces());
}

}  // namespace
}  // namespace fullstop

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fullstop::Choices choices(data, size);
  try {
    fullstop::RunScript(fullstop::ReadConfig(&choices), &choices);
  } catch (const fullstop::Error& error) {
    fullstop::Check(error.kind() == fullstop::Error::Kind::kUsage);
  }
  return 0;
}
