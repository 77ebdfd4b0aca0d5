// The one place where foreign conversations are brought into the form that
// templates expect. `render` does without it; `chat`, `serve`, `data` and
// `train` call it first.
#ifndef FULLSTOP_PROTOCOL_NORMALIZE_H_
#define FULLSTOP_PROTOCOL_NORMALIZE_H_

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "protocol/facts.h"

namespace fullstop {

struct Normalized {
  nlohmann::ordered_json messages;
  // What was changed where, a sentence each, for whoever wants to know.
  std::vector<std::string> changes;
};

// Drops keys whose value is null, gives a thought all the names that templates
// read (reasoning_content, reasoning, thinking), and brings calls into FORM:
// their arguments parsed from text (text that is no JSON object stays text) or
// printed as text, and the content of a message that only calls null, empty or
// absent. Elsewhere null content becomes empty; text becomes a list of one part
// where FORM wants parts. Key order is kept. Throws Error
// (kUsage), naming the message, where MESSAGES is not an array of objects that
// each have a role.
Normalized NormalizeMessages(nlohmann::ordered_json messages,
                             const MessageForm& form = {});

}  // namespace fullstop

#endif  // FULLSTOP_PROTOCOL_NORMALIZE_H_
