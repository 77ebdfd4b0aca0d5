// Scripts for the tests of the stop machine: tokens, events and what came of
// them, written as short strings.
//
// A script is a list of tokens separated by '|':
//   abc       an ordinary token with these bytes
//   #7        the control token 7 with the bytes "<7>"
//   =7        the token 7 with the bytes "<7>" that shows
// each with events behind it: !loop !back3 !full !cancel !error. A token of
// events alone, "^!cancel", is a Close between tokens.
//
// A text is written with its sections: answer plain, (thought), {call},
// /header/, and [marker].
#ifndef FULLSTOP_GENERATE_STOP_SCRIPT_H_
#define FULLSTOP_GENERATE_STOP_SCRIPT_H_

#include <optional>
#include <string>
#include <vector>

#include "generate/stop_machine.h"

namespace fullstop {

struct ScriptToken {
  TokenId id = 1000;
  std::string bytes;
  bool control = false;
  bool close = false;
  StopEvents events;
};

inline ScriptToken ParseToken(const std::string& source) {
  ScriptToken token;
  size_t bang = source.find('!');
  const std::string body = source.substr(0, bang);
  if (body == "^") {
    token.close = true;
  } else if (!body.empty() && (body[0] == '#' || body[0] == '=')) {
    token.id = std::stoi(body.substr(1));
    token.control = body[0] == '#';
    token.bytes = "<" + body.substr(1) + ">";
  } else {
    token.bytes = body;
  }
  while (bang != std::string::npos) {
    const size_t next = source.find('!', bang + 1);
    const std::string event = source.substr(bang + 1, next - bang - 1);
    if (event == "loop") token.events.loop = LoopEvent{4, 13};
    if (event == "full") token.events.context_full = true;
    if (event == "cancel") token.events.cancelled = true;
    if (event == "error") token.events.error = "it broke";
    if (event.starts_with("back")) {
      token.events.loop = LoopEvent{4, 13, std::stoul(event.substr(4))};
    }
    bang = next;
  }
  return token;
}

inline std::vector<ScriptToken> ParseScript(const std::string& source) {
  std::vector<ScriptToken> tokens;
  if (source.empty()) return tokens;
  size_t begin = 0;
  while (true) {
    const size_t bar = source.find('|', begin);
    tokens.push_back(ParseToken(source.substr(begin, bar - begin)));
    if (bar == std::string::npos) return tokens;
    begin = bar + 1;
  }
}

inline StopStep Play(const ScriptToken& token, StopMachine* machine) {
  if (token.close) return machine->Close(token.events);
  return machine->Put({token.id, token.bytes, token.control}, token.events);
}

inline std::string Written(const std::vector<Piece>& pieces) {
  std::string written;
  for (const Piece& piece : pieces) {
    std::string_view brackets = "";
    if (piece.marker) {
      brackets = "[]";
    } else if (piece.section == Section::kThought) {
      brackets = "()";
    } else if (piece.section == Section::kCall) {
      brackets = "{}";
    } else if (piece.section == Section::kHeader) {
      brackets = "//";
    }
    if (!brackets.empty()) written += brackets[0];
    written += piece.bytes;
    if (!brackets.empty()) written += brackets[1];
  }
  return written;
}

// "turn_end 2", "stop_string ab", "loop 4x13", "max_tokens", "none".
inline std::string Written(const std::optional<End>& end) {
  if (!end) return "none";
  std::string written(EndCauseName(end->cause));
  if (end->id) return written + " " + std::to_string(*end->id);
  if (end->cause == EndCause::kLoop) {
    return written + " " + std::to_string(end->period) + "x" +
           std::to_string(end->count);
  }
  return end->text.empty() ? written : written + " " + end->text;
}

}  // namespace fullstop

#endif  // FULLSTOP_GENERATE_STOP_SCRIPT_H_
