// A row of training data as its author wrote it: a conversation, in any of the
// layouts that trainers read.
#ifndef FULLSTOP_DATA_RAW_ROW_H_
#define FULLSTOP_DATA_RAW_ROW_H_

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "data/json_rows.h"

namespace fullstop {

enum class RawRole { kSystem, kUser, kAssistant, kTool };
// "system", "user", "assistant", "tool".
std::string_view RawRoleName(RawRole role);

struct RawTurn {
  RawRole role = RawRole::kUser;
  std::string text = {};
  // A thought that has a field or a part of its own.
  std::string thought = {};
  // Calls as JSON, one text each.
  std::vector<std::string> calls = {};
  // The turn is an answer that a ranking prefers others to; not trained.
  bool rejected = false;
};

// In which layout a row was read.
enum class RawLayout {
  kAlpaca,    // instruction, input, output, system, history
  kSharegpt,  // conversations of from and value
  kMessages,  // messages of role and content, OpenAI's or with typed parts
  kText,      // one text that a template has rendered
};
// "alpaca", "sharegpt", "messages", "text".
std::string_view RawLayoutName(RawLayout layout);

struct RawRow {
  size_t line = 0;  // as JsonRow has them
  size_t number = 0;
  RawLayout layout = RawLayout::kMessages;
  std::vector<RawTurn> turns;
  std::string tools;  // JSON; empty where the row has none
  // What could not be understood, a sentence each; what could be is there.
  std::vector<std::string> faults;
};

// Names of columns and roles that a data set uses, as LLaMA-Factory's
// dataset_info.json gives them.
struct RawColumns {
  // By the usual name: "prompt" → "question".
  std::map<std::string, std::string> columns;
  // Tags: "role_tag", "content_tag", "user_tag", "assistant_tag", …
  std::map<std::string, std::string> tags;

  // The entry NAME of the file at PATH. Throws Error: kUsage where it has none,
  // kFormat where it is not of the form, and as reading does.
  static RawColumns Read(const std::string& path, const std::string& name);
};

// Reads rows. One thread; an object for each.
class RawRowReader {
 public:
  explicit RawRowReader(RawColumns columns = {});
  ~RawRowReader();

  // Fills ROW, whose buffers are used again. A row in no layout has no turns
  // and a fault that says so.
  void Read(const JsonRow& json, RawRow* row);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace fullstop

#endif  // FULLSTOP_DATA_RAW_ROW_H_
