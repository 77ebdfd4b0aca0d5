// The runs of control ids that probes show, setup by setup.
#ifndef FULLSTOP_PROTOCOL_EVIDENCE_H_
#define FULLSTOP_PROTOCOL_EVIDENCE_H_

#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "protocol/probe.h"

namespace fullstop {

using Run = std::vector<TokenId>;

// What one setup showed. A run that was not seen is nullopt; one that was seen
// and holds no id is empty.
struct SetupEvidence {
  std::string description;
  // Up to where the template opens the next answer unasked.
  std::optional<Run> answer_last;
  // Behind a user's turn, up to the answer.
  std::optional<Run> user_turn;
  std::optional<Run> answer_then_user;
  std::optional<Run> answer_then_system;
  // One for each form of call that the template writes.
  std::vector<Run> calls;
  // The template opens an assistant's turn at the end when asked to, and only
  // then.
  bool prompt_tells = false;
  // It opens one whether asked to or not.
  bool prompts_unasked = false;
  // The text between an answer and the user turn behind it.
  std::string text_to_user;
};

struct Evidence {
  std::vector<SetupEvidence> setups;
  // Ids inside an assistant's own turn: between its first and its last content,
  // or between the generation prompt and its first content.
  std::set<TokenId> inside;
  // Of those, the ones behind a thought.
  std::set<TokenId> separators;
  // Ids with which a rendering begins, before any text or content.
  std::set<TokenId> leading;
  // Before a system turn that stands first, where a rendering without one
  // begins otherwise.
  Run before_system;
  // The first form in which an answer and a call were written.
  MessageForm form;
};

// Renders all probes. Setups that show the same as an earlier one are left out.
Evidence CollectEvidence(Prober* prober);

}  // namespace fullstop

#endif  // FULLSTOP_PROTOCOL_EVIDENCE_H_
