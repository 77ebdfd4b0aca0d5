// The one place where foreign conversations are brought into the form that
// templates expect. `render` does without it; `chat`, `serve`, `data` and
// `train` call it first.
#ifndef FULLSTOP_PROTOCOL_NORMALIZE_H_
#define FULLSTOP_PROTOCOL_NORMALIZE_H_

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace fullstop {

struct Normalized {
  nlohmann::ordered_json messages;
  // What was changed where, a sentence each, for whoever wants to know.
  std::vector<std::string> changes;
};

// Drops keys whose value is null (but keeps `content`, which becomes null where
// a call has none), gives a thought all the names that templates read
// (reasoning_content, reasoning, thinking), and parses the arguments of calls
// that come as text; text that is no JSON object stays text. Key order is kept.
// Throws Error (kUsage), naming the message, where MESSAGES is not an array of
// objects that each have a role.
Normalized NormalizeMessages(const nlohmann::ordered_json& messages);

}  // namespace fullstop

#endif  // FULLSTOP_PROTOCOL_NORMALIZE_H_
