// A row of training data as the messages that templates take.
#ifndef FULLSTOP_DATA_ROW_MESSAGES_H_
#define FULLSTOP_DATA_ROW_MESSAGES_H_

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "data/raw_row.h"

namespace fullstop {

struct RowMessages {
  // As OpenAI's chat API has them: role, content, reasoning_content and
  // tool_calls. Not normalised.
  nlohmann::ordered_json messages = nlohmann::ordered_json::array();
  // null, or an array of objects of type "function".
  nlohmann::ordered_json tools;
  // What could not be brought over, a sentence each; it is left out.
  std::vector<std::string> faults;
};

// Words and a call that stand in turns of their own become one message;
// rejected answers are left out. Pure.
RowMessages MessagesOf(const RawRow& row);

}  // namespace fullstop

#endif  // FULLSTOP_DATA_ROW_MESSAGES_H_
